"""The diagram of a schema: laid out beside the UI thread, in step with the grids, steady, to be saved and copied."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QFont, QGuiApplication, QImage, QWheelEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from app.core.refs import AppRef
from app.schema.compare import Renames
from app.schema.draft import Draft
from app.schema.layout import Measure
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
from app.schema.types import DateType, NumberType, StringType
from app.ui.diagram.diagram_picture import entity_sentence, picture_of, sentence, shown_schema
from app.ui.diagram.diagram_view import DiagramView
from app.ui.look import theme
from app.ui.schema.schema_document import SchemaDocument
from app.ui.work.runner import Runner
from tests.ui.content_fakes import ANA, LOCAL, runner, services

__all__ = ["runner", "services"]

TITLE, NOTE = Attribute("title", StringType(), is_required=True), Attribute("note", StringType())
OWNER = Link("todosOwner", LinkEnd("todos", "owner", "one"), LinkEnd("users", "todos", "many"))
SCHEMA = Schema(
    (Entity("todos", (TITLE, NOTE)), Entity("users", (Attribute("email", StringType()),)), Entity("tags", (NOTE,))),
    (OWNER,),
)
PRIORITY = Attribute("priority", NumberType())


@pytest.fixture
def document(runner: Runner, services: Any) -> SchemaDocument:
    services.workshop.schema_of = lambda _ref: SCHEMA
    made = SchemaDocument(runner, LOCAL, ANA, "Ana’s workspace", runner)
    made.open(services.workshop.opened(AppRef("local", ANA)))
    return made


@pytest.fixture
def view(qtbot: QtBot, runner: Runner, document: SchemaDocument) -> DiagramView:
    made = DiagramView(document, runner)
    qtbot.addWidget(made)
    made.resize(900, 700)
    made.show()
    settle(qtbot, made)
    return made


def settle(qtbot: QtBot, view: DiagramView) -> None:
    """Until the diagram shows the draft in force."""
    qtbot.waitUntil(lambda: view.picture is not None and view.picture.draft is view._document.draft)


def change(qtbot: QtBot, view: DiagramView, draft: Draft) -> None:
    assert view._document.edit("Change", lambda _: draft)
    settle(qtbot, view)


def place_of(view: DiagramView, name: str, dy: float | None = None) -> QPoint:
    """Where a box is in the viewport: its head, or ``dy`` below its top."""
    rect = view.scene.rect_of(name)
    return view.canvas.mapFromScene(QPointF(rect.center().x(), rect.top() + (8 if dy is None else dy)))


def test_diagram_view_shows_entities_and_says_what_it_shows(view: DiagramView) -> None:
    assert sorted(box.name for box in view.scene.diagram.boxes) == ["tags", "todos", "users"]
    assert view.canvas.accessibleName() == "Diagram: 3 entities, 1 link"


def test_diagram_view_click_selects_the_entity(view: DiagramView, document: SchemaDocument, qtbot: QtBot) -> None:
    document.select("todos")
    qtbot.mouseClick(view.canvas.viewport(), Qt.MouseButton.LeftButton, pos=place_of(view, "users"))
    assert document.selected_entity == "users"
    assert view.scene.item.selected == "users"
    assert view.canvas.accessibleDescription() == "users: 1 attribute, linked with todos"


def test_diagram_view_double_click_goes_to_the_attribute_in_its_grid(
    view: DiagramView, document: SchemaDocument, qtbot: QtBot
) -> None:
    measure = view.scene.diagram.measure
    second = measure.title_height + 4 + measure.row_height * 1.5
    told: list[tuple[str, ...]] = []
    view.grid_wanted.connect(lambda name: told.append((name,)))
    document.part_wanted.connect(lambda name, part: told.append((name, part)))
    qtbot.mouseDClick(view.canvas.viewport(), Qt.MouseButton.LeftButton, pos=place_of(view, "todos", second))
    assert told == [("todos", "note"), ("todos",)]


def test_diagram_view_selection_in_the_grid_is_brought_into_sight(view: DiagramView, document: SchemaDocument) -> None:
    view.canvas.set_zoom(3.0)
    view.canvas.centerOn(view.scene.rect_of("tags").center())
    document.select("todos")
    assert view.canvas.in_sight().contains(view.scene.rect_of("todos").center())
    assert view.scene.item.selected == "todos"


def test_diagram_view_drag_pans_and_selects_nothing(view: DiagramView, document: SchemaDocument, qtbot: QtBot) -> None:
    document.select("todos")
    view.canvas.set_zoom(2.0)
    port, before = view.canvas.viewport(), view.canvas.in_sight().topLeft()
    qtbot.mousePress(port, Qt.MouseButton.LeftButton, pos=QPoint(300, 300))
    qtbot.mouseMove(port, QPoint(260, 260))
    qtbot.mouseMove(port, QPoint(240, 240))
    qtbot.mouseRelease(port, Qt.MouseButton.LeftButton, pos=QPoint(240, 240))
    assert view.canvas.in_sight().topLeft() != before
    assert document.selected_entity == "todos"


def test_diagram_view_keys_zoom_pan_and_fit(view: DiagramView, qtbot: QtBot) -> None:
    canvas = view.canvas
    qtbot.keyClick(canvas, Qt.Key.Key_0)
    assert canvas.zoom == 1.0
    qtbot.keyClick(canvas, Qt.Key.Key_Plus)
    assert canvas.zoom > 1.0
    assert view.zoom_label.text() == "120 %"
    qtbot.keyClick(canvas, Qt.Key.Key_Minus)
    assert canvas.zoom == pytest.approx(1.0)
    canvas.set_zoom(3.0)
    before = canvas.in_sight().x()
    qtbot.keyClick(canvas, Qt.Key.Key_Right)
    assert canvas.in_sight().x() > before
    qtbot.keyClick(canvas, Qt.Key.Key_F)
    assert canvas.in_sight().contains(view.scene.contents())


def test_diagram_view_ctrl_wheel_zooms_where_the_mouse_is(view: DiagramView) -> None:
    place = QPointF(200, 150)
    before = view.canvas.mapToScene(place.toPoint())
    wheel = QWheelEvent(
        place,
        view.canvas.viewport().mapToGlobal(place),
        QPoint(),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.ControlModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    zoom = view.canvas.zoom
    QApplication.sendEvent(view.canvas.viewport(), wheel)
    assert view.canvas.zoom == pytest.approx(zoom * 1.2)
    assert (view.canvas.mapToScene(place.toPoint()) - before).manhattanLength() < 400


def test_diagram_view_tab_walks_through_all_boxes_and_then_leaves(
    view: DiagramView, document: SchemaDocument, qtbot: QtBot
) -> None:
    order = [box.name for box in view.scene.diagram.boxes]
    document.select(order[0])
    view.canvas.setFocus()
    walked = []
    for _ in order[1:]:
        qtbot.keyClick(view.canvas, Qt.Key.Key_Tab)
        walked.append(document.selected_entity)
    assert walked == order[1:]
    qtbot.keyClick(view.canvas, Qt.Key.Key_Tab)
    assert document.selected_entity == order[-1]


def test_diagram_view_escape_leaves_at_once(qtbot: QtBot, view: DiagramView) -> None:
    view.canvas.setFocus()
    qtbot.waitUntil(view.canvas.hasFocus)
    qtbot.keyClick(view.canvas, Qt.Key.Key_Escape)
    assert not view.canvas.hasFocus()


def test_diagram_view_ctrl_arrow_goes_to_the_box_in_that_direction(
    view: DiagramView, document: SchemaDocument, qtbot: QtBot
) -> None:
    document.select("users")
    qtbot.keyClick(view.canvas, Qt.Key.Key_Down, Qt.KeyboardModifier.ControlModifier)
    assert document.selected_entity == "todos"
    qtbot.keyClick(view.canvas, Qt.Key.Key_Up, Qt.KeyboardModifier.ControlModifier)
    assert document.selected_entity == "users"


def test_diagram_view_enter_goes_to_the_grid(view: DiagramView, document: SchemaDocument, qtbot: QtBot) -> None:
    document.select("todos")
    with qtbot.waitSignal(document.part_wanted) as told:
        qtbot.keyClick(view.canvas, Qt.Key.Key_Return)
    assert told.args == ["todos", "title"]


def test_diagram_view_minimap_shows_when_there_is_more_and_moves_the_diagram(view: DiagramView, qtbot: QtBot) -> None:
    view.canvas.fit()
    assert not view.canvas.minimap.isVisible()
    view.canvas.set_zoom(3.0)
    assert view.canvas.minimap.isVisible()
    view.canvas.centerOn(QPointF(0, 0))
    before = view.canvas.in_sight().center()
    minimap = view.canvas.minimap
    corner = QPoint(minimap.width() - 4, minimap.height() - 4)
    qtbot.mouseClick(minimap, Qt.MouseButton.LeftButton, pos=corner)
    after = view.canvas.in_sight().center()
    assert after.x() > before.x()
    assert after.y() > before.y()


def test_diagram_view_edit_of_an_attribute_moves_nothing_else(view: DiagramView, qtbot: QtBot) -> None:
    before = {box.name: (box.x, box.y) for box in view.scene.diagram.boxes}
    todos = replace(SCHEMA.entities[0], attributes=(TITLE, NOTE, PRIORITY))
    change(qtbot, view, Draft(SCHEMA, replace(SCHEMA, entities=(todos, *SCHEMA.entities[1:]))))
    assert {box.name: (box.x, box.y) for box in view.scene.diagram.boxes} == before
    box = view.scene.diagram.box("todos")
    assert box is not None
    assert (box.note, [row.note for row in box.rows]) == ("changed", ["", "", "new"])
    assert view.canvas.accessibleName() == "Diagram: 3 entities, 1 of them with staged changes, 1 link"


def test_diagram_view_hidden_catches_up_when_it_is_shown(view: DiagramView, qtbot: QtBot) -> None:
    view.hide()
    draft = Draft(SCHEMA, replace(SCHEMA, entities=(*SCHEMA.entities, Entity("fresh"))))
    assert view._document.edit("Add fresh", lambda _: draft)
    assert view.scene.diagram.box("fresh") is None
    view.show()
    settle(qtbot, view)
    assert view.scene.diagram.box("fresh") is not None


def test_diagram_view_of_nothing_says_so(view: DiagramView, qtbot: QtBot) -> None:
    empty = Schema()
    change(qtbot, view, Draft(empty, empty))
    assert not view.canvas.isVisible()
    assert view._empty.isVisible()


def test_diagram_view_arrange_lays_everything_out_anew(view: DiagramView, qtbot: QtBot) -> None:
    fresh = view.scene.diagram
    view.canvas.set_zoom(0.5)
    with qtbot.waitSignal(view.shown):
        view.arrange_action.trigger()
    assert view.scene.diagram == fresh


@pytest.mark.parametrize("scale", [0.05, 0.2, 1.0])
def test_diagram_view_paints_at_every_distance(view: DiagramView, scale: float) -> None:
    view.canvas.set_zoom(scale)
    view.canvas.centerOn(view.scene.contents().center())
    image = view.canvas.grab().toImage()
    colours_seen = {image.pixel(x, y) for x in range(0, image.width(), 3) for y in range(0, image.height(), 3)}
    assert len(colours_seen) > 1


def test_diagram_view_saves_svg(view: DiagramView, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "out.svg"
    view.save(path, "svg")
    qtbot.waitUntil(lambda: view.note.isVisible())
    assert view.note.text() == "Saved out.svg."
    texts = {each.text for each in ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}text")}
    assert {"todos", "users", "owner"} <= texts
    assert [each.name for each in tmp_path.iterdir()] == ["out.svg"]


def test_diagram_view_saves_png_of_the_whole_diagram(view: DiagramView, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "out.png"
    view.save(path, "png")
    qtbot.waitUntil(lambda: view.note.isVisible())
    image = QImage(str(path))
    assert image.width() == int(view.scene.diagram.width * 2)


def test_diagram_view_file_that_cannot_be_written_is_told_by_the_router(
    view: DiagramView, runner: Runner, qtbot: QtBot, tmp_path: Path
) -> None:
    with qtbot.waitSignal(runner.known_error) as told:
        view.save(tmp_path / "no such folder" / "out.svg", "svg")
    error, title = told.args
    assert "could not be written" in error.sentence
    assert error.remedy
    assert title == "Save the diagram as SVG"


def test_diagram_view_asks_for_a_file_without_blocking(view: DiagramView, qtbot: QtBot, tmp_path: Path) -> None:
    dialog = view.ask_file("svg")
    assert isinstance(dialog, QFileDialog)
    assert dialog.selectedFiles()[0].endswith("Ana-s-workspace-diagram.svg")
    dialog.fileSelected.emit(str(tmp_path / "chosen.svg"))
    qtbot.waitUntil(lambda: (tmp_path / "chosen.svg").exists())
    dialog.close()


def test_diagram_view_copies_mermaid(view: DiagramView, qtbot: QtBot) -> None:
    view.mermaid_action.trigger()
    qtbot.waitUntil(lambda: view.note.isVisible())
    copied = QGuiApplication.clipboard().text()
    assert copied.startswith("erDiagram")
    assert "todos" in copied


def test_diagram_view_buttons_can_be_told_by_name(view: DiagramView) -> None:
    from PySide6.QtWidgets import QToolButton

    assert all(each.accessibleName() for each in view.findChildren(QToolButton) if each.isVisible())


def test_diagram_view_follows_the_theme_and_the_size_of_text(
    view: DiagramView, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(theme, "_current", theme.DARK)
    view.refresh_looks()
    assert view.scene.backgroundBrush().color() == QColor(theme.DARK.card)
    before = view.scene.diagram.width
    font = QApplication.font()
    large = QFont(font)
    large.setPointSizeF(font.pointSizeF() * 2)
    QApplication.setFont(large)
    try:
        view.refresh_looks()
        qtbot.waitUntil(lambda: view.scene.diagram.width > before * 1.3)
    finally:
        QApplication.setFont(font)


def test_diagram_view_dies_while_it_is_laid_out(qtbot: QtBot, runner: Runner, document: SchemaDocument) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    view = DiagramView(document, runner, parent)
    view.arrange()
    gone: list[bool] = []
    view.destroyed.connect(lambda: gone.append(True))
    view.deleteLater()
    qtbot.waitUntil(lambda: bool(gone))


# What the picture of a draft is made of


def _note_of(draft: Draft) -> tuple[dict[Any, str], dict[Any, str], dict[Any, str]]:
    notes = shown_schema(draft)[1]
    return dict(notes.entities), dict(notes.attributes), dict(notes.links)


def test_picture_of_an_unchanged_draft_has_no_notes() -> None:
    schema, notes = shown_schema(Draft(SCHEMA, SCHEMA))
    assert schema == SCHEMA
    assert not notes.entities
    assert not notes.attributes
    assert not notes.links


def test_picture_keeps_removed_parts_and_names_what_happens() -> None:
    todos = Entity("todos", (replace(TITLE, is_required=False), PRIORITY))
    other = Link("todosTag", LinkEnd("todos", "tag", "one"), LinkEnd("fresh", "todos", "many"))
    draft = Draft(SCHEMA, Schema((todos, SCHEMA.entities[1], Entity("fresh")), (other,)))
    entities, attributes, links = _note_of(draft)
    assert (entities["todos"], entities["fresh"], entities["tags"]) == ("changed", "new", "removed")
    assert attributes == {
        ("todos", "title"): "changed",
        ("todos", "priority"): "new",
        ("todos", "note"): "removed",
    }
    assert links == {("todos", "tag", "fresh", "todos"): "new", ("todos", "owner", "users", "todos"): "removed"}
    schema = shown_schema(draft)[0]
    assert {each.name for each in schema.entities} == {"todos", "users", "fresh", "tags"}


def test_picture_renamed_parts_are_renamed_not_removed() -> None:
    tasks = Entity("tasks", (replace(TITLE, name="headline"), NOTE))
    link = replace(OWNER, forward=replace(OWNER.forward, entity="tasks"))
    renames = Renames(entities=(("todos", "tasks"),), attributes=(("todos", "title", "headline"),))
    draft = Draft(SCHEMA, Schema((tasks, *SCHEMA.entities[1:]), (link,)), renames)
    entities, attributes, links = _note_of(draft)
    assert entities["tasks"] == "renamed"
    assert attributes == {("tasks", "headline"): "renamed"}
    assert links == {}


def test_picture_renamed_entity_keeps_its_place() -> None:
    before = picture_of(Draft(SCHEMA, SCHEMA), Measure())
    tasks = replace(SCHEMA.entities[0], name="tasks")
    link = replace(OWNER, forward=replace(OWNER.forward, entity="tasks"))
    draft = Draft(SCHEMA, Schema((tasks, *SCHEMA.entities[1:]), (link,)), Renames(entities=(("todos", "tasks"),)))
    after = picture_of(draft, Measure(), before)
    old, new = before.diagram.box("todos"), after.diagram.box("tasks")
    assert old is not None
    assert new is not None
    assert (old.x, old.y) == (new.x, new.y)


def test_picture_of_another_draft_with_the_same_meaning_is_not_laid_out_again() -> None:
    before = picture_of(Draft(SCHEMA, SCHEMA), Measure())
    assert picture_of(Draft(SCHEMA, SCHEMA), Measure(), before).diagram is before.diagram


def test_picture_in_words_for_those_who_do_not_see_it() -> None:
    draft = Draft(SCHEMA, replace(SCHEMA, entities=(*SCHEMA.entities, Entity("due", (Attribute("at", DateType()),)))))
    picture = picture_of(draft, Measure())
    assert sentence(picture) == "Diagram: 4 entities, 1 of them with staged changes, 1 link"
    assert entity_sentence(picture, "due") == "due (new): 1 attribute, no links"
    assert entity_sentence(picture, "nobody") == ""


def test_diagram_view_minimap_makes_way_for_the_chosen_box(view: DiagramView) -> None:
    canvas = view.canvas
    canvas.set_zoom(2.0)
    box = view.scene.rect_of("todos")
    half = canvas.in_sight().size() / 2
    canvas.centerOn(box.bottomRight() - QPointF(half.width() - 10, half.height() - 10))
    canvas.show_box("todos")
    assert canvas.minimap.isVisible()
    assert canvas.in_sight().contains(box)
    assert not canvas.minimap.geometry().intersects(canvas.mapFromScene(box).boundingRect())
