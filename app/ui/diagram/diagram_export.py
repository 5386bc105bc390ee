"""Files made of a diagram: written beside the UI thread, whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Final

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRectF
from PySide6.QtGui import QColor, QImage, QImageWriter, QPainter

from app.core.errors import Invalid
from app.core.text import plain
from app.ui.look.theme import Colours

from .diagram_paint import DiagramFonts, DiagramPainter
from .diagram_picture import Picture

_LARGEST_SIDE: Final = 16_000
_MOST_PIXELS: Final = 64_000_000


def svg_text(picture: Picture) -> str:
    from app.schema.formats.svg import render

    return render(picture.schema, picture.diagram)


def png_bytes(picture: Picture, look: Colours, fonts: DiagramFonts) -> bytes:
    """The diagram at twice its size, or smaller where that would be too large for a picture."""
    diagram = picture.diagram
    width, height = max(diagram.width, 80.0), max(diagram.height, 60.0)
    scale = min(2.0, _LARGEST_SIDE / width, _LARGEST_SIDE / height, (_MOST_PIXELS / (width * height)) ** 0.5)
    image = QImage(max(1, int(width * scale)), max(1, int(height * scale)), QImage.Format.Format_RGB32)
    image.fill(QColor(look.card))
    painter = QPainter(image)
    painter.scale(scale, scale)
    # In full detail whatever the scale is: a picture can be zoomed into.
    DiagramPainter(diagram, look, fonts).paint(painter, QRectF(0, 0, width, height), 1.0, frozenset(), "")
    painter.end()
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(image)
    buffer.close()
    return bytes(data.data())


def write(path: Path, data: bytes) -> None:
    """Replace the file at once. Raises Invalid with the reason where the place cannot be written."""
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name[:40]}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, 0o644)
        Path(temporary).replace(path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise Invalid(
            f"{plain(str(path), 160)} could not be written: {error.strerror or 'the system refused it'}.",
            remedy="Choose another folder, or make room on the disk.",
        ) from error


def file_name(title: str) -> str:
    """What a file of an app is called, without its suffix."""
    kept = "".join(char if char.isalnum() or char in "-_" else "-" for char in plain(title, 60)).strip("-")
    return kept or "schema"
