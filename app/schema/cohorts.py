"""Apps grouped by their schema: which of them are alike, and which one is odd."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app.core.refs import AppRef


@dataclass(frozen=True, slots=True)
class Cohort:
    """Apps whose schemas have this fingerprint, in the order in which they were given."""

    fingerprint: str
    refs: tuple[AppRef, ...]


def cohorts(items: Iterable[tuple[AppRef, str]]) -> tuple[Cohort, ...]:
    """The largest first; of equal ones that which came first."""
    found: dict[str, list[AppRef]] = {}
    for ref, fingerprint in items:
        found.setdefault(fingerprint, []).append(ref)
    made = [Cohort(fingerprint, tuple(refs)) for fingerprint, refs in found.items()]
    return tuple(sorted(made, key=lambda each: -len(each.refs)))


def sentence(groups: Iterable[Cohort]) -> str:
    """ "9 on this version, 2 on that, 1 odd one": the first two groups are named, the rest is counted."""
    found = tuple(groups)
    if not found:
        return "No schemas to compare."
    sizes = [len(each.refs) for each in found]
    if len(found) == 1:
        return "1 app, nothing to compare it with." if sizes[0] == 1 else f"All {sizes[0]:,} apps on one version."
    if max(sizes) == 1:
        return f"{len(found):,} apps, each on a version of its own."
    parts = [f"{sizes[0]:,} on this version"]
    larger = [size for size in sizes[1:] if size > 1]
    if larger:
        parts.append(f"{larger[0]:,} on that")
    if len(larger) > 1:
        rest = len(larger) - 1
        parts.append(f"{sum(larger[1:]):,} on {rest:,} other{'' if rest == 1 else 's'}")
    odd = sum(size == 1 for size in sizes)
    if odd:
        parts.append("1 odd one" if odd == 1 else f"{odd:,} odd ones")
    return ", ".join(parts) + "."
