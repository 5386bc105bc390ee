import pytest

from app.core.changes import Changes
from app.core.connection import Environment, Platform, TokenKind
from app.core.errors import Invalid, NotFound, Unsupported
from app.core.secret import Secret
from app.services.connections import BUILTIN_ID, ConnectionBook, ConnectionDraft
from app.services.hub import ChangeHub
from app.services.tokens import TokenKeeper
from tests.unit.services.fakes import FOUNDATION, FakeClient, FakePool, FakeStores, FakeVault, connection, heard_by


class World:
    def __init__(self) -> None:
        self.hub = ChangeHub()
        self.heard = heard_by(self.hub)
        self.vault = FakeVault()
        self.stores = FakeStores(connection())
        self.client = FakeClient()
        self.pool = FakePool(self.client)
        self.book = ConnectionBook(self.stores, TokenKeeper(self.vault, self.hub), self.hub)
        self.book.use(self.pool)


@pytest.fixture
async def world() -> World:
    world = World()
    await world.book.load()
    return world


def draft(**changes) -> ConnectionDraft:
    values = {
        "label": "Production",
        "platform": Platform.INSTANT,
        "base_url": "https://api.instantdb.com",
        "environment": Environment.PRODUCTION,
    }
    return ConnectionDraft(**{**values, **changes})


async def test_add_stores_the_connection_and_puts_its_tokens_in_the_vault(world):
    added = await world.book.add(draft(platform_token=Secret(" per_1 "), foundation_app_id=FOUNDATION.upper()))
    assert world.stores.connections[added.id] == added
    assert added.foundation_app_id == FOUNDATION
    assert world.vault.kept == {(added.id, TokenKind.PLATFORM): Secret("per_1")}
    assert [each.label for each in world.book.all()] == ["Staging", "Production"]
    assert Changes(connections=True) in world.heard


async def test_add_takes_the_trailing_slash_off_the_address(world):
    assert (await world.book.add(draft(base_url="http://localhost:8888/"))).base_url == "http://localhost:8888"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"label": "  "}, "label"),
        ({"label": "x" * 81}, "label"),
        ({"label": "Staging"}, "label"),
        ({"label": "gpj.\u202eexe"}, "label"),
        ({"base_url": ""}, "base_url"),
        ({"base_url": "api.instantdb.com"}, "base_url"),
        ({"base_url": "ftp://host"}, "base_url"),
        ({"base_url": "https://"}, "base_url"),
        ({"base_url": "https://host:99999"}, "base_url"),
        ({"base_url": "https://[::1"}, "base_url"),
        ({"base_url": "https://me:secret@host"}, "base_url"),
        ({"base_url": "https://host/?token=x"}, "base_url"),
        ({"foundation_app_id": "tar"}, "foundation_app_id"),
        ({"platform_token": Secret("per_ 1")}, "platform_token"),
        ({"dash_token": Secret("ß")}, "dash_token"),
    ],
)
async def test_add_with_a_wrong_field_names_it_and_stores_nothing(world, changes, field):
    with pytest.raises(Invalid) as caught:
        await world.book.add(draft(**changes))
    assert [each.field for each in caught.value.fields] == [field]
    assert len(world.stores.connections) == 1
    assert world.vault.kept == {}


async def test_update_without_tokens_keeps_the_stored_ones_and_retires_the_client(world):
    world.vault.kept["c1", TokenKind.PLATFORM] = Secret("old")
    updated = await world.book.update("c1", draft(label="Staging"))
    assert updated.id == "c1"
    assert world.vault.kept == {("c1", TokenKind.PLATFORM): Secret("old")}
    assert world.pool.forgotten == ["c1"]


async def test_remove_forgets_tokens_and_connection(world):
    world.vault.kept["c1", TokenKind.PLATFORM] = Secret("old")
    await world.book.remove("c1")
    assert world.vault.kept == {}
    assert world.stores.connections == {}
    with pytest.raises(NotFound):
        world.book.get("c1")


async def test_put_builtin_makes_it_once_and_follows_the_port(world):
    first = await world.book.put_builtin("http://127.0.0.1:1", FOUNDATION)
    moved = await world.book.put_builtin("http://127.0.0.1:2", FOUNDATION)
    assert (first.id, first.environment, first.is_builtin) == (BUILTIN_ID, Environment.LOCAL, True)
    assert moved.base_url == "http://127.0.0.1:2"
    assert [each.id for each in world.book.all()] == [BUILTIN_ID, "c1"]
    assert world.stores.connections[BUILTIN_ID] == moved


async def test_builtin_cannot_be_removed_nor_moved(world):
    await world.book.put_builtin("http://127.0.0.1:1", FOUNDATION)
    with pytest.raises(Unsupported):
        await world.book.remove(BUILTIN_ID)
    edited = await world.book.update(BUILTIN_ID, draft(label="Mine", platform_token=Secret("per_x")))
    assert (edited.label, edited.base_url, edited.environment) == ("Mine", "http://127.0.0.1:1", Environment.LOCAL)
    assert edited.is_builtin
    assert world.vault.kept == {}


async def test_test_probes_with_the_stored_token_where_the_draft_has_none_and_stores_nothing(world):
    world.vault.kept["c1", TokenKind.PLATFORM] = Secret("old")
    probe = await world.book.test(draft(dash_token=Secret("new")), "c1")
    assert probe == world.client.answer
    assert world.pool.tested[0][1:] == (Secret("old"), Secret("new"))
    assert world.client.is_closed
    assert world.stores.connections["c1"] == connection()
    assert (("c1", TokenKind.DASH)) not in world.vault.kept


async def test_test_of_an_incomplete_draft_is_invalid_before_anything_is_sent(world):
    with pytest.raises(Invalid):
        await world.book.test(draft(base_url="nonsense"))
    assert world.pool.tested == []


def sql_draft(**changes) -> ConnectionDraft:
    values = {"platform": Platform.POSTGRES, "base_url": "postgresql://ada@db.example/shop?sslmode=require"}
    return draft(**{**values, **changes})


async def test_add_sql_keeps_the_password_and_the_name_exactly_as_they_are(world):
    password = Secret(" p@ss:w/ö?r#d ")
    added = await world.book.add(sql_draft(platform_token=password, foundation_app_id=" Shop "))
    assert world.vault.kept == {(added.id, TokenKind.PLATFORM): password}
    assert added.foundation_app_id == " Shop "
    assert added.base_url == "postgresql://ada@db.example:5432/shop?sslmode=require"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"label": ""}, "label"),
        ({"base_url": "https://api.instantdb.com"}, "base_url"),
        ({"base_url": "postgresql://db:99999/shop"}, "base_url"),
        ({"base_url": "postgresql://ada:secret@db/shop"}, "base_url"),
        ({"platform_token": Secret("a\0b")}, "platform_token"),
    ],
)
async def test_add_sql_refuses_and_names_the_field(world, changes, field):
    with pytest.raises(Invalid) as raised:
        await world.book.add(sql_draft(**changes))
    assert [each.field for each in raised.value.fields] == [field]
    assert "secret" not in str(raised.value.fields)


async def test_add_sqlite_makes_the_file_only_where_it_was_asked_for(world, tmp_path):
    await world.book.add(draft(label="A", platform=Platform.POSTGRES, base_url=f"sqlite:///{tmp_path}/a.db"))
    await world.book.add(
        draft(label="B", platform=Platform.POSTGRES, base_url=f"sqlite:///{tmp_path}/b.db", makes_file=True)
    )
    assert [each.name for each in tmp_path.iterdir()] == ["b.db"]


async def test_stored_password_is_not_sent_to_another_server_or_user(world):
    added = await world.book.add(sql_draft(platform_token=Secret("p")))
    for address in ("postgresql://ada@other.example/shop", "postgresql://eve@db.example/shop"):
        elsewhere = sql_draft(base_url=address)
        for act in (world.book.update(added.id, elsewhere), world.book.test(elsewhere, added.id)):
            with pytest.raises(Invalid) as raised:
                await act
            assert [each.field for each in raised.value.fields] == ["platform_token"]
    await world.book.update(added.id, sql_draft(base_url="postgresql://ada@db.example/other"))
    moved = sql_draft(base_url="postgresql://ada@other.example/shop", platform_token=Secret("q"))
    await world.book.update(added.id, moved)
    assert world.vault.kept == {(added.id, TokenKind.PLATFORM): Secret("q")}


async def test_test_of_a_file_that_is_to_be_made_asks_nobody_and_makes_nothing(world, tmp_path):
    new = draft(platform=Platform.POSTGRES, base_url=f"sqlite:///{tmp_path}/a.db", makes_file=True)
    assert (await world.book.test(new)).sentence == "The file is not there yet: it is made when you save."
    assert world.pool.tested == []
    assert list(tmp_path.iterdir()) == []


async def test_what_is_done_to_connections_is_in_the_trail(world):
    from app.services.audit import AuditTrail

    class Trail:
        def __init__(self):
            self.acts = []

        def add(self, who, at, connection_id, app_id, action, outcome, detail, before="", after="", *, title=""):
            self.acts.append((action, outcome, detail))

    trail = Trail()
    world.book.record_in(AuditTrail(trail))
    added = await world.book.add(draft())
    await world.book.update(added.id, draft(is_read_only=True, is_guarded=False))
    await world.book.remove(added.id)
    with pytest.raises(Invalid):
        await world.book.add(draft(label=""))
    assert trail.acts == [
        ("add connection", "done", "Production, production, guarded"),
        ("edit connection", "done", "Production, production, read-only"),
        ("remove connection", "done", "Production, production, read-only"),
    ]


@pytest.mark.parametrize(("environment", "is_guarded"), [("production", True), ("staging", False), ("local", False)])
async def test_production_is_guarded_unless_somebody_says_otherwise(world, environment, is_guarded):
    added = await world.book.add(draft(environment=Environment(environment)))
    assert added.is_guarded is is_guarded
    changed = await world.book.update(added.id, draft(environment=Environment(environment), is_guarded=not is_guarded))
    assert changed.is_guarded is not is_guarded
