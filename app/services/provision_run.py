"""The steps of making an app for a user or a task, each of which may be repeated.

First it is written down under which ID the app will be (``provision_journal``), then it is created there with its
template, then the registry gets its record, and last the record is linked to its owner, in a transaction of its own.
The IDs follow from the foundation and the owner, so that whoever tries again, on this machine or another, finds what
is there instead of making a second app.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from app.core.apps import AppKind
from app.core.errors import (
    Conflict,
    Forbidden,
    KnownError,
    NotFound,
    PlatformFault,
    Timeout,
    Unauthorised,
    Unreachable,
    Unsupported,
)
from app.core.text import plain
from app.services.foundation_writer import FoundationWriter, Owner, Record, has_one_already, stable_id
from app.services.provision_words import (
    NAME_LIMIT,
    Attempt,
    Made,
    ProvisionClient,
    Wish,
    no_id,
    template_values,
    title_of,
)
from app.services.registry import Claim

if TYPE_CHECKING:
    from app.core.connection import Connection
    from app.core.secret import Secret
    from app.platforms.contract import RemoteApp
    from app.services.provision_journal import ProvisionJournal
    from app.services.templates import Template
    from app.storage.foundation_stores import KeptEntry

# An ID whose app was deleted stays taken for two days, or for ever where another owner has the app.
_MOST_IDS = 50
OnStep = Callable[[str], None]


class ProvisionRun:
    """The steps on one connection.

    ``open_entries`` are what was begun before, by ID. ``find_template`` gives None for a name that is not known (any
    more); ``name_of`` gives what to call an app, and whether the platform is known not to have it. ``failures`` are
    those that are in the journal, to be finished.
    """

    def __init__(
        self,
        connection: Connection,
        client: ProvisionClient,
        writer: FoundationWriter,
        journal: ProvisionJournal,
        open_entries: Mapping[str, KeptEntry],
        *,
        find_template: Callable[[str], Template | None],
        name_of: Callable[[str], tuple[str, bool]],
        clock: Callable[[], float],
        is_batch: bool = False,
    ) -> None:
        self.connection = connection
        self._client = client
        self._writer = writer
        self._journal = journal
        self._open = open_entries
        self._find_template = find_template
        self._name_of = name_of
        self._clock = clock
        self._is_batch = is_batch
        self.failures: list[tuple[KeptEntry, KnownError]] = []

    async def make(self, wish: Wish, on_step: OnStep) -> Made:
        """From what is there to an app that is linked; raises Conflict where the owner has one already.

        What was begun is finished as it was begun, with its own title and template, once its app exists.
        """
        key = self.key(wish.kind, wish.owner_id)
        entry = self._open.get(key)
        attempt = Attempt(was_begun=entry is not None, entry=entry)
        try:
            return await self._made(wish, key, attempt, on_step)
        except KnownError as error:
            self._failed(attempt, error)
            raise

    def key(self, kind: str, owner_id: str) -> str:
        """The ID of the journal's entry for this owner."""
        return stable_id(self._writer.foundation_app_id, "journal", self.connection.id, kind, owner_id)

    async def _made(self, wish: Wish, key: str, attempt: Attempt, on_step: OnStep) -> Made:
        entry = attempt.entry
        app_id = entry.app_id if entry else self._app_id(wish, 0)
        owner, record = await self._registered(wish, app_id)
        if owner.app_ids:
            return await self._linked_already(wish, attempt, owner, record)
        if entry is None:
            app_id, record = await self._free(wish, app_id, record, 0)
            wanted = self._begun(wish, key, app_id, owner)
            entry = await self._journal.begin(wanted)
            if entry != wanted:
                # Somebody else has begun it meanwhile.
                attempt.was_begun = True
                _owner, record = await self._registered(wish, entry.app_id)
        else:
            entry = await self._as_wished(entry, wish, owner)
        attempt.entry = entry
        on_step("begun")
        attempt.may_have_made = True
        remote, record = await self._created(attempt, entry, wish, record)
        entry = attempt.entry
        on_step("created")
        if record is None:
            record = await self._recorded(entry, remote)
        attempt.entry = entry = await self._noted(entry, "recorded")
        on_step("recorded")
        await self._link(entry, record)
        on_step("linked")
        return self._finished(entry, remote, owner, record)

    async def _noted(self, entry: KeptEntry, step: str) -> KeptEntry:
        """A step is done. In a batch that is written behind: losing it costs a question to the platform, no more."""
        now = self._clock()
        if self._is_batch:
            return self._journal.note(entry, step=step, changed_at=now)
        return await self._journal.change(entry, step=step, changed_at=now)

    # What is there

    async def _registered(self, wish: Wish, app_id: str) -> tuple[Owner, Record | None]:
        ask = self._writer.user if wish.kind == "user" else self._writer.task
        owner, record = await ask(wish.owner_id, app_id)
        if owner is None:
            raise NotFound(f"The foundation of {self.connection.label} has no such {wish.kind} any more.")
        return owner, record

    async def _linked_already(self, wish: Wish, attempt: Attempt, owner: Owner, record: Record | None) -> Made:
        """The end of what was interrupted after its last step; anything else has an app that is not ours to make."""
        entry = attempt.entry
        if entry is not None:
            remote = await self._find_app(entry.app_id)
            if remote is not None and owner.app_ids == (entry.app_id,):
                return self._finished(entry, remote, owner, record or Record("", entry.app_id))
            if remote is None:
                # Nothing is left of it that could be finished.
                self._journal.close(entry)
                attempt.entry = None
        name, is_gone = self._name_of(owner.app_ids[0])
        if wish.kind == "task":
            raise Conflict(
                f"{plain(owner.name, NAME_LIMIT)} has a database already: {name}.", remedy="Nothing has to be done."
            )
        raise has_one_already(plain(owner.name, NAME_LIMIT), name, is_gone=is_gone)

    async def _as_wished(self, entry: KeptEntry, wish: Wish, owner: Owner) -> KeptEntry:
        """A new wish counts as long as there is no app."""
        is_same = entry.template == wish.template_name
        title = wish.title or (entry.title if is_same else title_of(wish.template, owner))
        if entry.step != "begun" or (is_same and title == entry.title):
            return entry
        if await self._find_app(entry.app_id) is not None:
            return entry
        values = {"title": title, **template_values(wish.template)}
        return await self._journal.change(entry, **values)

    async def _find_app(self, app_id: str) -> RemoteApp | None:
        try:
            return await self._client.get_app(app_id)
        except NotFound:
            return None

    def _app_id(self, wish: Wish, number: int) -> str:
        return stable_id(self._writer.foundation_app_id, f"app of {wish.kind}", wish.owner_id, str(number))

    async def _free(self, wish: Wish, app_id: str, record: Record | None, number: int) -> tuple[str, Record | None]:
        """The first ID, from this number on, that no other owner has in the registry, with what is there under it."""
        while record is not None and record.owner_ids:
            number += 1
            if number >= _MOST_IDS:
                raise no_id()
            app_id = self._app_id(wish, number)
            _owner, record = await self._registered(wish, app_id)
        return app_id, record

    # The steps

    def _begun(self, wish: Wish, key: str, app_id: str, owner: Owner) -> KeptEntry:
        from app.storage.foundation_stores import KeptEntry

        now = self._clock()
        return KeptEntry(
            id=key,
            connection_id=self.connection.id,
            foundation_app_id=self._writer.foundation_app_id,
            kind=wish.kind,
            owner_id=wish.owner_id,
            app_id=app_id,
            title=wish.title or title_of(wish.template, owner),
            started_at=now,
            changed_at=now,
            **template_values(wish.template),
        )

    async def _created(
        self, attempt: Attempt, entry: KeptEntry, wish: Wish, record: Record | None
    ) -> tuple[RemoteApp, Record | None]:
        """The app with all that its template has; with it, its record where that need not be written again."""
        if entry.step != "begun":
            remote = await self._find_app(entry.app_id)
            if remote is not None and await self._has_token(attempt, entry, remote, record):
                return remote, record
            # The registry must not go on naming an app that is gone.
            if remote is None and record is not None:
                await self._forget_record(entry, record)
            entry, record = await self._elsewhere(attempt, entry, wish), None
        for _ in range(_MOST_IDS):
            made = await self._sent(entry, wish)
            if made is not None and made.app_id != entry.app_id:
                # The platform chose the ID itself; it is written down before anything else is done.
                entry = attempt.entry = await self._journal.change(entry, app_id=made.app_id)
            if made is not None and await self._has_token(attempt, entry, made, record):
                attempt.entry = await self._noted(entry, "created")
                # A database that was made anew under its old record has another token than that says.
                is_old = entry.kind == "user" or self._token(made) is None
                return made, record if is_old else None
            entry, record = await self._elsewhere(attempt, entry, wish), None
        raise no_id()

    async def _sent(self, entry: KeptEntry, wish: Wish) -> RemoteApp | None:
        """The app, from now or from an earlier try; None where its ID is taken by one that was deleted."""
        template = self._find_template(entry.template) or wish.template
        schema = template.schema if template and template.schema.entities else None
        rules = template.rules if template else None
        try:
            try:
                return await self._client.create_app(entry.title, app_id=entry.app_id, schema=schema, rules=rules)
            except (Timeout, PlatformFault, Unreachable) as error:
                if not error.may_have_taken_effect:
                    raise
                # The same ID: a repeat finds the first, and completes it.
                return await self._client.create_app(entry.title, app_id=entry.app_id, schema=schema, rules=rules)
        except Conflict:
            found = await self._find_app(entry.app_id)
            if found is None:
                return None
            # Renamed since it was begun: with the title that it has now it is found.
            return await self._client.create_app(found.title, app_id=entry.app_id, schema=schema, rules=rules)

    async def _elsewhere(self, attempt: Attempt, entry: KeptEntry, wish: Wish) -> KeptEntry:
        """The entry under the next free ID; on disk before the ID is used."""
        ids = [self._app_id(wish, number) for number in range(_MOST_IDS)]
        number = ids.index(entry.app_id) + 1 if entry.app_id in ids else 0
        if number >= _MOST_IDS:
            raise no_id()
        _owner, record = await self._registered(wish, ids[number])
        app_id, _record = await self._free(wish, ids[number], record, number)
        attempt.entry = moved = await self._journal.change(entry, app_id=app_id, step="begun")
        return moved

    async def _has_token(self, attempt: Attempt, entry: KeptEntry, remote: RemoteApp, record: Record | None) -> bool:
        """A database goes into the registry with its admin token. One whose token was lost on the way gets a new one;
        where that is not allowed it is taken back (nobody has ever seen it), and False is given."""
        if entry.kind == "user" or record is not None or self._token(remote) is not None:
            return True
        try:
            await self._client.rotate_admin_token(entry.app_id)
        except (Unauthorised, Forbidden, Unsupported) as error:
            if not attempt.was_begun:
                raise Forbidden(
                    f"The database {entry.app_id} of this {entry.kind} was begun elsewhere, and its admin token is not "
                    "known here.",
                    remedy="Finish it where it was begun, or sign in to the dashboard: then it gets a new token.",
                ) from error
            await self._client.delete_app(entry.app_id)
            return False
        return True

    def _token(self, remote: RemoteApp) -> Secret | None:
        return remote.admin_token or self._client.admin_token_of(remote.app_id)

    async def _recorded(self, entry: KeptEntry, remote: RemoteApp) -> Record:
        if entry.kind == "user":
            record_id = await self._writer.record_app(entry.app_id, is_new=True)
        else:
            token = self._client.admin_token_of(entry.app_id) or remote.admin_token
            record_id = await self._writer.record_database(
                entry.app_id, token, entry.title, entry.started_at, is_new=True
            )
        return Record(record_id, entry.app_id, (), entry.title, int(entry.started_at))

    async def _forget_record(self, entry: KeptEntry, record: Record) -> None:
        if entry.kind == "user":
            await self._writer.delete_app_record(record.record_id)
        else:
            await self._writer.delete_database_record(record.record_id)

    async def _link(self, entry: KeptEntry, record: Record) -> None:
        if entry.kind == "user":
            await self._writer.link_user(entry.owner_id, record.record_id)
        else:
            await self._writer.link_task(entry.owner_id, record.record_id)

    # The end

    def _finished(self, entry: KeptEntry, remote: RemoteApp, owner: Owner, record: Record) -> Made:
        claim = Claim(
            record_id=record.record_id,
            app_id=entry.app_id,
            kind=AppKind.TENANT if entry.kind == "user" else AppKind.TASK,
            owners=(owner.name,),
            owner_ids=(owner.owner_id,),
            name="" if entry.kind == "user" else entry.title,
            created_at=0 if entry.kind == "user" else int(entry.started_at),
        )
        return Made(entry, remote, claim, self._find_template(entry.template))

    def _failed(self, attempt: Attempt, error: KnownError) -> None:
        """What may have left something behind is kept, with the reason; what surely did not is forgotten."""
        entry = attempt.entry
        if entry is None:
            return
        if attempt.may_have_made or attempt.was_begun:
            self.failures.append((entry, error))
            values = {"error": error.sentence, "attempts": entry.attempts + 1, "changed_at": self._clock()}
            self._journal.note(entry, **values)
        else:
            self._journal.close(entry)

    async def take_back(self, entry: KeptEntry) -> None:
        """Delete what was made for an entry that is not to be finished: its record, then its app.

        Raises Conflict where the app has an owner by now.
        """
        wish = Wish(entry.kind, entry.owner_id)
        records = (
            await self._writer.app_records(entry.app_id)
            if entry.kind == "user"
            else await self._writer.database_records(entry.app_id)
        )
        if any(each.owner_ids for each in records):
            raise Conflict(
                f"The app that was begun ({entry.app_id}) is linked to its {wish.kind}.",
                remedy="Finish it; then delete the app, if it is not wanted.",
            )
        for record in records:
            await self._forget_record(entry, record)
        with suppress(NotFound):
            await self._client.delete_app(entry.app_id)
