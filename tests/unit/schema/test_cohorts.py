from app.core.refs import AppRef
from app.schema.cohorts import cohorts, sentence


def _refs(*fingerprints: str) -> list[tuple[AppRef, str]]:
    return [(AppRef("c", str(at)), each) for at, each in enumerate(fingerprints)]


def test_cohorts_puts_equal_schemas_together_the_largest_first() -> None:
    found = cohorts(_refs("b", "a", "a", "c"))

    assert [(each.fingerprint, [ref.app_id for ref in each.refs]) for each in found] == [
        ("a", ["1", "2"]),
        ("b", ["0"]),
        ("c", ["3"]),
    ]


def test_sentence_counts_versions_and_odd_ones() -> None:
    assert sentence(cohorts(_refs(*"aaaaaaaaabbc"))) == "9 on this version, 2 on that, 1 odd one."
    assert sentence(cohorts(_refs(*"aaabbccde"))) == "3 on this version, 2 on that, 2 on 1 other, 2 odd ones."
    assert sentence(cohorts(_refs(*"aaab"))) == "3 on this version, 1 odd one."
    assert sentence(cohorts(_refs(*"aa"))) == "All 2 apps on one version."
    assert sentence(cohorts(_refs(*"ab"))) == "2 apps, each on a version of its own."
    assert sentence(cohorts(_refs("a"))) == "1 app, nothing to compare it with."
    assert sentence(()) == "No schemas to compare."
