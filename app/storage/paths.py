"""Where Tenantry keeps its files."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

_PRIVATE = 0o700


@dataclass(frozen=True, slots=True)
class Profile:
    """The folders of one operator on this machine; nothing is written outside of them."""

    data_dir: Path
    config_dir: Path
    cache_dir: Path
    log_dir: Path

    @classmethod
    def default(cls) -> Profile:
        """The folders that this system has for a user's programs."""
        from platformdirs import PlatformDirs

        dirs = PlatformDirs("tenantry", appauthor=False)
        return cls(dirs.user_data_path, dirs.user_config_path, dirs.user_cache_path, dirs.user_log_path)

    @classmethod
    def at(cls, root: Path) -> Profile:
        """Everything under ``root``; a relative root is taken from the current folder, once."""
        root = root.expanduser().absolute()
        return cls(root / "data", root / "config", root / "cache", root / "log")

    @property
    def database_path(self) -> Path:
        return self.data_dir / "tenantry.db"

    @property
    def settings_path(self) -> Path:
        return self.config_dir / "window.ini"

    @property
    def templates_dir(self) -> Path:
        """The operator's own templates."""
        return self.data_dir / "templates"

    @property
    def local_platform_dir(self) -> Path:
        return self.data_dir / "local-platform"

    @property
    def log_path(self) -> Path:
        return self.log_dir / "tenantry.log"

    def make(self) -> None:
        """Create the folders for this user alone (0700); folders that others could read are closed.

        Raises OSError where a folder cannot be made.
        """
        for folder in (self.data_dir, self.config_dir, self.cache_dir, self.log_dir):
            _make_private(folder)


def _make_private(folder: Path) -> None:
    for missing in reversed([folder, *folder.parents]):
        if not missing.is_dir():
            missing.mkdir(mode=_PRIVATE, exist_ok=True)
    if os.name == "posix" and folder.stat().st_mode & 0o077:
        folder.chmod(_PRIVATE)


def resources_dir() -> Path:
    """Icons, templates and sample data.

    ``resources`` of a checkout; where the program was unpacked in a bundle; ``app/resources`` once installed.
    """
    bundle = getattr(sys, "_MEIPASS", None)
    if bundle:
        return Path(bundle) / "resources"
    program = Path(__file__).resolve().parents[1]
    installed = program / "resources"
    return installed if installed.is_dir() else program.parent / "resources"
