"""What was typed into the palette, taken apart; no Qt in here."""

from __future__ import annotations

from typing import NamedTuple

# What the first letter narrows the palette to.
PREFIXES = {">": "action", "@": "connection", "#": "app", ":": "entity"}


class Dotted(NamedTuple):
    """``app`` is a part of a title, owner or ID; ``entity`` and ``part`` are what of it is wanted, "" for any."""

    app: str
    entity: str
    part: str | None = None


class Query(NamedTuple):
    """In lower case. ``kind`` is one of the values of ``PREFIXES``, "" for all kinds."""

    kind: str
    whole: str
    terms: tuple[str, ...]

    def narrows(self, before: Query) -> bool:
        """Whether nothing matches this that did not match ``before``."""
        return self.kind == before.kind and all(any(old in new for new in self.terms) for old in before.terms)


def parsed(text: str) -> Query:
    text = text.lower().replace("\0", " ").strip()
    kind = PREFIXES.get(text[:1], "")
    if kind:
        text = text[1:].strip()
    terms = tuple(text.split())
    return Query(kind, " ".join(terms), terms)


def dotted(query: Query) -> tuple[Dotted, ...]:
    """The ways in which a query can name an entity, or a part of it, of an app.

    An owner may have dots (``ana@example.com.todos``), and so may a table (``acme.crm.orders``): each dot can be the
    one between them. A space stands for one too, before the last word.
    """
    whole = query.whole
    dots = [at for at, letter in enumerate(whole) if letter == "."]
    found: list[Dotted] = []
    for first in dots:
        app, rest = whole[:first].strip(), whole[first + 1 :].strip()
        if not app:
            continue
        found.append(Dotted(app, rest))
        if rest.startswith("public."):
            found.append(Dotted(app, rest.removeprefix("public.")))
        found.extend(
            Dotted(app, whole[first + 1 : second].strip(), whole[second + 1 :].strip())
            for second in dots
            if second > first + 1
        )
    if not dots and len(query.terms) > 1:
        found.append(Dotted(" ".join(query.terms[:-1]), query.terms[-1]))
    return tuple(dict.fromkeys(found))
