"""What setting or clearing a workspace's store does, before it is done. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.core.connection import Connection, Environment
from app.core.errors import FieldError, Invalid, Unsupported
from app.core.secret import Secret
from app.core.text import plain
from app.platforms.postgres.dsn import Dsn, store_id
from app.services.main_map import SecretPlace
from app.services.store_pointers import Pointer, shown
from app.services.store_words import StoreChange, StoreRow, Workspace
from app.services.store_writing import PointerTable, RowChange, clear_row, set_row

if TYPE_CHECKING:
    from app.schema.formats.sql_names import Dialect
    from app.services.main_reading import MainReading


@dataclass(frozen=True)
class Intent:
    """What is to be done. ``row`` is None where the store is kept in Tenantry itself. ``password`` is what becomes
    the store's, None for none."""

    change: StoreChange
    row: RowChange | None
    password: Secret | None = None
    place: SecretPlace = "none"
    dsn: Dsn | None = None

    @property
    def is_own(self) -> bool:
        return self.row is None


@dataclass(frozen=True)
class Present:
    """How things are: what was read, and the password that the store has now."""

    connection: Connection
    own: Dsn
    reading: MainReading
    workspace: Workspace
    password: Secret | None = None
    has_keyring: bool = True

    @property
    def name(self) -> str:
        return plain(self.workspace.name, 60) or self.workspace.id

    @property
    def pointer(self) -> Pointer | None:
        return self.reading.pointers.get(self.workspace.id)

    @property
    def old_row(self) -> Mapping[str, Any] | None:
        """The row that the pointer was read from."""
        rows, names = self.reading.rows.get(self.workspace.id, ()), self.reading.overview.map
        if self.workspace.store is None or self.workspace.store.is_own:
            columns = [each for each in (names.app_url, names.app_host, names.app_config) if each]
            # A row that has room and says nothing yet.
            return next((row for row in rows if all(row.get(each) in (None, "", {}, "{}") for each in columns)), None)
        record = self.workspace.store.record_id
        named = (each for each in rows if names.app_record and str(each.get(names.app_record)) == record)
        return next(named, rows[0] if len(rows) == 1 else None)

    @property
    def table(self) -> PointerTable | None:
        """None where rows cannot say, or should not: they are encrypted, and the product would not understand ours."""
        names = self.reading.overview.map
        entity = self.reading.schema.entity(names.workspace_apps) if names.has_pointer else None
        if entity is None or any(each.is_sealed for each in self.reading.pointers.values()):
            return None
        dialect: Dialect = "sqlite" if self.own.is_sqlite else "postgresql"
        return PointerTable(entity, names, dialect, self.reading.provider)


def parsed(dsn_text: str, password: Secret | None) -> tuple[Dsn, Secret | None]:
    """Raises Invalid with the field ``dsn_text``; a password that is part of the address is the one to take."""
    try:
        dsn, pasted = Dsn.parse(dsn_text)
    except Invalid as error:
        fields = tuple(FieldError("dsn_text", each.message) for each in error.fields)
        fields = fields or (FieldError("dsn_text", error.sentence),)
        raise Invalid(error.sentence, fields=fields, remedy=error.remedy) from None
    return dsn, password or pasted


def intended(present: Present, dsn: Dsn, password: Secret | None, place: SecretPlace) -> Intent:
    """Raises Unsupported where the row cannot say it."""
    secret = password or _kept(present, dsn)
    if place == "none" or dsn.is_sqlite:
        secret, place = None, "none"
    table = present.table
    if table is None and place == "row":
        raise Unsupported(
            "The password cannot go into the row: the main database does not say where, or its values are encrypted.",
            remedy="Keep it in the vault.",
        )
    if secret is None:
        place = "none"
    names = present.reading.overview.map
    row = None
    if table is not None:
        key = present.reading.keys[present.workspace.id]
        row = set_row(table, present.old_row, key, dsn, secret, place)
    after = StoreRow(
        app_id=store_id(dsn, present.own),
        dsn_text=dsn.to_text(),
        secret_place=place,
        record_id=str(present.old_row.get(names.app_record, ""))
        if row and present.old_row and names.app_record
        else "",
        provider=present.workspace.store.provider if present.workspace.store else "",
        is_own=row is None,
    )
    sentences = (
        *_address_words(present, dsn),
        *_row_words(present, row),
        *_secret_words(row, secret, place, is_left_out=bool(password)),
    )
    change = StoreChange(
        present.workspace.id, present.workspace.store, after, sentences, _warnings(present, dsn, row, secret, place)
    )
    return Intent(change, row, secret, place, dsn)


def cleared(present: Present) -> Intent:
    """Raises Unsupported where there is nothing to clear."""
    store, table, row = present.workspace.store, present.table, present.old_row
    if store is None:
        raise Unsupported(f"{present.name} has no store.", remedy="Set one first.")
    main = plain(present.reading.overview.app_id, 60)
    sentences = [f"{present.name} has no store from now on; the store itself and its rows stay as they are."]
    warnings: list[str] = []
    change_row = None
    if store.is_own:
        sentences.append("Tenantry forgets the address that was set here; the main database is not touched.")
    elif table is None or row is None:
        raise Unsupported(
            "The row of this workspace holds what Tenantry cannot read, and is not deleted from here.",
            remedy="Remove it with the product itself.",
        )
    else:
        change_row = clear_row(table, row)
        sentences.append(f"Its row of {plain(table.entity.name, 60)} in {main} is deleted.")
        if change_row.losses:
            warnings.append(
                f"Other values of the row go with it: {', '.join(plain(each, 40) for each in change_row.losses)}."
            )
        if store.secret_place == "row":
            warnings.append("The password goes with the row: this cannot be undone without it.")
        if present.reading.overview.mode == "hosted":
            warnings.append("In hosted mode the product cannot reach the tenant's data until a store is set again.")
    if store.secret_place == "vault":
        sentences.append("The vault forgets its password.")
    change = StoreChange(present.workspace.id, store, None, tuple(sentences), (*_production(present), *warnings))
    return Intent(change, change_row)


def _kept(present: Present, dsn: Dsn) -> Secret | None:
    """The present password goes along only to the same user on the same server: nobody else is to be sent it."""
    store = present.workspace.store
    if store is None or not store.dsn_text:
        return None
    old, _password = Dsn.parse(store.dsn_text)
    return present.password if (old.server, old.user) == (dsn.server, dsn.user) else None


def _address_words(present: Present, dsn: Dsn) -> list[str]:
    store = present.workspace.store
    if store is None or not store.dsn_text:
        return [f"{present.name} gets the store {shown(dsn)}."]
    old, _password = Dsn.parse(store.dsn_text)
    if old == dsn:
        return [f"{present.name} keeps the store {shown(dsn)}."]
    if shown(old) == shown(dsn):
        return [f"{present.name} keeps the store {shown(dsn)}, reached in another way (user or options)."]
    return [f"{present.name} gets the store {shown(dsn)} in place of {shown(old)}. No rows are copied."]


def _row_words(present: Present, row: RowChange | None) -> list[str]:
    main = plain(present.reading.overview.app_id, 60)
    table = plain(present.reading.overview.map.workspace_apps, 60)
    if row is None:
        return ["Tenantry alone keeps this address; the main database is not changed, and the product does not see it."]
    if row.is_new:
        return [f"A row is added to {table} in {main}."]
    columns = ", ".join(plain(each, 40) for each in row.columns)
    return [f"Its row of {table} in {main} gets new values: {columns}."]


def _secret_words(row: RowChange | None, secret: Secret | None, place: SecretPlace, *, is_left_out: bool) -> list[str]:
    if secret is None and is_left_out:
        return ["No password is kept: the one that was entered is left out."]
    if secret is None:
        return ["No password is kept: the server has to let the user in without one."]
    if place == "row":
        return ["The password is written into the row: whoever can read the table can read it."]
    words = "The password goes into the vault of this machine"
    return [f"{words}; the row says so (vault:)." if row is not None and row.has_marker else f"{words}."]


def _warnings(
    present: Present, dsn: Dsn, row: RowChange | None, secret: Secret | None, place: SecretPlace
) -> tuple[str, ...]:
    app_id = store_id(dsn, present.own)
    others = [
        plain(each.name, 60) or each.id
        for each in present.reading.overview.workspaces
        if each.id != present.workspace.id and each.store is not None and each.store.app_id == app_id
    ]
    found = list(_production(present))
    if app_id == present.reading.overview.app_id or (dsn.is_sqlite and dsn.database == present.own.database):
        found.append("This is the main database itself.")
    if others:
        more = f" and {len(others) - 2} more" if len(others) > 2 else ""
        found.append(f"This is the store of {', '.join(others[:2])}{more} already: they would see each other's rows.")
    if row is not None and place == "vault" and secret is not None:
        found.append(
            "The product cannot read this vault: it reaches the store only if it has the password from elsewhere."
        )
    if place == "vault" and secret is not None and not present.has_keyring:
        found.append("There is no keyring: the password is kept for this session only.")
    if dsn.is_transaction_pooler:
        found.append("This is a transaction pooler: schemas cannot be changed through it.")
    if present.workspace.pointers > 1:
        found.append(
            f"{present.name} has {present.workspace.pointers} rows; only the one that Tenantry reads is changed."
        )
    return tuple(found)


def _production(present: Present) -> tuple[str, ...]:
    if present.connection.environment is not Environment.PRODUCTION:
        return ()
    return (f"{plain(present.connection.label, 60)} is production: the product follows this at once.",)
