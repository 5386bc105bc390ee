"""What the palette shows: actions, connections, apps, entities and their parts, each known by a key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction

from app.core.apps import AppSummary
from app.core.connection import Connection
from app.core.refs import AppRef
from app.core.text import plain
from app.ui.actions.action_help import WORDS, reason_of
from app.ui.actions.actions import ActionRegistry, shown_keys, shown_text
from app.ui.apps.app_table import shown
from app.ui.overview.live_data import LiveData
from app.ui.settings.settings import WindowSettings

if TYPE_CHECKING:
    from .palette_search import Found

_RECENT_KEPT = 30
_PINNED_KEPT = 50
Key = tuple[str, ...]


class HitKind(StrEnum):
    """The first part of a key, and what a prefix narrows the palette to."""

    ACTION = "action"
    CONNECTION = "connection"
    APP = "app"
    ENTITY = "entity"


@dataclass(frozen=True, slots=True)
class Hit:
    """A row. ``title`` is what is searched and drawn large, ``detail`` the line below; ``reason`` says why it cannot
    be chosen now, "" where it can. ``others`` is how many more apps have an entity of this name,
    ``words`` what else it is found by."""

    kind: HitKind
    key: Key
    title: str
    detail: str = ""
    app: AppSummary | None = None
    connection: Connection | None = None
    action: QAction | None = None
    entity: str = ""
    part: str = ""
    keys: str = ""
    is_enabled: bool = True
    others: int = 0
    words: tuple[str, ...] = ()
    is_pinned: bool = False
    is_recent: bool = False

    @property
    def text(self) -> str:
        return self.title

    def answers_to(self, terms: Sequence[str]) -> bool:
        """Whether each of the terms begins one of the other words that it is found by."""
        return bool(self.words) and all(any(word.startswith(each) for word in self.words) for each in terms)

    @property
    def ref(self) -> AppRef | None:
        return AppRef(self.app.connection_id, self.app.app_id) if self.app is not None else None


class PaletteMemory:
    """What was chosen lately and what is pinned, kept with the settings of this profile; keys, never names."""

    def __init__(self, settings: WindowSettings) -> None:
        self._settings = settings
        self.recent = _keys(settings.read_json("palette/recent"))
        self.pinned = _keys(settings.read_json("palette/pinned"))

    def note(self, key: Key) -> None:
        """It was chosen just now."""
        self.recent = [key, *(each for each in self.recent if each != key)][:_RECENT_KEPT]
        self._settings.write_json("palette/recent", self.recent)

    def toggle_pin(self, key: Key) -> bool:
        """True where it is pinned now; the newest comes last, so that the others keep their places."""
        is_pinned = key not in self.pinned
        rest = [each for each in self.pinned if each != key]
        self.pinned = [*rest, key][-_PINNED_KEPT:] if is_pinned else rest
        self._settings.write_json("palette/pinned", self.pinned)
        return is_pinned


def _keys(kept: object) -> list[Key]:
    """Damaged ones are left out."""
    if not isinstance(kept, list):
        return []
    return [tuple(map(str, each)) for each in kept if isinstance(each, list) and each]


class PaletteSources:
    """Makes hits of what the window knows."""

    def __init__(self, registry: ActionRegistry, data: LiveData) -> None:
        self.registry, self.data = registry, data
        self.connections = data.by_id()
        self.actions = [self.of_action(each) for each in registry if each.objectName() != "edit.jump"]
        self.places = [self.of_connection(each) for each in data.connections]

    def of_action(self, action: QAction) -> Hit:
        name = action.objectName()
        title = action.text().replace("&&", "\0").replace("&", "").replace("\0", "&")
        menu = self.registry.menu_of(name)
        detail = self.registry.help_of(name)
        if not action.isEnabled():
            reason = action.toolTip()
            detail = reason if reason not in (shown_text(action), title) else reason_of(name)
        whole = f"{menu.replace('/', ' › ')} › {title}" if menu else title
        keys = shown_keys(self.registry.keys_of(name))
        key = (HitKind.ACTION.value, name)
        words, is_enabled = tuple(WORDS.get(name, "").split()), action.isEnabled()
        return Hit(HitKind.ACTION, key, whole, detail, action=action, keys=keys, is_enabled=is_enabled, words=words)

    @staticmethod
    def of_connection(connection: Connection) -> Hit:
        key = (HitKind.CONNECTION.value, connection.id)
        detail = f"Show this connection alone · {plain(connection.base_url, 120)}"
        return Hit(HitKind.CONNECTION, key, plain(connection.label, 120), detail, connection=connection)

    def of_app(self, app: AppSummary) -> Hit:
        title = shown(app.title) or "untitled"
        key = (HitKind.APP.value, app.connection_id, app.app_id)
        detail = shown(app.owner) or "nobody"
        return Hit(HitKind.APP, key, title, detail, app=app, connection=self.connections.get(app.connection_id))

    def of_entity(self, app: AppSummary, entity: str, part: str, others: int = 0) -> Hit:
        key: Key = (HitKind.ENTITY.value, app.connection_id, app.app_id, entity, *([part] if part else []))
        name = shown(f"{entity}.{part}" if part else entity)
        owner = f" · {shown(app.owner)}" if app.owner else ""
        detail = f"in {shown(app.title) or 'untitled'}{owner}"
        if others > 0:
            detail += f" · and in {others:,} more apps"
        return Hit(
            HitKind.ENTITY,
            key,
            name,
            detail,
            app=app,
            connection=self.connections.get(app.connection_id),
            entity=entity,
            part=part,
            others=others,
        )

    def of_found(self, found: Found) -> Hit:
        app = self.data.table.rows[found.row]
        return self.of_entity(app, found.entity, found.part, found.others) if found.entity else self.of_app(app)

    def of_key(self, key: Key) -> Hit | None:
        """None where it is not there (any more)."""
        kind, *rest = key
        if kind == HitKind.ACTION.value and len(rest) == 1:
            return next((each for each in self.actions if each.key == key), None)
        if kind == HitKind.CONNECTION.value and len(rest) == 1:
            return next((each for each in self.places if each.key == key), None)
        if kind in (HitKind.APP.value, HitKind.ENTITY.value) and len(rest) >= 2:
            app = self.data.app(AppRef(rest[0], rest[1]))
            if app is None:
                return None
            if kind == HitKind.APP.value:
                return self.of_app(app)
            return self.of_entity(app, rest[2], rest[3] if len(rest) > 3 else "") if len(rest) > 2 else None
        return None

    def remembered(self, memory: PaletteMemory) -> list[Hit]:
        """What is pinned, then what was chosen lately, as far as it is still there."""
        found: list[Hit] = []
        for key in dict.fromkeys([*memory.pinned, *memory.recent]):
            hit = self.of_key(key)
            if hit is not None:
                found.append(replace(hit, is_pinned=key in memory.pinned, is_recent=key in memory.recent))
        return found


def without_twins(hits: Iterable[Hit], most: int) -> list[Hit]:
    """Each thing once, where it comes first."""
    found: dict[Key, Hit] = {}
    for hit in hits:
        found.setdefault(hit.key, hit)
        if len(found) >= most:
            break
    return list(found.values())


def weighed(hits: Sequence[Hit], kind: str) -> list[Hit]:
    return [each for each in hits if not kind or each.kind.value == kind]
