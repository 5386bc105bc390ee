"""Colours by role, fonts and the style sheet, light and dark."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from app.core.connection import Environment


class ThemeChoice(StrEnum):
    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True)
class Colours:
    """One colour per role, as ``#rrggbb``. Text roles reach 4.5:1 on ``window``, ``surface`` and ``card``."""

    is_dark: bool
    window: str  # behind everything
    surface: str  # lists, trees, editors
    card: str  # cards and strips that stand out a little
    hover: str
    line: str
    line_strong: str
    text: str
    muted: str
    accent: str
    accent_hover: str
    on_accent: str
    link: str
    selection: str
    chip: str
    chip_text: str
    good: str
    warning: str
    danger: str
    neutral: str
    info: str
    warning_fill: str
    danger_fill: str
    info_fill: str
    good_fill: str
    tip: str
    tip_text: str
    tip_muted: str
    local: str
    on_local: str
    staging: str
    on_staging: str
    production: str
    on_production: str


LIGHT = Colours(
    is_dark=False,
    window="#ffffff",
    surface="#ffffff",
    card="#f5f6f8",
    hover="#eef1f5",
    line="#e3e6eb",
    line_strong="#cfd4dc",
    text="#1c222b",
    muted="#5b6573",
    accent="#3468eb",
    accent_hover="#2a58cc",
    on_accent="#ffffff",
    link="#2454cf",
    selection="#e2ebff",
    chip="#e9edf2",
    chip_text="#4a5463",
    good="#16804c",
    warning="#a35a00",
    danger="#c42b31",
    neutral="#6b7480",
    info="#2560c8",
    warning_fill="#fdf3e0",
    danger_fill="#fdeaea",
    info_fill="#e9f1ff",
    good_fill="#e5f6ee",
    tip="#1d232d",
    tip_text="#f2f4f7",
    tip_muted="#a9b2bf",
    local="#dcebff",
    on_local="#17509c",
    staging="#f7e3bd",
    on_staging="#6d4700",
    production="#c9252d",
    on_production="#ffffff",
)
DARK = Colours(
    is_dark=True,
    window="#1b2027",
    surface="#1b2027",
    card="#14181d",
    hover="#262d37",
    line="#2c333d",
    line_strong="#3d4652",
    text="#e9edf2",
    muted="#9aa5b3",
    accent="#7ba0ff",
    accent_hover="#98b5ff",
    on_accent="#0d1524",
    link="#8fb0ff",
    selection="#26365f",
    chip="#2a313b",
    chip_text="#b6c0cc",
    good="#4cc38a",
    warning="#eba13c",
    danger="#ff7a7a",
    neutral="#8b96a4",
    info="#7fb0ff",
    warning_fill="#33291a",
    danger_fill="#3a2023",
    info_fill="#1c2a42",
    good_fill="#18322a",
    tip="#0f1318",
    tip_text="#e9edf2",
    tip_muted="#9aa5b3",
    local="#1d3a66",
    on_local="#b4d2ff",
    staging="#54411b",
    on_staging="#ffdf9e",
    production="#d9363e",
    on_production="#ffffff",
)

# What is painted by hand (icons, badges, delegates) asks here; a Theme sets it.
_current: Colours = LIGHT


def colours() -> Colours:
    """The colours in force; ask at the time of painting, they change with the theme."""
    return _current


def badge_colours(environment: Environment) -> tuple[str, str]:
    """(background, text) of an environment's badge."""
    look = colours()
    return {
        Environment.LOCAL: (look.local, look.on_local),
        Environment.STAGING: (look.staging, look.on_staging),
        Environment.PRODUCTION: (look.production, look.on_production),
    }[environment]


def badge_text(environment: Environment) -> str:
    """Production is spelled out in capitals: colour alone does not tell."""
    return {
        Environment.LOCAL: "Local",
        Environment.STAGING: "Staging",
        Environment.PRODUCTION: "PRODUCTION",
    }[environment]


def mono_font() -> QFont:
    """The fixed-width font of the system, in the size of the window's text."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setStyleHint(QFont.StyleHint.Monospace)
    font.setPointSizeF(QApplication.font().pointSizeF())
    return font


def scaled_font(factor: float, *, is_bold: bool = False) -> QFont:
    """The window's font, ``factor`` times as large."""
    font = QFont(QApplication.font())
    font.setPointSizeF(font.pointSizeF() * factor)
    if is_bold:
        font.setWeight(QFont.Weight.DemiBold)
    return font


class Theme(QObject):
    """Dresses the application; follows the system unless a choice was made.

    ``changed`` is sent after the palette and the style sheet are in force. ``text_scale`` is in per cent.
    """

    changed = Signal()

    def __init__(
        self,
        application: QApplication,
        choice: ThemeChoice = ThemeChoice.SYSTEM,
        text_scale: int = 100,
        *,
        is_sheet_later: bool = False,
    ) -> None:
        """``is_sheet_later`` leaves the style sheet to ``dress``: widgets that are put together under a sheet are
        polished anew at each step, which takes longer than all the rest of building the window."""
        super().__init__(application)
        self._is_sheet_later = is_sheet_later
        self._application = application
        self._base_size = application.font().pointSizeF()
        self.choice = choice
        self.text_scale = text_scale
        self._applied: tuple[Colours, int] | None = None
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._follow)
        self._apply()

    @property
    def is_dark(self) -> bool:
        if self.choice is ThemeChoice.SYSTEM:
            return QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
        return self.choice is ThemeChoice.DARK

    def set_choice(self, choice: ThemeChoice) -> None:
        self.choice = choice
        self._apply()

    def set_text_scale(self, per_cent: int) -> None:
        self.text_scale = max(70, min(200, per_cent))
        self._apply()

    def dress(self) -> None:
        """Put the style sheet in force."""
        self._is_sheet_later = False
        self._application.setStyleSheet(style_sheet(colours(), self._application.font().pointSizeF()))

    def _follow(self) -> None:
        if self.choice is ThemeChoice.SYSTEM:
            self._apply()

    def _apply(self) -> None:
        global _current
        look = DARK if self.is_dark else LIGHT
        if self._applied == (look, self.text_scale):
            return
        is_first = self._applied is None
        self._applied = (look, self.text_scale)
        _current = look
        font = self._application.font()
        font.setPointSizeF(self._base_size * self.text_scale / 100)
        self._application.setFont(font)
        self._application.setPalette(palette(look))
        if not self._is_sheet_later:
            self.dress()
        if not is_first:
            self.changed.emit()


def palette(look: Colours) -> QPalette:
    role = QPalette.ColorRole
    made = QPalette()
    for each, colour in {
        role.Window: look.window,
        role.WindowText: look.text,
        role.Base: look.surface,
        role.AlternateBase: look.card,
        role.Text: look.text,
        role.Button: look.card,
        role.ButtonText: look.text,
        role.BrightText: look.danger,
        role.Highlight: look.selection,
        role.HighlightedText: look.text,
        role.Link: look.link,
        role.LinkVisited: look.link,
        role.ToolTipBase: look.tip,
        role.ToolTipText: look.tip_text,
        role.PlaceholderText: look.muted,
        role.Mid: look.line_strong,
        role.Dark: look.line_strong,
        role.Midlight: look.line,
        role.Light: look.surface,
        role.Accent: look.accent,
    }.items():
        made.setColor(each, QColor(colour))
    for each in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, each, QColor(look.neutral))
    return made


def style_sheet(look: Colours, size: float) -> str:
    """The sheet for all windows. Named looks: property ``look`` = primary, danger, quiet, chip, muted, title,
    heading, sectionHead, card, errorText; set it before the widget is shown."""
    small, large = size * 0.9, size * 1.35
    return f"""
QToolTip {{ background: {look.tip}; color: {look.tip_text}; border: 1px solid {look.line_strong}; padding: 5px 7px; }}
QMainWindow::separator {{ background: {look.line}; width: 1px; height: 1px; }}
QMainWindow::separator:hover {{ background: {look.accent}; }}
QSplitter::handle {{ background: {look.line}; }}
QMenuBar {{ background: {look.window}; padding: 1px 6px; }}
QMenuBar::item {{ padding: 3px 8px; border-radius: 4px; background: transparent; }}
QMenuBar::item:selected, QMenuBar::item:pressed {{ background: {look.hover}; }}
QMenu {{ background: {look.surface}; border: 1px solid {look.line_strong}; padding: 4px; }}
QMenu::item {{ padding: 5px 22px 5px 10px; border-radius: 4px; }}
QMenu::item:selected {{ background: {look.selection}; color: {look.text}; }}
QMenu::item:disabled {{ color: {look.neutral}; }}
QMenu::separator {{ height: 1px; background: {look.line}; margin: 4px 6px; }}
QMenu::icon {{ padding-left: 6px; }}
QToolBar {{ background: {look.window}; border: 0; border-bottom: 1px solid {look.line}; padding: 6px 12px;
  spacing: 8px; }}
QStatusBar {{ background: {look.window}; border-top: 1px solid {look.line}; color: {look.muted};
  font-size: {small}pt; }}
QStatusBar::item {{ border: 0; }}
QStatusBar QLabel {{ color: {look.muted}; font-size: {small}pt; padding: 2px 6px; }}
QPushButton, QToolButton[look="button"] {{ background: {look.surface}; border: 1px solid {look.line_strong};
  border-radius: 6px; padding: 5px 12px; color: {look.text}; }}
QPushButton:hover, QToolButton[look="button"]:hover {{ background: {look.hover}; }}
QPushButton:pressed, QToolButton[look="button"]:pressed {{ background: {look.line}; }}
QPushButton:disabled, QToolButton[look="button"]:disabled {{ color: {look.neutral}; background: {look.card};
  border-color: {look.line}; }}
QPushButton:focus, QToolButton[look="button"]:focus {{ border: 1px solid {look.accent}; }}
QPushButton[look="primary"], QPushButton:default {{ background: {look.accent}; color: {look.on_accent};
  border: 1px solid {look.accent}; font-weight: 600; }}
QPushButton[look="primary"]:hover, QPushButton:default:hover {{ background: {look.accent_hover}; }}
QPushButton[look="primary"]:focus, QPushButton:default:focus {{ border: 2px solid {look.text}; padding: 4px 11px; }}
QPushButton[look="primary"]:disabled, QPushButton:default:disabled {{ background: {look.chip}; color: {look.neutral};
  border-color: {look.chip}; }}
QPushButton[look="danger"] {{ background: {look.production}; color: {look.on_production};
  border: 1px solid {look.production}; font-weight: 600; }}
QPushButton[look="danger"]:focus {{ border: 2px solid {look.text}; padding: 4px 11px; }}
QPushButton[look="danger"]:disabled {{ background: {look.chip}; color: {look.neutral}; border-color: {look.chip}; }}
QPushButton[look="search"] {{ text-align: left; background: {look.card}; color: {look.muted};
  border: 1px solid {look.line}; padding: 5px 12px; }}
QPushButton[look="search"]:hover {{ border-color: {look.line_strong}; }}
QPushButton[look="search"]:focus {{ border-color: {look.accent}; }}
QPushButton[look="small"] {{ padding: 3px 10px; }}
QPushButton[look="segment"] {{ padding: 3px 12px; background: transparent; border: 1px solid transparent;
  color: {look.muted}; }}
QPushButton[look="segment"]:hover {{ color: {look.text}; background: {look.hover}; }}
QPushButton[look="segment"]:checked {{ color: {look.text}; background: {look.selection};
  border-color: {look.line_strong}; }}
QPushButton[look="segment"]:focus {{ border-color: {look.accent}; }}
QToolButton {{ border: 1px solid transparent; border-radius: 5px; padding: 3px; background: transparent; }}
QToolButton:hover {{ background: {look.hover}; }}
QToolButton:focus {{ border-color: {look.accent}; }}
QToolButton[look="button"] {{ padding: 3px; }}
QToolButton::menu-indicator {{ image: none; }}
QLineEdit, QComboBox, QSpinBox, QPlainTextEdit, QTextEdit {{ background: {look.surface}; border: 1px solid
  {look.line_strong}; border-radius: 6px; padding: 4px 8px; selection-background-color: {look.accent};
  selection-color: {look.on_accent}; }}
QLineEdit:focus, QComboBox:focus, QSpinBox:focus, QPlainTextEdit:focus, QTextEdit:focus {{
  border: 1px solid {look.accent}; }}
QLineEdit[invalid="true"], QComboBox[invalid="true"] {{ border: 1px solid {look.danger}; }}
QLineEdit:disabled, QComboBox:disabled {{ background: {look.card}; color: {look.neutral}; }}
QLineEdit[look="filter"] {{ background: {look.card}; border-color: {look.line}; }}
QLineEdit[look="filter"]:focus {{ border-color: {look.accent}; }}
QComboBox QAbstractItemView {{ background: {look.surface}; border: 1px solid {look.line_strong};
  selection-background-color: {look.selection}; selection-color: {look.text}; outline: 0; }}
QAbstractItemView {{ background: {look.surface}; alternate-background-color: {look.card}; border: 0;
  gridline-color: {look.line}; selection-background-color: {look.selection}; selection-color: {look.text};
  outline: 0; }}
QTreeView::item {{ padding: 2px 0; border: 0; }}
QTreeView::item:hover, QListView::item:hover {{ background: {look.hover}; }}
QTreeView::item:selected, QListView::item:selected, QTableView::item:selected {{ background: {look.selection};
  color: {look.text}; }}
QHeaderView {{ background: {look.surface}; border: 0; }}
QHeaderView::section {{ background: {look.surface}; color: {look.muted}; border: 0;
  border-bottom: 1px solid {look.line}; padding: 5px 6px; font-size: {small}pt; font-weight: 600; }}
QHeaderView::section:hover {{ color: {look.text}; }}
QTabWidget::pane {{ border: 0; border-top: 1px solid {look.line}; }}
QTabBar {{ qproperty-drawBase: 0; background: {look.card}; }}
QTabBar::tab {{ background: transparent; color: {look.muted}; padding: 7px 13px; border: 0; border-bottom: 2px solid
  transparent; }}
QTabBar::tab:selected {{ color: {look.text}; border-bottom: 2px solid {look.accent}; }}
QTabBar::tab:hover:!selected {{ color: {look.text}; background: {look.hover}; }}
QTabBar::tab:focus {{ color: {look.link}; }}
QDockWidget {{ titlebar-close-icon: none; titlebar-normal-icon: none; }}
QProgressBar {{ border: 0; border-radius: 3px; background: {look.chip}; max-height: 6px; min-height: 6px; }}
QProgressBar::chunk {{ background: {look.accent}; border-radius: 3px; }}
QScrollBar:vertical {{ background: transparent; width: 12px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: 12px; margin: 0; }}
QScrollBar::handle {{ background: {look.line_strong}; border-radius: 4px; margin: 2px; }}
QScrollBar::handle:vertical {{ min-height: 28px; }}
QScrollBar::handle:horizontal {{ min-width: 28px; }}
QScrollBar::handle:hover {{ background: {look.neutral}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QScrollArea {{ border: 0; background: transparent; }}
QLabel[look="muted"] {{ color: {look.muted}; }}
QLabel[look="small"] {{ color: {look.muted}; font-size: {small}pt; }}
QLabel[look="title"] {{ font-weight: 600; }}
QLabel[look="heading"] {{ font-size: {large}pt; font-weight: 600; }}
QLabel[look="sectionHead"] {{ color: {look.muted}; font-size: {small * 0.95}pt; font-weight: 600; }}
QLabel[look="errorText"] {{ color: {look.danger}; }}
QLabel[look="chip"] {{ background: {look.chip}; color: {look.chip_text}; border-radius: 4px; padding: 1px 7px;
  font-size: {small}pt; }}
QFrame[look="card"] {{ background: {look.card}; border: 1px solid {look.line}; border-radius: 9px; }}
QFrame[look="card"]:focus {{ border: 1px solid {look.accent}; }}
QFrame[look="card"][chosen="true"] {{ border: 1px solid {look.accent}; }}
QFrame[look="finding"] {{ border: 1px solid {look.line}; border-left: 3px solid {look.info}; border-radius: 8px;
  background: {look.info_fill}; }}
QFrame[look="finding"][severity="warning"] {{ border-left-color: {look.warning}; background: {look.warning_fill}; }}
QFrame[look="finding"][severity="error"] {{ border-left-color: {look.danger}; background: {look.danger_fill}; }}
QFrame[look="schemaStrip"] {{ background: {look.info_fill}; border: 0; border-top: 1px solid {look.line}; }}
QFrame[look="schemaStrip"][severity="warning"] {{ background: {look.warning_fill}; }}
QFrame[look="schemaStrip"][severity="error"] {{ background: {look.danger_fill}; }}
QFrame[look="pendingBar"] {{ background: {look.selection}; border: 0; border-top: 1px solid {look.line}; }}
QListView[look="problems"] {{ border-top: 1px solid {look.line}; background: {look.surface}; }}
QListView[look="problems"]::item {{ padding: 4px 10px; }}
QFrame[look="production"] {{ background: {look.production}; border: 0; }}
QFrame[look="production"] QLabel {{ color: {look.on_production}; font-weight: 600; font-size: {small}pt; }}
QPushButton[look="link"] {{ background: transparent; border: 1px solid transparent; color: {look.link};
  padding: 2px 6px; text-align: left; }}
QPushButton[look="link"]:hover {{ text-decoration: underline; }}
QPushButton[look="link"]:focus {{ border-color: {look.accent}; }}
QFrame[look="line"] {{ background: {look.line}; border: 0; max-height: 1px; }}
QCheckBox, QRadioButton {{ spacing: 7px; }}
QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
"""
