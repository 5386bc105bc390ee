"""The pages of the help: which there are, what stands in them, and which is about the view in front."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from app.storage.paths import resources_dir
from app.ui.settings.preferences import SETTINGS

_FOLDER = "help"
_SETTINGS = "{settings}"  # stands for the list of them
# In the order in which they are listed: a name is that of its file.
NAMES = (
    "first-steps",
    "find-an-app",
    "copy-ids",
    "edit-a-schema",
    "undo-a-push",
    "add-an-agent",
    "templates",
    "users-and-tasks",
    "reconcile",
    "rotate-tokens",
    "connect-postgresql",
    "main-database-and-stores",
    "move-a-workspace",
    "read-only-and-production",
    "what-was-done",
    "doctor",
    "settings",
    "shortcuts",
    "files-and-profile",
    "bug-reports",
)
# By the class of the page of a tab.
OF_VIEWS = {
    "OverviewPanel": "find-an-app",
    "AppView": "edit-a-schema",
    "AgentsView": "add-an-agent",
    "CohortsView": "edit-a-schema",
    "UsersView": "users-and-tasks",
    "TasksView": "users-and-tasks",
    "ReconcileView": "reconcile",
    "WorkspacesView": "main-database-and-stores",
    "DoctorView": "doctor",
    "AuditView": "what-was-done",
    "WelcomeView": "first-steps",
    "HelpView": "first-steps",
}
_KEYS = re.compile(r"\{([a-z_.]+)\}")
_PICTURE = re.compile(r"!\[[^\]]*\]\(([^)]*)\)")
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)]*)\)")


class HelpPage(NamedTuple):
    name: str
    title: str
    text: str  # Markdown; {an.action} stands for its keys

    @property
    def haystack(self) -> str:
        return f"{self.title}\n{self.text}".casefold()

    @property
    def pictures(self) -> tuple[str, ...]:
        return tuple(_PICTURE.findall(self.text))

    @property
    def links(self) -> tuple[str, ...]:
        """``page:name`` and ``action:name``."""
        return tuple(_LINK.findall(self.text))

    @property
    def keys(self) -> tuple[str, ...]:
        """The actions whose keys are named."""
        return tuple(_KEYS.findall(self.text))

    def with_keys(self, keys_of: Callable[[str], str]) -> str:
        """The text with the keys that are in force."""
        return _KEYS.sub(lambda found: f"`{keys_of(found[1]) or 'no keys'}`", self.text)


@cache
def help_pages() -> tuple[HelpPage, ...]:
    """All of them; read once, from the program's own files."""
    return tuple(_read(name) for name in NAMES)


def page_of(view: str) -> str:
    """The page about a view, by the name of its class."""
    return OF_VIEWS.get(view, NAMES[0])


def picture_bytes(name: str) -> bytes:
    """A picture of a page, b"" where there is none."""
    path = resources_dir() / _FOLDER / "pictures" / name
    return path.read_bytes() if path.is_file() else b""


def _read(name: str) -> HelpPage:
    text = (resources_dir() / _FOLDER / f"{name}.md").read_text(encoding="utf-8")
    title = text.partition("\n")[0].removeprefix("#").strip()
    return HelpPage(name, title, text.replace(_SETTINGS, settings_text()))


def settings_text() -> str:
    """Every setting as a list."""
    lines = (f"- **{each.label}** — {each.said(each.default)}. {each.help}" for each in SETTINGS)
    return "\n".join(lines)
