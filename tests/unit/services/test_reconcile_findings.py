from app.core.apps import AppKind, AppState, AppSummary
from app.schema.drift import Difference
from app.services.reconcile_findings import Facts, findings
from app.services.registry import Claim, Registry
from tests.unit.services.fakes import FOUNDATION, uid

ADA, BELA = ("ada@example.com", "u1"), ("bela@example.com", "u2")


def app(number: int, **changes) -> AppSummary:
    return AppSummary("c1", uid(number), f"App {number}", state="ok")._replace(**changes)


def claim(record_id: str, number: int, *owners: tuple[str, str], kind=AppKind.TENANT, **changes) -> Claim:
    labels, ids = tuple(each for each, _ in owners), tuple(each for _, each in owners)
    return Claim(record_id, uid(number), kind, labels, owner_ids=ids, **changes)


def found(claims=(), apps=(), *, registry=None, **facts):
    registry = {"others": frozenset(), **(registry or {})}
    return findings(Facts(Registry("c1", FOUNDATION, tuple(claims), **registry), tuple(apps), **facts))


def kinds(findings_) -> list[str]:
    return [each.key for each in findings_]


def test_registry_that_fits_has_no_findings():
    claims = [claim("r1", 1, ADA), claim("d1", 2, ("Sort", "t1"), kind=AppKind.TASK)]
    assert found(claims, [app(1), app(2), AppSummary("c1", FOUNDATION, "tar")]) == ()


def test_entry_whose_app_is_gone_is_missing_and_nothing_else():
    (finding,) = found([claim("r1", 1, ADA), claim("r2", 1)], [app(1, state=AppState.MISSING.value)])
    assert finding.key == f"missing-app:{uid(1)}"
    assert finding.sentence.endswith(", the app of ada@example.com, but it is not on the platform.")
    (mend,) = finding.mends
    assert mend.is_destructive
    assert "cannot be undone" in mend.sentence
    assert "its 2 entries" in mend.sentence


def test_entry_of_a_task_whose_app_is_gone_is_called_by_its_name():
    (finding,) = found([claim("d1", 1, ("Sort", "t1"), kind=AppKind.TASK, name="swift-blue-river")])
    assert "names swift-blue-river, the database of the task Sort," in finding.sentence


def test_app_that_nobody_owns_is_unowned():
    (finding,) = found([], [app(1)])
    assert finding.key == f"unowned-app:{uid(1)}"
    assert [(each.key, each.asks, each.is_destructive) for each in finding.mends] == [
        ("link", "user", False),
        ("other", "", False),
    ]
    assert finding.mends[0].choose("u1") == "link:u1"
    assert finding.mend("link:u1") is finding.mends[0]
    assert finding.mend("remove") is None


def test_app_of_an_organisation_or_marked_or_foundation_is_not_unowned():
    apps = [app(1, org="Field Works"), app(2), AppSummary("c1", FOUNDATION, "tar")]
    assert found([], apps, registry={"others": frozenset({uid(2)})}) == ()


def test_apps_are_not_unowned_where_the_registry_was_not_read_to_its_end():
    assert found([], [app(1)], registry={"is_complete": False}) == ()


def test_user_with_several_apps_keeps_the_newest_that_is_there():
    claims = [claim("r1", 1, ADA), claim("r2", 2, ADA), claim("r3", 3, ADA)]
    findings_ = found(claims, [app(1, created_at=5), app(2, created_at=9)])
    several = next(each for each in findings_ if each.kind == "several-apps")
    assert several.key == "several-apps:u1"
    assert [each.key for each in several.mends] == [f"keep:{uid(2)}", f"keep:{uid(1)}", f"keep:{uid(3)}"]
    assert "the 2 other apps" in several.mends[0].sentence
    assert "(not on the platform)" in several.detail


def test_two_entries_for_one_app_of_one_user_are_a_duplicate_and_no_several_apps():
    (finding,) = found([claim("r2", 1, ADA), claim("r1", 1, ADA), claim("r0", 1)], [app(1)])
    assert finding.key == f"duplicate-entry:{uid(1)}"
    assert [each.key for each in finding.mends] == ["keep:r1", "keep:r2", "keep:r0"]
    assert all(each.is_destructive for each in finding.mends)


def test_entry_in_both_registries_is_a_duplicate_that_keeps_the_one_with_the_token():
    (finding,) = found([claim("r1", 1, ADA), claim("d1", 1, ("Sort", "t1"), kind=AppKind.TASK)], [app(1)])
    assert finding.kind == "duplicate-entry"
    assert finding.mends[0].key == "keep:d1"


def test_entry_without_an_owner_is_unlinked():
    user, task = found([claim("r1", 1), claim("d1", 2, kind=AppKind.TASK)], [app(1), app(2)])
    assert [each.kind for each in (user, task)] == ["unlinked-entry", "unlinked-entry"]
    assert (user.mends[0].asks, task.mends[0].asks) == ("user", "task")
    assert [each.is_destructive for each in task.mends] == [False, False, True]
    assert "admin token" in task.mends[2].sentence
    assert "admin token" not in user.mends[2].sentence


def test_database_of_an_iteration_or_marked_is_not_unlinked():
    claims = [claim("d1", 1, kind=AppKind.TASK, iteration_id="i1"), claim("r2", 2)]
    assert found(claims, [app(1), app(2)], registry={"others": frozenset({uid(2)})}) == ()


def test_dead_token_can_be_replaced_or_says_why_not():
    claims = [claim("d1", 1, ("Sort", "t1"), kind=AppKind.TASK), claim("d2", 2, ("Wait", "t2"), kind=AppKind.TASK)]
    facts = {"dead_tokens": {"d1": "Not accepted.", "d2": "", "gone": "x"}}
    dead, none = found(claims, [app(1), app(2)], **facts)
    assert (dead.key, dead.mends[0].refusal) == ("dead-token:d1", "")
    assert "not accepted any more" in dead.sentence
    assert none.sentence == "The registry has no admin token for App 2."
    refused, _ = found(claims, [app(1), app(2)], **facts, no_rotation="No login.")
    assert refused.mends[0].refusal == "No login."


def test_drifted_app_offers_a_plan():
    drifts = {uid(1): tuple(Difference(f"todos.x{each} is missing.", "todos", "attribute") for each in range(7))}
    (finding,) = found([claim("r1", 1, ADA)], [app(1, template="todo")], drifts=drifts)
    assert finding.sentence == "App 1 differs from the template todo: 7 attributes."
    assert finding.detail.endswith("And 2 more.")
    assert finding.mends[0].is_offer
    assert not finding.mends[0].is_destructive


def test_hostile_texts_are_plain_and_cut():
    title, owner = "x\u202e\n<b>" + "y" * 500, "\x00evil@example.com" + "z" * 500
    findings_ = found([claim("r1", 1, (owner, "u1")), claim("r2", 1)], [app(1, title=title)])
    assert all(len(each.sentence) < 300 and each.sentence.isprintable() for each in findings_)
    assert all(mend.sentence.isprintable() for each in findings_ for mend in each.mends)
