"""The style sheet for all windows, made of the colours in force."""

from __future__ import annotations

from app.ui.look.theme_colours import Colours


def style_sheet(look: Colours, size: float) -> str:
    """The sheet for all windows. Named looks: property ``look`` = primary, danger, quiet, chip, muted, title,
    heading, sectionHead, card, errorText; set it before the widget is shown."""
    return _usual(look, size) + (_strong(look) if look.is_contrast else "")


def _strong(look: Colours) -> str:
    """What high contrast adds: edges around all that can be used, and a focus that cannot be overlooked."""
    return f"""
QPushButton:focus, QToolButton[look="button"]:focus, QPushButton[look="primary"]:focus, QPushButton:default:focus,
QPushButton[look="danger"]:focus, QPushButton[look="search"]:focus {{ border: 3px solid {look.link};
  padding: 3px 10px; }}
QPushButton[look="primary"]:focus, QPushButton:default:focus {{ border-color: {look.text}; }}
QPushButton[look="segment"]:focus, QPushButton[look="small"]:focus {{ border: 3px solid {look.link};
  padding: 1px 8px; }}
QPushButton[look="link"] {{ text-decoration: underline; }}
QPushButton[look="link"]:focus {{ border: 2px solid {look.link}; padding: 1px 5px; }}
QPushButton[look="segment"]:checked {{ border: 2px solid {look.line_strong}; padding: 2px 11px; }}
QToolButton:focus {{ border: 2px solid {look.link}; padding: 2px; }}
QLineEdit:focus, QComboBox:focus, QSpinBox:focus, QPlainTextEdit:focus, QTextEdit:focus {{
  border: 2px solid {look.link}; padding: 3px 7px; }}
QLineEdit[look="filter"], QPushButton[look="search"] {{ border-color: {look.line_strong}; }}
QMenu::item:selected, QMenuBar::item:selected, QListView::item:selected {{ border: 1px solid {look.line_strong}; }}
QFrame[look="card"] {{ border-color: {look.line_strong}; }}
QFrame[look="card"]:focus, QFrame[look="card"][chosen="true"] {{ border: 2px solid {look.link}; }}
QTabBar::tab:selected {{ border-bottom: 3px solid {look.link}; }}
QTabBar::tab:focus {{ border: 2px solid {look.link}; }}
QCheckBox:focus, QRadioButton:focus {{ border: 2px solid {look.link}; }}
QProgressBar {{ border: 1px solid {look.line_strong}; max-height: 8px; min-height: 8px; }}
QLabel[look="chip"] {{ border: 1px solid {look.line}; }}
"""


def _usual(look: Colours, size: float) -> str:
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
