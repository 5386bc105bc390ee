"""What a schema on Instant may be; the server checks only a part of it, and some of it not at all."""

from __future__ import annotations

from typing import Final

from app.schema.check import Rules
from app.schema.formats.instant_form import SYSTEM_ATTRIBUTES, SYSTEM_LINKS
from app.schema.types import AnyType, BooleanType, DateType, JsonType, NumberType, StringType

_EXTENDABLE: Final = frozenset({"$users", "$files", "$streams"})
# Names of all that system_catalog.clj of the reference server makes; apps see the extendable ones only.
_SYSTEM: Final = _EXTENDABLE | {
    "$magicCodes",
    "$userRefreshTokens",
    "$oauthProviders",
    "$oauthUserLinks",
    "$oauthClients",
    "$oauthCodes",
    "$oauthRedirects",
}

RULES: Final = Rules(
    platform="Instant",
    # The server takes any text. A dot is a path in queries, "$" their options, and a name that begins with a digit is
    # an index to JavaScript, which sorts such keys first; the official tools quote keys, so that "-" is possible, as in
    # $files.content-type.
    name_pattern=r"[A-Za-z_][A-Za-z0-9_-]*",
    name_words="Use letters (a to z), digits, _ and -, beginning with a letter or _.",
    # Nothing limits it but PostgreSQL's index over app, entity and label, at 2,704 bytes for all three.
    max_length=200,
    reserved_prefix="$",
    system_entities=_SYSTEM,
    extendable=_EXTENDABLE,
    system_attributes=SYSTEM_ATTRIBUTES,
    system_links=SYSTEM_LINKS,
    reserved_names=frozenset({"id"}),
    query_words=frozenset({"and", "or"}),
    types=(StringType(), NumberType(), BooleanType(), DateType(), AnyType()),
    # Instant keeps no difference between json and any.
    other_types=(JsonType(),),
    on_delete=("cascade",),
    has_indexes=False,
    has_defaults=False,
    has_empty_entities=False,
    can_require_on_system=False,
    can_require_reverse=False,
    can_cascade_many=False,
)
