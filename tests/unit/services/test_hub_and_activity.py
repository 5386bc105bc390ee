import logging

from app.core.activity import ActivityEntry
from app.core.changes import Changes
from app.services.activity import ActivityLog
from app.services.hub import ChangeHub


def entry(number: int) -> ActivityEntry:
    return ActivityEntry(float(number), "c", "GET", "/apps", 200, 1.0)


def test_publish_reaches_listeners_until_they_unsubscribe():
    hub, heard = ChangeHub(), []
    unsubscribe = hub.subscribe(heard.append)
    hub.publish(Changes(tokens=True))
    unsubscribe()
    unsubscribe()
    hub.publish(Changes(connections=True))
    assert heard == [Changes(tokens=True)]


def test_publish_of_nothing_is_silent():
    hub, heard = ChangeHub(), []
    hub.subscribe(heard.append)
    hub.publish(Changes())
    assert heard == []


def test_publish_with_a_failing_listener_still_reaches_the_others(caplog):
    hub, heard = ChangeHub(), []

    def failing(changes):
        raise RuntimeError("broken view")

    hub.subscribe(failing)
    hub.subscribe(heard.append)
    with caplog.at_level(logging.CRITICAL, logger="app.services.hub"):
        hub.publish(Changes(tokens=True))
    assert heard == [Changes(tokens=True)]


def test_record_keeps_only_the_latest_entries():
    log = ActivityLog(kept=2)
    for number in range(3):
        log.record(entry(number))
    assert [each.at for each in log.recent()] == [1.0, 2.0]


def test_record_tells_listeners_until_they_unsubscribe():
    log, heard = ActivityLog(), []
    unsubscribe = log.subscribe(heard.append)
    log.record(entry(1))
    unsubscribe()
    log.record(entry(2))
    assert [each.at for each in heard] == [1.0]
