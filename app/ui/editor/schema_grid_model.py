"""What the grids of attributes and of links have in common: rows of one entity, marked, locked, changed in place."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from app.core.errors import Invalid
from app.core.text import plain
from app.schema.draft import Draft, Mark
from app.ui.schema.schema_document import SchemaDocument

if TYPE_CHECKING:
    from app.schema.check import Problem

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
CellKind = Literal["name", "chip", "flag", "text", "code", "note", "change"]
EditorKind = Literal["line", "words", "choice", "search", "flag", ""]
_NO_PARENT = QModelIndex()
_GIVES_WAY = frozenset({"name", "code", "note"})
_SIGN_WORDS = {"key": "primary key"}


@dataclass(frozen=True, slots=True)
class Cell:
    """What a delegate paints. ``text`` of a change is its word, ``note`` what follows it. ``sign`` is ``key`` at what
    is in the primary key."""

    kind: CellKind
    text: str = ""
    note: str = ""
    is_on: bool = False
    is_locked: bool = False
    problem: Problem | None = None
    sign: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry of a combo box."""

    text: str
    value: Any


@dataclass(frozen=True, slots=True)
class GridRow:
    """One row. ``key`` stays the same while the part keeps its name; ``lock`` says why it cannot be edited."""

    key: Hashable
    cells: tuple[Cell, ...]
    mark: Mark | None
    is_removed: bool
    lock: str


R = TypeVar("R", bound=GridRow)


class SchemaGridModel(QAbstractTableModel, Generic[R]):
    """Follows the document: rows come, go and change one by one, so that selection and editors stay in place.

    ``hidden`` are the columns that mean nothing on the document's platform; ``first`` is the one whose editor opens
    when a row was added.
    """

    titles: tuple[str, ...] = ()
    hidden: frozenset[int] = frozenset()
    first = 0
    spoken_titles: tuple[str, ...] = ()

    def __init__(self, document: SchemaDocument, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.document = document
        self.entity = document.selected_entity
        self._rows: list[R] = []
        self._problems: dict[tuple[str, str], Problem] = {}
        document.changed.connect(self._follow)
        document.base_changed.connect(self._follow)
        document.selected.connect(self.show_entity)
        self.show_entity(document.selected_entity)

    # To be filled in

    def _build(self, draft: Draft) -> list[R]:
        """The rows of ``self.entity``."""
        raise NotImplementedError

    def editor_kind(self, index: Index) -> EditorKind:
        """Which editor fits; "" for none. ``words`` is a line that completes what is typed (``completions``)."""
        raise NotImplementedError

    def completions(self, index: Index) -> Sequence[str]:
        return ()

    def is_list(self, column: int) -> bool:
        """Whether a cell holds several words, separated by commas."""
        return False

    def edit_text(self, index: Index) -> str:
        """The text that an editor begins with."""
        return self._rows[index.row()].cells[index.column()].text

    def choices(self, index: Index) -> Sequence[Choice]:
        return ()

    def change_of(self, rows: Sequence[int], column: int, value: Any) -> tuple[str, Callable[[Draft], Draft]] | None:
        """Title and making of the edit that puts ``value`` into a column of rows; None where nothing changes. Raises
        Invalid where the value cannot be read."""
        raise NotImplementedError

    def place(self, row: int) -> str:
        raise NotImplementedError

    # Rows

    def show_entity(self, name: str) -> None:
        self.beginResetModel()
        self.entity = name
        self._note_problems()
        self._rows = self._build(self.document.draft)
        self.endResetModel()

    def _follow(self) -> None:
        if self.entity != self.document.selected_entity:
            self.entity = self.document.selected_entity
        self._note_problems()
        self._take(self._build(self.document.draft))

    def _take(self, rows: list[R]) -> None:
        if len(rows) != len(self._rows):
            self._resize(rows)
        before, self._rows = self._rows, rows
        changed = [at for at, (old, new) in enumerate(zip(before, rows, strict=True)) if old != new]
        if changed:
            self.dataChanged.emit(self.index(changed[0], 0), self.index(changed[-1], self.columnCount() - 1))

    def _resize(self, rows: list[R]) -> None:
        """Bring the number of rows to that of ``rows``: what is alike at both ends stays."""
        old, new = [each.key for each in self._rows], [each.key for each in rows]
        head = _alike(old, new)
        tail = _alike(old[head:][::-1], new[head:][::-1])
        gone, come = len(old) - head - tail, len(new) - head - tail
        common = min(gone, come)
        if gone > common:
            self.beginRemoveRows(_NO_PARENT, head + common, head + gone - 1)
            del self._rows[head + common : head + gone]
            self.endRemoveRows()
        if come > common:
            self.beginInsertRows(_NO_PARENT, head + common, head + come - 1)
            self._rows[head + common : head + common] = rows[head + common : head + come]
            self.endInsertRows()

    def row(self, at: int) -> R:
        return self._rows[at]

    def is_name(self, column: int) -> bool:
        """Whether a column holds names or words, which can be cut where there is little room."""
        return bool(self._rows) and self._rows[0].cells[column].kind in _GIVES_WAY

    def row_of(self, name: str) -> int | None:
        """The row of an attribute or of a link's label; a removed one only where there is no other."""
        raise NotImplementedError

    def add(self, key: str = "") -> str:
        raise NotImplementedError

    def duplicate(self, rows: Sequence[int]) -> list[str]:
        raise NotImplementedError

    def remove_or_restore(self, rows: Sequence[int]) -> bool:
        raise NotImplementedError

    def find(self, matches: Callable[[R], bool]) -> int | None:
        return next((at for at, each in enumerate(self._rows) if matches(each)), None)

    def cell(self, row: int, column: int) -> Cell:
        return self._rows[row].cells[column]

    def _note_problems(self) -> None:
        found: dict[tuple[str, str], Problem] = {}
        for each in self.document.problems_of(self.entity):
            found.setdefault((each.place, each.field), each)
        self._problems = found

    def problem(self, place: str, *fields: str) -> Problem | None:
        return next((self._problems[place, each] for each in fields if (place, each) in self._problems), None)

    # Editing

    def can_edit(self, row: int, column: int) -> bool:
        return not self.lock(row, column) and self.editor_kind(self.index(row, column)) != ""

    def lock(self, row: int, column: int) -> str:
        """Why this cell cannot be edited, "" where it can."""
        each = self._rows[row]
        return self.document.lock_reason or each.lock or self.lock_of_cell(row, column)

    def lock_of_cell(self, row: int, column: int) -> str:
        return ""

    def refusal(self, row: int, column: int, value: Any) -> str:
        """Why this value would not be taken, "" where it would; changes nothing."""
        try:
            made = self.change_of([row], column, value)
            if made is None:
                return ""
            after = made[1](self.document.draft)
        except Invalid as error:
            return plain(error.fields[0].message if error.fields else error.sentence, 300)
        return self._new_problem(row, column, value, after)

    def _new_problem(self, row: int, column: int, value: Any, after: Draft) -> str:
        return ""

    def set_values(self, rows: Sequence[int], column: int, value: Any, *, key: str = "") -> bool:
        """One undo step for all of the rows; those that are locked are left out."""
        free = [at for at in rows if not self.lock(at, column)]
        try:
            made = self.change_of(free, column, value) if free else None
        except Invalid as error:
            self.document.refused.emit(error.sentence, self.place(free[0]))
            return False
        if made is None:
            return not self.document.lock_reason
        return self.document.edit(made[0], made[1], key=key, place=self.place(free[0]))

    def toggle(self, rows: Sequence[int], column: int, lead: int) -> bool:
        """Turn a flag of the row ``lead``, and bring all the others to the same."""
        return self.set_values(rows, column, not self.cell(lead, column).is_on)

    def setData(self, index: Index, value: Any, role: int = Role.EditRole) -> bool:
        if role != Role.EditRole or not index.isValid():
            return False
        return self.set_values([index.row()], index.column(), value)

    # Qt's view of it

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self.titles)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Role.DisplayRole:
            return self.titles[section]
        return self.spoken_titles[section] if role in (Role.AccessibleTextRole, Role.ToolTipRole) else None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        found = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemNeverHasChildren
        if self.can_edit(index.row(), index.column()):
            is_flag = self._rows[index.row()].cells[index.column()].kind == "flag"
            found |= Qt.ItemFlag.ItemIsUserCheckable if is_flag else Qt.ItemFlag.ItemIsEditable
        return found

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        if role == Role.DisplayRole:
            cell = self._rows[index.row()].cells[index.column()]
            return f"{cell.text} {cell.note}".strip() if cell.kind != "flag" else ("✓" if cell.is_on else "")
        if role == Role.EditRole:
            return self.edit_text(index)
        if role == Role.ToolTipRole:
            return self._tip(index.row(), index.column()) or self._whole(index.row(), index.column()) or None
        if role == Role.AccessibleTextRole:
            return self._spoken(index.row(), index.column())
        return None

    def _tip(self, row: int, column: int) -> str:
        each, cell = self._rows[row], self._rows[row].cells[column]
        if cell.problem is not None:
            return f"{plain(cell.problem.sentence, 300)} {plain(cell.problem.remedy, 300)}".strip()
        if each.is_removed:
            return "Removed with the next push. Delete or Undo brings it back."
        if cell.kind == "change":
            return plain(f"{cell.text} {cell.note}".strip(), 300)
        return self.lock(row, column) or (_SIGN_WORDS[cell.sign].capitalize() if cell.sign else "")

    def _whole(self, row: int, column: int) -> str:
        """What a narrow column cuts."""
        cell = self._rows[row].cells[column]
        return "" if cell.kind == "flag" else plain(f"{cell.text} {cell.note}".strip(), 300)

    def _spoken(self, row: int, column: int) -> str:
        each, cell = self._rows[row], self._rows[row].cells[column]
        said = self.spoken_titles[column]
        value = ("yes" if cell.is_on else "no") if cell.kind == "flag" else f"{cell.text} {cell.note}".strip()
        parts = [f"{said}: {value or 'none'}"]
        if cell.sign:
            parts.append(_SIGN_WORDS[cell.sign])
        if each.mark is not None and cell.kind != "change":
            parts.append(each.mark.kind)
        if cell.problem is not None:
            parts.append(f"problem: {plain(cell.problem.sentence, 300)}")
        return ", ".join(parts)


def change_cell(mark: Mark | None) -> Cell:
    """The last cell of a row: what is going to happen to it, in words."""
    return Cell("change", mark.kind, plain(mark.note, 120)) if mark is not None else Cell("change")


def removed_mark(mark: Mark | None) -> Mark:
    """The mark of a removed row, also where another part has its name by now."""
    return mark if mark is not None and mark.kind == "removed" else Mark("removed")


def _alike(left: Sequence[Hashable], right: Sequence[Hashable]) -> int:
    """How many entries are the same from the start."""
    pairs = zip(left, right, strict=False)
    return next((at for at, (one, other) in enumerate(pairs) if one != other), min(len(left), len(right)))
