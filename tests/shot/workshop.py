"""Pictures of the schema workshop: grids, diagram, text, a plan with each kind of risk, a failed job with its rows."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace

from PySide6.QtWidgets import QApplication, QWidget

from app.core.refs import AppRef
from app.schema.draft import Draft
from app.schema.model import Attribute, Link, LinkEnd
from app.schema.types import DateType, NumberType, StringType
from app.ui.plans.plan_dialog import PlanDialog
from app.ui.plans.plan_words import Stage
from app.ui.program.application import Start

Until = Callable[[Callable[[], object], str], None]
CHANNELS, MESSAGES, PEOPLE = 4, 38, 6


def screens(start: Start, until: Until) -> Iterator[tuple[str, QWidget]]:
    """Name and widget of each picture, in the order in which the screens come up."""
    ref = _chat_app(start)
    window = start.window
    window.open_app(ref)
    view = window.tabs.currentWidget()
    until(lambda: view.editor is not None and view.editor.document.is_open, "the schema")
    editor = view.editor
    document = editor.document
    document.edit("Stage edits", _edited)
    document.select("messages")
    editor.show_side(0)
    until(lambda: document.is_reviewed and len(document.plan) > 5, "the plan")
    yield "schema-diagram", window
    editor.show_side(1)
    yield "schema-text", window
    editor.toggle_side()
    yield "schema-grid", window
    editor.toggle_side()
    editor.review()
    dialog = next(each for each in QApplication.topLevelWidgets() if isinstance(each, PlanDialog) and each.isVisible())
    until(lambda: dialog.stage is Stage.REVIEW, "the review")
    until(lambda: not dialog.review_page.model.is_counting, "the counts")
    yield "plan", dialog
    dialog.reject()
    document.discard()
    document.edit("Require a topic", lambda draft: draft.change_attribute("channels", "topic", is_required=True))
    editor.review()
    dialog = next(each for each in QApplication.topLevelWidgets() if isinstance(each, PlanDialog) and each.isVisible())
    until(lambda: dialog.stage is Stage.REVIEW, "the review")
    dialog.act()
    until(lambda: dialog.stage is Stage.ENDED, "the end of the push")
    yield "failed-job", dialog
    dialog.reject()
    document.discard()
    window.close_current_tab()


def fill(start: Start, until: Until) -> None:
    """Rows in the app of the pictures, so that there is something to count and something in the way."""
    ref = _chat_app(start)
    steps: list[list[object]] = []
    channels = [str(uuid.uuid4()) for _ in range(CHANNELS)]
    for number, row in enumerate(channels):
        fields = {"name": f"channel-{number}"} | ({"topic": "Talk"} if number == 0 else {})
        steps.append(["create", "channels", row, fields])
    for number in range(PEOPLE):
        steps.append(["create", "users", str(uuid.uuid4()), {"handle": f"person-{number}", "name": "Kim"}])
    for number in range(MESSAGES):
        row = str(uuid.uuid4())
        steps.append(["create", "messages", row, {"text": f"Hello {number}", "sentAt": "2026-11-21T08:00:00Z"}])
        steps.append(["link", "messages", row, {"channel": channels[number % CHANNELS]}])

    async def write(services) -> None:
        client = await services.lifecycle._clients.get(ref.connection_id)
        await client.transact(ref.app_id, steps)

    future = start.runner.engine.submit(write)
    until(future.done, "the rows")
    future.result()


def _chat_app(start: Start) -> AppRef:
    row = next(each for each in start.window.data.table.rows if each.template == "chat" and each.state == "ok")
    return AppRef(row.connection_id, row.app_id)


def _edited(draft: Draft) -> Draft:
    """One step of each risk, and of each kind of mark."""
    draft = draft.add_attribute("messages", Attribute("priority", NumberType()))
    draft = draft.rename_attribute("messages", "text", "body")
    draft = draft.change_attribute("messages", "sentAt", is_required=True, is_indexed=False)
    draft = draft.drop_attribute("channels", "topic")
    draft = draft.change_attribute("users", "name", is_unique=True)
    draft = draft.change_attribute("channels", "name", type=StringType())
    draft = draft.add_entity(
        "invoices", (Attribute("number", StringType(), is_unique=True), Attribute("due", DateType()))
    )
    draft = draft.add_attribute("messages", Attribute("readAt", DateType(), is_indexed=True))
    link = Link("messagesInvoice", LinkEnd("messages", "invoice", "one"), LinkEnd("invoices", "messages", "many"))
    draft = draft.add_link(link)
    old = next(each for each in draft.wanted.links if each.forward.label == "author")
    key = (old.forward.entity, old.forward.label, old.reverse.entity, old.reverse.label)
    return draft.change_link(key, replace(old, forward=replace(old.forward, label="writer")))
