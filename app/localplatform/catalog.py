"""The system attributes that every app has: names, fixed IDs, and what users may do with them.

The IDs are computed from the names, as the reference server does (``system_catalog.clj``), so that they are the
same on every installation, hosted or local.
"""

from __future__ import annotations

import uuid
from functools import cache
from typing import Any, Final

_ALPHABET: Final = "abcdefghijklmnopqrstuvwxzy/"

_ETYPE_CODES: Final = {
    "$users": "us",
    "$magicCodes": "mc",
    "$userRefreshTokens": "ur",
    "$oauthProviders": "op",
    "$oauthUserLinks": "ol",
    "$oauthClients": "oc",
    "$oauthCodes": "co",
    "$oauthRedirects": "or",
    "$files": "fi",
    "$streams": "st",
}

_LABEL_CODES: Final = {
    "$files": "$files",
    "$oauthClient": "oauclient",
    "$oauthProvider": "oprovider",
    "$stream": "stream",
    "$user": "user",
    "abortReason": "abrtreasn",
    "authCode": "authcode",
    "clientId": "clientid",
    "codeChallenge": "codechall",
    "codeChallengeMethod": "cchalmeth",
    "codeHash": "codehash",
    "content-disposition": "cdisp",
    "content-type": "ctype",
    "cookieHash": "cookihash",
    "discoveryEndpoint": "discovend",
    "done": "done",
    "email": "email",
    "encryptedClientSecret": "encclisec",
    "hashedToken": "hashedtok",
    "id": "id",
    "imageURL": "imageurl",
    "key-version": "kv",
    "hashedReconnectToken": "hashretok",
    "linkedGuestUsers": "lgu",
    "linkedPrimaryUser": "lpu",
    "location-id": "lid",
    "machineId": "machineid",
    "meta": "meta",
    "name": "name",
    "path": "path",
    "redirectUrl": "redireurl",
    "redirectTo": "redirecto",
    "size": "size",
    "stateHash": "statehash",
    "sub": "sub",
    "sub+$oauthProvider": "subprovid",
    "type": "type",
    "url": "url",
    "useSharedCredentials": "usesharcr",
    "userInfo": "usernfo",
}

_TYPE_CODES: Final = {"attr": "at", "ident": "id"}

SYSTEM_ETYPES: Final = frozenset(_ETYPE_CODES)
EDITABLE_ETYPES: Final = frozenset({"$users", "$files", "$streams"})
_WRITABLE_NAMES: Final = frozenset({("$users", "id"), ("$files", "id"), ("$files", "path"), ("$streams", "id")})
_HIDDEN_NAMES: Final = frozenset(
    {
        ("$files", "content-type"),
        ("$files", "content-disposition"),
        ("$files", "size"),
        ("$files", "location-id"),
        ("$files", "key-version"),
        ("$streams", "machineId"),
        ("$streams", "hashedReconnectToken"),
    }
)


def _encode(text: str) -> int:
    """Up to twelve letters, five bits each, padded with ones to 64 bits."""
    bits = "".join(f"{_ALPHABET.index(c):05b}" for c in text)
    return int(bits.ljust(64, "1"), 2)


@cache
def system_uuid(kind: str, etype: str, label: str) -> str:
    """``kind`` is ``attr`` or ``ident``."""
    label_code = _ETYPE_CODES.get(label) or _LABEL_CODES[label]
    high = _encode("system" + _TYPE_CODES[kind])
    low = _encode(f"{_ETYPE_CODES[etype]}/{label_code}")
    return str(uuid.UUID(int=(high << 64) | low))


def attr_id(etype: str, label: str) -> str:
    return system_uuid("attr", etype, label)


def _identity(etype: str, label: str) -> list[str]:
    return [system_uuid("ident", etype, label), etype, label]


def _attr(etype: str, label: str, flags: str = "", checked: str | None = None, **more: Any) -> dict[str, Any]:
    """``flags`` are letters: u(nique), i(ndexed), r(equired)."""
    wire: dict[str, Any] = {
        "id": attr_id(etype, label),
        "forward-identity": _identity(etype, label),
        "unique?": "u" in flags,
        "index?": "i" in flags,
        "required?": "r" in flags,
        "value-type": "blob",
        "cardinality": "one",
    }
    if checked:
        wire["checked-data-type"] = checked
    return {**wire, **more}


def _link(etype: str, label: str, reverse: tuple[str, str], flags: str = "", **more: Any) -> dict[str, Any]:
    more.setdefault("on-delete", "cascade")
    more = {name: value for name, value in more.items() if value is not None}
    wire = _attr(etype, label, flags, None, **{"value-type": "ref"})
    return {**wire, "reverse-identity": _identity(*reverse), **more}


def _ids() -> list[dict[str, Any]]:
    return [_attr(etype, "id", "ui") for etype in _ETYPE_CODES]


def _users() -> list[dict[str, Any]]:
    return [
        _attr("$users", "email", "ui", "string"),
        _attr("$users", "type", "", "string"),
        _attr("$users", "imageURL", "", "string"),
        _link("$users", "linkedPrimaryUser", ("$users", "linkedGuestUsers")),
        _attr("$magicCodes", "codeHash", "i", "string"),
        _attr("$magicCodes", "email", "i", "string"),
        _attr("$userRefreshTokens", "hashedToken", "ui", "string"),
        _link("$userRefreshTokens", "$user", ("$users", "$userRefreshTokens"), "i"),
    ]


def _oauth() -> list[dict[str, Any]]:
    provider_of_link = _link("$oauthUserLinks", "$oauthProvider", ("$oauthProviders", "$oauthUserLinks"), "i")
    return [
        _attr("$oauthProviders", "name", "ui", "string"),
        _attr("$oauthUserLinks", "sub", "i", "string"),
        _link("$oauthUserLinks", "$user", ("$users", "$oauthUserLinks"), "i"),
        # The reference server keeps this one as a blob with a reverse name; kept, because clients see it.
        {**provider_of_link, "value-type": "blob"},
        _attr("$oauthUserLinks", "sub+$oauthProvider", "ui", "string"),
        _link("$oauthClients", "$oauthProvider", ("$oauthProviders", "$oauthClients")),
        _attr("$oauthClients", "name", "ui", "string"),
        _attr("$oauthClients", "clientId", "i"),
        _attr("$oauthClients", "encryptedClientSecret", "", "string"),
        _attr("$oauthClients", "discoveryEndpoint", "", "string"),
        _attr("$oauthClients", "meta"),
        _attr("$oauthClients", "redirectTo", "", "string"),
        _attr("$oauthClients", "useSharedCredentials", "", "boolean"),
        _attr("$oauthCodes", "codeHash", "ui", "string"),
        _attr("$oauthCodes", "codeChallengeMethod", "", "string"),
        _attr("$oauthCodes", "codeChallenge", "", "string"),
        _attr("$oauthCodes", "userInfo"),
        _link("$oauthCodes", "$oauthClient", ("$oauthClients", "$oauthCodes")),
        _attr("$oauthRedirects", "stateHash", "ui", "string"),
        _attr("$oauthRedirects", "cookieHash", "", "string"),
        _attr("$oauthRedirects", "redirectUrl", "", "string"),
        _attr("$oauthRedirects", "redirectTo", "", "string"),
        _link("$oauthRedirects", "$oauthClient", ("$oauthClients", "$oauthRedirects")),
        _attr("$oauthRedirects", "codeChallengeMethod", "", "string"),
        _attr("$oauthRedirects", "codeChallenge", "", "string"),
    ]


def _files() -> list[dict[str, Any]]:
    stream_files = {"cardinality": "many", "on-delete": None, "on-delete-reverse": "cascade"}
    return [
        _attr("$files", "path", "uir", "string"),
        _attr("$files", "size", "ir", "number"),
        _attr("$files", "content-type", "i", "string"),
        _attr("$files", "content-disposition", "i", "string"),
        _attr("$files", "location-id", "uir", "string"),
        _attr("$files", "key-version", "", "number"),
        _attr("$files", "url", "", "string"),
        _attr("$streams", "clientId", "uir", "string"),
        _attr("$streams", "machineId", "", "string"),
        _link("$streams", "$files", ("$files", "$stream"), "u", **stream_files),
        _attr("$streams", "done", "", "boolean"),
        _attr("$streams", "size", "", "number"),
        _attr("$streams", "hashedReconnectToken", "", "string"),
        _attr("$streams", "abortReason", "", "string"),
    ]


@cache
def system_attrs() -> tuple[dict[str, Any], ...]:
    """All system attributes in wire form, ordered by ID."""
    return tuple(sorted([*_ids(), *_users(), *_oauth(), *_files()], key=lambda wire: wire["id"]))


@cache
def _reserved_names() -> frozenset[tuple[str, str]]:
    names = [wire[side] for wire in system_attrs() for side in ("forward-identity", "reverse-identity") if side in wire]
    return frozenset((etype, label) for _, etype, label in names)


def is_reserved_name(etype: str, label: str) -> bool:
    return (etype, label) in _reserved_names()


def is_writable(etype: str, label: str) -> bool:
    """Whether a transaction from outside may set this system attribute."""
    return (etype, label) in _WRITABLE_NAMES


def is_hidden(etype: str, label: str, *, is_system: bool) -> bool:
    """Left out of the schemas shown to users (``attr.clj remove-hidden``)."""
    return (is_system and etype not in EDITABLE_ETYPES) or (etype, label) in _HIDDEN_NAMES
