"""What a widget paints, text by text: each with its colour and place, and what is behind it in pixels.

The widget is rendered twice: as SVG, which tells every text with its pen, whoever painted it, and as an image.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from PySide6.QtCore import QBuffer, QIODevice, QPoint, QRect, QRectF
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QTransform
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QWidget

from app.ui.look.theme_contrast import contrast

_PIECE = re.compile(
    r'<g [^>]*?transform="matrix\(([^)]*)\)"'
    r'|<text fill="(#\w+)" fill-opacity="([\d.]+)"[^>]*? x="([-\d.e]+)" y="([-\d.e]+)" font-family="([^"]*)"'
    r' font-size="([\d.]+)" font-weight="(\d+)" font-style="(\w+)"\s*>(.*?)</text>',
    re.DOTALL,
)
_MAIN_SHARE = 0.5  # strokes thinner than a pixel do not reach their colour


@dataclass(frozen=True)
class Text:
    """``rect`` is in the coordinates of the widget that was rendered."""

    text: str
    colour: QColor
    rect: QRectF

    @property
    def middle(self) -> QPoint:
        return self.rect.center().toPoint()


def texts(widget: QWidget) -> list[Text]:
    """In the order in which they are painted."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.ReadWrite)
    made = QSvgGenerator()
    made.setOutputDevice(buffer)
    made.setSize(widget.size())
    made.setViewBox(widget.rect())
    made.setResolution(widget.logicalDpiX())
    widget.render(made)
    return list(_read(bytes(buffer.data().data()).decode()))


def _read(svg: str) -> Iterator[Text]:
    at, fonts = QTransform(), dict[tuple[str, str, str, str], QFontMetricsF]()
    for matrix, fill, opacity, x, y, family, size, weight, style, text in _PIECE.findall(svg):
        if matrix:
            a, b, c, d, e, f = (float(each) for each in matrix.split(","))
            at = QTransform(a, b, c, d, e, f)
            continue
        words = html.unescape(text)
        if not words.strip():
            continue
        metrics = fonts.get((family, size, weight, style))
        if metrics is None:
            metrics = fonts[family, size, weight, style] = QFontMetricsF(_font(family, size, weight, style))
        colour = QColor(fill)
        colour.setAlphaF(float(opacity))
        place = QRectF(
            float(x), float(y) - metrics.ascent(), metrics.horizontalAdvance(words.rstrip()), metrics.height()
        )
        yield Text(words, colour, at.mapRect(place))


def _font(family: str, size: str, weight: str, style: str) -> QFont:
    font = QFont(html.unescape(family).split(",")[0].strip("'"))
    font.setPixelSize(max(1, round(float(size))))
    font.setWeight(QFont.Weight(int(weight)))
    font.setItalic(style == "italic")
    return font


class Pixels:
    """An image of a widget, to be asked for what is behind a text."""

    def __init__(self, widget: QWidget) -> None:
        self._image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
        self._ratio = self._image.devicePixelRatio()
        self._line = self._image.bytesPerLine() // 4
        self._bits = memoryview(self._image.constBits()).cast("I")

    def measured(self, text: Text, least: float) -> float | None:
        """The contrast of a text with what is behind it; None where it is too low and nothing of it can be seen."""
        place = text.rect.toAlignedRect()
        ratio = self._ratio
        sides = (place.x(), place.y(), place.width(), place.height())
        area = QRect(*(round(each * ratio) for each in sides)).intersected(self._image.rect())
        if area.isEmpty():
            return None
        found: Counter[int] = Counter()
        for y in range(area.top(), area.bottom() + 1):
            start = y * self._line + area.left()
            found.update(self._bits[start : start + area.width()])
        behind = QColor.fromRgb(found.most_common(1)[0][0] & 0xFFFFFF)
        wanted = contrast(_over(text.colour, behind), behind)
        if wanted < least:
            reached = max(contrast(QColor.fromRgb(each & 0xFFFFFF), behind) for each in found)
            return wanted if reached >= 1 + (wanted - 1) * _MAIN_SHARE else None
        return wanted


def _over(colour: QColor, behind: QColor) -> QColor:
    share = colour.alphaF()
    return QColor.fromRgbF(
        colour.redF() * share + behind.redF() * (1 - share),
        colour.greenF() * share + behind.greenF() * (1 - share),
        colour.blueF() * share + behind.blueF() * (1 - share),
    )
