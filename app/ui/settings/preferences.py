"""Every setting that the operator can choose, declared once: the dialog, the files and the help read it here.

Kept in the window's ini file under its key (``look.theme`` as ``look/theme``). A value that is missing, damaged or
out of range reads as the default or as the nearest value that can be; nothing is written until it is chosen.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from app.core.errors import Bug
from app.ui.look.theme import ThemeChoice
from app.ui.settings.settings import WindowSettings

Value = bool | int | str
_YES, _NO = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


@dataclass(frozen=True)
class Setting:
    """One setting. ``choices`` are (value, label) pairs of a text; a number is from ``low`` to ``high``."""

    key: str
    type: type[bool] | type[int] | type[str]
    default: Value
    label: str
    help: str
    group: str
    choices: tuple[tuple[str, str], ...] = ()
    low: int = 0
    high: int = 0
    unit: str = ""

    def fitting(self, value: object) -> Value | None:
        """The value as this setting can hold it, None where it cannot."""
        if self.type is bool:
            return _truth(value)
        if self.type is int:
            number = _number(value)
            return None if number is None else max(self.low, min(self.high, number))
        if not isinstance(value, str) or (self.choices and value not in dict(self.choices)):
            return None
        return value

    def said(self, value: Value) -> str:
        """A value in words."""
        if isinstance(value, bool):
            return "on" if value else "off"
        if isinstance(value, int):
            return f"{value} {self.unit}".rstrip()
        return dict(self.choices).get(value, value)


_THEME_WORDS = {"system": "As the system", "light": "Light", "dark": "Dark", "contrast": "High contrast"}

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "look.theme",
        str,
        "system",
        "Theme",
        "Light or dark, or as the desktop is set.",
        "Look",
        tuple((each.value, _THEME_WORDS.get(each.value, each.value)) for each in ThemeChoice),
    ),
    Setting(
        "look.text_scale",
        int,
        100,
        "Size of text",
        "In per cent of the size that the desktop gives. The menu View, Text size, changes it too.",
        "Look",
        low=70,
        high=200,
        unit="%",
    ),
    Setting(
        "start.restore_tabs",
        bool,
        True,
        "Open the tabs of the last time",
        "At the start, the apps and views that were open when the window was closed are opened again.",
        "Start",
    ),
    Setting(
        "notify.long_jobs",
        bool,
        True,
        "Tell when a long job has ended",
        "A notification of the desktop, only while the window is not in front. It names the job, never its data.",
        "Notifications",
    ),
    Setting(
        "notify.after_s",
        int,
        10,
        "A job is long after",
        "Jobs that end sooner are not told of.",
        "Notifications",
        low=1,
        high=3600,
        unit="s",
    ),
    Setting(
        "notify.toast_s",
        int,
        8,
        "Messages with an undo stay for",
        "How long the message after an act stays. It waits while the pointer or the focus is on it.",
        "Notifications",
        low=3,
        high=120,
        unit="s",
    ),
    Setting(
        "clipboard.clear_after_s",
        int,
        30,
        "Clear a copied secret after",
        "A token that was copied is taken out of the clipboard again, unless something else was copied since.",
        "Safety",
        low=5,
        high=600,
        unit="s",
    ),
    Setting(
        "trust.unlock_minutes",
        int,
        10,
        "An unlocked connection locks again after",
        "Counts from the unlocking of a read-only connection, whatever is done meanwhile.",
        "Safety",
        low=1,
        high=240,
        unit="min",
    ),
    Setting(
        "log.level",
        str,
        "info",
        "What the log holds",
        "Secrets are never written, whatever is chosen. Choose “All details” to find out about a problem.",
        "Log",
        (("warning", "Problems only"), ("info", "What was done"), ("debug", "All details")),
    ),
)
_BY_KEY = {each.key: each for each in SETTINGS}


def setting(key: str) -> Setting:
    try:
        return _BY_KEY[key]
    except KeyError:
        raise Bug(f"There is no setting named {key}.") from None


class Preferences(QObject):
    """The values in force. ``changed`` tells the key of what has another value now."""

    changed = Signal(str)

    def __init__(self, store: WindowSettings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store

    def get(self, key: str) -> Value:
        known = setting(key)
        kept = self._store.read_text(_place(key))
        fitting = known.fitting(kept) if kept is not None else None
        return known.default if fitting is None else fitting

    def number(self, key: str) -> int:
        return int(self.get(key))

    def is_on(self, key: str) -> bool:
        return bool(self.get(key))

    def set(self, key: str, value: object) -> None:
        """Put a value in force and keep it. Raises Bug for a value that the setting cannot hold."""
        fitting = setting(key).fitting(value)
        if fitting is None:
            raise Bug(f"{key} cannot be {value!r}.")
        before = self.get(key)
        if fitting == setting(key).default:
            self._store.forget(_place(key))
        else:
            self._store.write_text(_place(key), _text(fitting))
        if fitting != before:
            self.changed.emit(key)

    def is_default(self, key: str) -> bool:
        return self.get(key) == setting(key).default

    def reset(self, key: str) -> None:
        self.set(key, setting(key).default)

    def reset_all(self) -> None:
        for each in SETTINGS:
            self.reset(each.key)


def _place(key: str) -> str:
    return key.replace(".", "/")


def _text(value: Value) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _truth(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    text = str(value).lower()
    return True if text in _YES else False if text in _NO else None


def _number(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    try:
        return int(value) if isinstance(value, int | str) else None
    except ValueError:
        return None
