"""The operator's own templates: one JSON file each, for this user alone. All methods block; any thread."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

_MOST_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class TemplateFile:
    """``text`` is None where the file cannot be read; ``error`` says why, in words that continue a sentence."""

    name: str
    text: str | None
    error: str = ""


class TemplateFiles:
    """Knows files and texts, not what is in them; names are file names without the ending."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def read_all(self) -> tuple[TemplateFile, ...]:
        """In order of name; none where there is no folder yet."""
        if not self.folder.is_dir():
            return ()
        return tuple(read_file(path) for path in sorted(self.folder.glob("*.json")))

    def read(self, name: str) -> TemplateFile | None:
        """None where there is no such file."""
        path = self.path(name)
        return read_file(path) if path.exists() else None

    def write(self, name: str, text: str) -> None:
        """In place of the old file at once, or not at all. Raises OSError."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, beside = tempfile.mkstemp(prefix=f".{name}.", suffix=".tmp", dir=self.folder)
        try:
            # mkstemp opens for this user alone (0600).
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, self.path(name))
        except BaseException:
            Path(beside).unlink(missing_ok=True)
            raise
        _settle(self.folder)

    def delete(self, name: str) -> bool:
        """False where there was none. Raises OSError."""
        try:
            self.path(name).unlink()
        except FileNotFoundError:
            return False
        _settle(self.folder)
        return True


def read_file(path: Path) -> TemplateFile:
    try:
        if path.stat().st_size > _MOST_BYTES:
            return TemplateFile(path.stem, None, "it is too large to be a template")
        return TemplateFile(path.stem, path.read_text("utf-8"))
    except OSError as error:
        return TemplateFile(path.stem, None, error.strerror or str(error))
    except UnicodeDecodeError:
        return TemplateFile(path.stem, None, "it is not a text in UTF-8")


def _settle(folder: Path) -> None:
    """Make the folder's new entry last through a power cut, where the system can."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
