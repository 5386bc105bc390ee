"""The schemas of four real systems can be said in the model without loss: two on Instant, Appwrite, Convex."""

from __future__ import annotations

import pytest

from app.platforms.instant.schema_rules import RULES
from app.schema import types as t
from app.schema.check import Rules, check
from app.schema.compare import compare
from app.schema.draft import Draft
from app.schema.formats.instant_form import canonical
from app.schema.formats.instant_wire import defs_from_schema, schema_from_defs
from app.schema.formats.model_json import from_text, to_text
from app.schema.model import Attribute, Entity, Index, Link, LinkEnd, Schema

TEXT, NUMBER, FLAG = t.StringType(), t.NumberType(), t.BooleanType()


def _optional(name: str, kind: t.Type) -> Attribute:
    return Attribute(name, kind)


def _required(name: str, kind: t.Type) -> Attribute:
    return Attribute(name, kind, is_required=True)


# A foundation database with a registry of its users' apps (Instant).

FOUNDATION = Schema(
    (
        Entity(
            "$files",
            (
                Attribute("path", TEXT, is_required=True, is_unique=True, is_indexed=True, is_system=True),
                Attribute("url", TEXT, is_required=True, is_system=True),
            ),
            is_system=True,
        ),
        Entity("$users", (Attribute("email", TEXT, is_unique=True, is_indexed=True, is_system=True),), is_system=True),
        Entity("app", (_optional("appid", TEXT),)),
    ),
    (Link("app$users", LinkEnd("app", "$users", "many"), LinkEnd("$users", "app", "many")),),
)

# A database for each task of an operator (Instant).

OPERATOR = Schema(
    (
        Entity(
            "databases",
            (
                Attribute("instantAppId", TEXT, is_required=True, is_unique=True, is_indexed=True),
                _required("adminToken", TEXT),
                _required("name", TEXT),
                Attribute("createdAt", t.DateType(), is_required=True, is_indexed=True),
            ),
        ),
        Entity("tasks", (_required("title", TEXT),)),
        Entity("iterations", (_required("createdAt", t.DateType()),)),
    ),
    (
        Link("taskMainDatabase", LinkEnd("tasks", "mainDatabase", "one"), LinkEnd("databases", "task", "one")),
        Link(
            "databaseOriginIteration",
            LinkEnd("databases", "originIteration", "one"),
            LinkEnd("iterations", "originatedDatabases", "many"),
        ),
    ),
)

# Posts on several platforms: attributes with sizes, enums, arrays, bounds, defaults, formats, relationships (Appwrite).

_SOCIAL_STATES = t.EnumType(("draft", "scheduled", "published", "failed"))
_DOCUMENT_SECURITY = (("database", '"socialaize_data"'), ("documentSecurity", "true"))

SOCIAL = Schema(
    (
        Entity(
            "PostContainer",
            (
                _required("title", t.StringType(max_length=255)),
                _optional("content", t.StringType(max_length=65_535)),
                _required("platforms", t.ArrayType(t.StringType(max_length=32))),
                Attribute("status", _SOCIAL_STATES, default='"draft"'),
                Attribute("instagramPostId", t.StringType(max_length=36)),
                Attribute("likes", t.NumberType("integer", minimum=0, maximum=2**53), default="0"),
                _optional("scheduledAt", t.DateType("datetime", native="datetime")),
            ),
            (
                Index("by_status", ("status", "scheduledAt"), kind="key", extra=(("orders", '["ASC","DESC"]'),)),
                Index("by_text", ("title", "content"), kind="fulltext"),
                Index("one_post", ("instagramPostId",), is_unique=True, kind="unique"),
            ),
            extra=_DOCUMENT_SECURITY,
        ),
        Entity(
            "OAuthAccount",
            (
                _required("platform", t.StringType(max_length=32)),
                _optional("email", t.StringType(max_length=320, form="email")),
                _optional("avatar", t.StringType(form="url")),
                _optional("address", t.StringType(form="ip")),
                Attribute("balance", t.NumberType("float", minimum=-1.5, maximum=1e9), default="0.0"),
                Attribute("isActive", FLAG, default="true"),
            ),
            (Index("by_platform", ("platform",), kind="key", extra=(("orders", '["ASC"]'), ("lengths", "[16]"))),),
            extra=(("database", '"oauth"'),),
        ),
    ),
    (
        Link(
            "accountPosts",
            LinkEnd("OAuthAccount", "posts", "many"),
            LinkEnd("PostContainer", "account", "one", on_delete="restrict"),
            extra=(("twoWay", "true"),),
        ),
        Link(
            "reviewer",
            LinkEnd("PostContainer", "reviewer", "one", on_delete="set-null"),
            LinkEnd("OAuthAccount", "reviews", "many"),
        ),
    ),
)

# A chat with validators nested in each other, indexes over several fields and search indexes (Convex).


def _object(**parts: t.Type | tuple[t.Type]) -> t.ObjectType:
    """A type in a tuple is optional."""
    return t.ObjectType(
        tuple(
            t.ObjectField(name, kind[0] if isinstance(kind, tuple) else kind, not isinstance(kind, tuple))
            for name, kind in parts.items()
        )
    )


def _one_of(*values: str) -> t.UnionType:
    return t.UnionType(tuple(map(t.LiteralType, values)))


def _id(entity: str) -> t.IdType:
    return t.IdType(entity)


_PART = t.UnionType(
    (
        _object(type=t.LiteralType("text"), text=TEXT),
        _object(type=t.LiteralType("image"), url=TEXT, alt=(TEXT,), width=(NUMBER,), height=(NUMBER,)),
        _object(type=t.LiteralType("code"), language=TEXT, code=TEXT, filename=(TEXT,)),
        _object(type=t.LiteralType("file"), fileId=_id("_storage"), fileName=TEXT, fileType=TEXT, fileSize=NUMBER),
    )
)
_METADATA = _object(
    model=(TEXT,),
    tokens=(_object(prompt=NUMBER, completion=NUMBER, total=NUMBER),),
    processingTime=(NUMBER,),
    temperature=(NUMBER,),
    error=(_object(code=TEXT, message=TEXT, timestamp=NUMBER),),
    edited=(FLAG,),
    editHistory=(t.ArrayType(_object(timestamp=NUMBER, previousContent=TEXT)),),
)
_PREFERENCES = _object(
    theme=(_one_of("light", "dark", "system"),), language=(TEXT,), defaultModel=(TEXT,), enableNotifications=(FLAG,)
)
_SETTINGS = _object(
    temperature=(NUMBER,), maxTokens=(NUMBER,), topP=(NUMBER,), frequencyPenalty=(NUMBER,), presencePenalty=(NUMBER,)
)
_DEVICE = _object(userAgent=TEXT, platform=TEXT, browser=TEXT, ipAddress=(TEXT,))
_FILE_METADATA = _object(
    dimensions=(_object(width=NUMBER, height=NUMBER),), duration=(NUMBER,), pages=(NUMBER,), encoding=(TEXT,)
)


def _search(name: str, field: str, *filters: str) -> Index:
    listed = ",".join(f'"{each}"' for each in filters)
    return Index(name, (field,), kind="search", extra=(("filterFields", f"[{listed}]"),))


CHAT = Schema(
    (
        Entity(
            "users",
            (
                _required("name", TEXT),
                _optional("email", TEXT),
                _optional("image", TEXT),
                _required("tokenIdentifier", TEXT),
                _optional("preferences", _PREFERENCES),
                _optional("isActive", FLAG),
                _optional("lastActiveAt", NUMBER),
            ),
            (
                Index("by_token", ("tokenIdentifier",)),
                Index("by_email", ("email",)),
                Index("by_active", ("isActive", "_creationTime")),
            ),
        ),
        Entity(
            "chats",
            (
                _required("userId", _id("users")),
                _optional("title", TEXT),
                _optional("model", TEXT),
                _optional("systemPrompt", TEXT),
                _optional("settings", _SETTINGS),
                _optional("messageCount", NUMBER),
                _optional("lastMessageAt", NUMBER),
                _optional("isArchived", FLAG),
                _optional("tags", t.ArrayType(TEXT)),
            ),
            (
                Index("by_user", ("userId",)),
                Index("by_user_active", ("userId", "isArchived", "_creationTime")),
                Index("by_last_message", ("userId", "lastMessageAt")),
                _search("by_title_content", "title", "userId", "isArchived"),
            ),
        ),
        Entity(
            "messages",
            (
                _required("chatId", _id("chats")),
                _optional("userId", _id("users")),
                _required("role", _one_of("user", "assistant", "system")),
                _optional("parts", t.ArrayType(_PART)),
                _required("content", TEXT),
                _optional("metadata", _METADATA),
                _optional("status", _one_of("sending", "sent", "delivered", "error", "deleted")),
                _optional("parentMessageId", _id("messages")),
                _optional("threadLevel", NUMBER),
            ),
            (
                Index("by_chat_created", ("chatId", "_creationTime")),
                Index("by_chat_role", ("chatId", "role", "_creationTime")),
                Index("by_user_created", ("userId", "_creationTime")),
                Index("by_thread", ("parentMessageId", "threadLevel")),
                _search("by_content", "content", "userId", "chatId", "role"),
            ),
        ),
        Entity(
            "chat_attachments",
            (
                _required("userId", _id("users")),
                _required("chatId", _id("chats")),
                _optional("messageId", _id("messages")),
                _required("fileId", _id("_storage")),
                _required("fileName", TEXT),
                _required("fileType", TEXT),
                _required("fileSize", NUMBER),
                _optional("metadata", _FILE_METADATA),
                _optional("status", _one_of("uploading", "processing", "ready", "error")),
                _optional("isPublic", FLAG),
                _optional("downloadCount", NUMBER),
            ),
            (
                Index("by_chat", ("chatId", "_creationTime")),
                Index("by_user", ("userId", "_creationTime")),
                Index("by_message", ("messageId",)),
                Index("by_file_type", ("fileType", "_creationTime")),
                Index("by_status", ("status", "_creationTime")),
            ),
        ),
        Entity(
            "user_sessions",
            (
                _required("userId", _id("users")),
                _required("sessionId", TEXT),
                _optional("deviceInfo", _DEVICE),
                _required("startedAt", NUMBER),
                _required("lastActiveAt", NUMBER),
                _optional("endedAt", NUMBER),
                _required("isActive", FLAG),
            ),
            (
                Index("by_user", ("userId", "isActive")),
                Index("by_session", ("sessionId",)),
                Index("by_active", ("isActive", "lastActiveAt")),
            ),
        ),
        Entity(
            "chat_shares",
            (
                _required("chatId", _id("chats")),
                _required("ownerId", _id("users")),
                _optional("sharedWithUserId", _id("users")),
                _required("shareToken", TEXT),
                _required("permissions", _object(canRead=FLAG, canWrite=FLAG, canShare=FLAG)),
                _optional("expiresAt", NUMBER),
                _required("isActive", FLAG),
                _optional("accessCount", NUMBER),
            ),
            (
                Index("by_chat", ("chatId", "isActive")),
                Index("by_owner", ("ownerId", "isActive")),
                Index("by_shared_user", ("sharedWithUserId", "isActive")),
                Index("by_token", ("shareToken",)),
                Index("by_expiry", ("expiresAt", "isActive")),
            ),
        ),
    )
)

DOCUMENTS = {"foundation": FOUNDATION, "operator": OPERATOR, "social": SOCIAL, "chat": CHAT}


@pytest.mark.parametrize("schema", DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_schema_goes_through_json_without_loss(schema: Schema) -> None:
    found = from_text(to_text(schema))

    assert found == schema
    assert found.fingerprint() == schema.fingerprint()


@pytest.mark.parametrize("schema", DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_schema_is_planned_from_nothing_and_back(schema: Schema) -> None:
    start = Schema(tuple(each for each in schema.entities if each.is_system))
    plan = compare(start, schema)

    assert plan.apply(start).normalised() == schema.normalised()
    assert plan.reverse().apply(schema) == start


@pytest.mark.parametrize("schema", [FOUNDATION, OPERATOR], ids=["foundation", "operator"])
def test_what_is_on_instant_is_fine_there_and_goes_through_its_wire_form(schema: Schema) -> None:
    assert check(schema, RULES) == ()
    own = tuple(each for each in schema.entities if not each.is_system)
    assert schema_from_defs(defs_from_schema(schema)).normalised() == Schema(own, schema.links).normalised()
    assert canonical(canonical(schema)) == canonical(schema)


def test_what_is_elsewhere_is_fine_there_and_refused_by_instant_with_the_cell() -> None:
    assert check(SOCIAL, Rules(on_delete=("cascade", "restrict", "set-null"))) == ()
    assert check(CHAT, Rules()) == ()

    refused = {(each.place, each.field) for each in check(CHAT, RULES)}
    assert {("chats.userId", "type"), ("messages.parts", "type"), ("users.by_token", "name")} <= refused
    refused = {(each.place, each.field) for each in check(SOCIAL, RULES)}
    assert {("PostContainer.title", "type"), ("PostContainer.likes", "default")} <= refused
    assert {("PostContainer.account", "on_delete"), ("PostContainer.reviewer", "on_delete")} <= refused


def test_a_renamed_table_is_renamed_in_every_id_of_it() -> None:
    draft = Draft(CHAT, CHAT).rename_entity("users", "people")

    kinds = {str(each.type) for entity in draft.wanted.entities for each in entity.attributes}
    assert str(_id("people")) in kinds
    assert str(_id("users")) not in kinds
    assert len(draft.plan()) == 1
