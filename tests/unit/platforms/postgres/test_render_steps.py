"""What plans are rendered to, without a server: order, phases, locks, and what takes a failed job back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.core.errors import Invalid, StalePlan, Unsupported
from app.platforms.contract import LiveSchema
from app.platforms.postgres.live_names import Native
from app.platforms.postgres.render import ColumnText, IndexText, KeyText, SqlWriter, Table
from app.platforms.postgres.steps import SqlStep, rendered, steps_of
from app.schema.compare import Plan, Renames, compare
from app.schema.formats.sql_form import canonical
from app.schema.formats.sql_names import Dialect
from app.schema.formats.sql_types import type_of
from app.schema.model import Attribute, Entity, Index, Link, LinkEnd, Schema
from app.schema.operations import ChangeAttribute

NO_RENAMES = Renames()


def column(name: str, kind: str = "text", **flags: Any) -> Attribute:
    return Attribute(name, type_of(kind), **flags)


def schema(*entities: Entity, links: tuple[Link, ...] = ()) -> Schema:
    return canonical(Schema(entities, links))


def live(before: Schema, dialect: Dialect = "postgresql", version: int = 180_000) -> LiveSchema:
    return LiveSchema(before, before.fingerprint(), Native(version=version if dialect == "postgresql" else 0))


def steps(
    before: Schema, after: Schema, renames: Renames = NO_RENAMES, dialect: Dialect = "postgresql"
) -> tuple[SqlStep, ...]:
    return steps_of(live(before, dialect), compare(before, after, renames), dialect)


def texts(found: tuple[SqlStep, ...]) -> list[str]:
    return [step.sql for step in found]


# Single statements


def test_names_and_texts_with_every_sign_are_written_as_they_are() -> None:
    write = SqlWriter("postgresql")
    sql = write.create_table(
        Table('t"a:b%', "s p"), [ColumnText("c\td%s", "text", default="'x:y%\tz'::text")], checks=[("k", "':a' <> '%'")]
    )
    assert sql == (
        'CREATE TABLE "s p"."t""a:b%" (\n    "c\td%s" text DEFAULT \'x:y%\tz\'::text,\n'
        "    CONSTRAINT k CHECK (':a' <> '%')\n)"
    )
    assert write.comment_table(Table("t"), "it's 50%\t\\ :x") == "COMMENT ON TABLE t IS 'it''s 50%\t\\ :x'"


def test_index_with_all_its_parts_is_one_statement() -> None:
    index = IndexText("ix", (("a", False), ("lower(b) DESC", True)), True, "btree", "a > 'x:y'", ("c",), True)
    assert SqlWriter("postgresql").create_index(Table("t"), index, is_concurrent=True) == (
        "CREATE UNIQUE INDEX CONCURRENTLY ix ON t USING btree (a, lower(b) DESC) "
        "INCLUDE (c) NULLS NOT DISTINCT WHERE a > 'x:y'"
    )


def test_key_of_a_table_keeps_its_deferral() -> None:
    key = KeyText("k", ("a", "b"), deferrable=True, initially="DEFERRED")
    sql = SqlWriter("postgresql").create_table(
        Table("t"), [ColumnText("a", "int"), ColumnText("b", "int")], primary=key
    )
    assert "CONSTRAINT k PRIMARY KEY (a, b) DEFERRABLE INITIALLY DEFERRED" in sql


# Phases


def test_required_is_proven_beside_writes_and_made_a_rule_then() -> None:
    found = steps(schema(Entity("t", (column("a"),))), schema(Entity("t", (column("a", is_required=True),))))
    assert [(step.phase, step.sql) for step in found] == [
        ("main", "ALTER TABLE t ADD CONSTRAINT t_a_tenantry_not_null CHECK (a IS NOT NULL) NOT VALID"),
        ("validate", "ALTER TABLE t VALIDATE CONSTRAINT t_a_tenantry_not_null"),
        ("attach", "ALTER TABLE t ALTER COLUMN a SET NOT NULL"),
        ("attach", "ALTER TABLE t DROP CONSTRAINT t_a_tenantry_not_null"),
    ]
    assert found[0].cleanup == "ALTER TABLE t DROP CONSTRAINT IF EXISTS t_a_tenantry_not_null"
    assert len({step.job for step in found}) == 1
    assert found[2].unit == found[3].unit != found[1].unit


def test_unique_is_built_beside_writes_and_attached() -> None:
    found = steps(schema(Entity("t", (column("a"),))), schema(Entity("t", (column("a", is_unique=True),))))
    assert texts(found) == [
        "CREATE UNIQUE INDEX CONCURRENTLY t_a_key ON t (a)",
        "ALTER TABLE t ADD CONSTRAINT t_a_key UNIQUE USING INDEX t_a_key",
    ]
    assert [step.is_transactional for step in found] == [False, True]
    assert found[0].cleanup == "DROP INDEX CONCURRENTLY IF EXISTS t_a_key"


def test_new_table_has_its_keys_at_once_and_nothing_beside() -> None:
    made = Entity(
        "s.t",
        (column("a", is_unique=True, is_indexed=True), column("id", is_required=True)),
        (Index("pk", ("id",), True, "primary"),),
    )
    found = steps(schema(), schema(made))
    assert {step.phase for step in found} == {"main"}
    assert texts(found)[0] == "CREATE SCHEMA s"
    assert "CONSTRAINT t_a_key UNIQUE (a)" in found[1].sql
    assert texts(found)[2] == "CREATE INDEX t_a_idx ON s.t (a)"


def test_foreign_key_waits_for_the_key_that_it_leads_to() -> None:
    here, there = Entity("a", (column("b"),)), Entity("b", (column("x"),))
    link = Link("fk", LinkEnd("a", "fk", "one"), LinkEnd("b", "", "many"), columns=(("b", "x"),))
    wanted = schema(here, Entity("b", (column("x", is_unique=True),)), links=(link,))
    found = steps(schema(here, there), wanted)
    assert [step.phase for step in found] == ["index", "attach", "attach", "validate"]
    assert found[2].sql.endswith("NOT VALID")
    assert found[3].sql == "ALTER TABLE a VALIDATE CONSTRAINT fk"


def test_foreign_key_of_a_new_table_waits_for_the_key_that_it_leads_to() -> None:
    link = Link("fk", LinkEnd("a", "fk", "one"), LinkEnd("b", "", "many"), columns=(("b", "x"),))
    wanted = schema(Entity("a", (column("b"),)), Entity("b", (column("x", is_unique=True),)), links=(link,))
    found = steps(schema(Entity("b", (column("x"),))), wanted)
    assert [step.phase for step in found] == ["main", "index", "attach", "attach"]
    assert texts(found)[0].startswith("CREATE TABLE a")
    assert texts(found)[3] == "ALTER TABLE a ADD CONSTRAINT fk FOREIGN KEY(b) REFERENCES b (x)"


def test_jobs_use_the_names_of_the_end_whatever_the_plan_renames_after_them() -> None:
    before, after = schema(Entity("t", (column("a", is_unique=True),))), schema(Entity("u", (column("b"),)))
    renames = Renames((("t", "u"),), (("t", "a", "b"),))
    back = compare(before, after, renames).reverse()
    found = steps_of(live(after), back, "postgresql")
    assert texts(found)[-2:] == [
        "CREATE UNIQUE INDEX CONCURRENTLY t_a_key ON t (a)",
        "ALTER TABLE t ADD CONSTRAINT t_a_key UNIQUE USING INDEX t_a_key",
    ]


def test_rename_of_a_table_renames_what_is_called_after_it() -> None:
    entity = Entity("t", (column("a", is_unique=True, is_indexed=True),))
    found = steps(schema(entity), schema(replace(entity, name="u")), Renames((("t", "u"),)))
    assert texts(found) == [
        "ALTER TABLE t RENAME TO u",
        "ALTER TABLE u RENAME CONSTRAINT t_a_key TO u_a_key",
        "ALTER INDEX t_a_idx RENAME TO u_a_idx",
    ]


def test_changed_index_stands_until_the_new_one_takes_its_place() -> None:
    one = Index("ix", ("a", "b"), False, "btree")
    columns = (column("a"), column("b"))
    found = steps(schema(Entity("t", columns, (one,))), schema(Entity("t", columns, (replace(one, is_unique=True),))))
    assert texts(found) == [
        "CREATE UNIQUE INDEX CONCURRENTLY ix_tenantry_new ON t (a, b)",
        "DROP INDEX ix",
        "ALTER INDEX ix_tenantry_new RENAME TO ix",
    ]
    assert found[1].unit == found[2].unit


# Enums


def mood(*values: str, default: str | None = None) -> Schema:
    return schema(Entity("t", (Attribute("m", type_of("mood", {"mood": values}), default=default),)))


def test_enum_value_is_added_in_the_transaction_where_nothing_uses_it_yet() -> None:
    (step,) = steps(mood("a", "c"), mood("a", "b", "c"))
    assert (step.sql, step.phase) == ("ALTER TYPE mood ADD VALUE 'b' BEFORE 'c'", "main")


def test_enum_value_is_committed_first_where_a_default_uses_it() -> None:
    found = steps(mood("a"), mood("a", "b", default="'b'::mood"))
    assert [step.phase for step in found] == ["values", "main"]
    assert "Stays" in found[0].note


def test_enum_without_a_value_is_a_new_type() -> None:
    assert texts(steps(mood("a", "b", default="'b'::mood"), mood("a"))) == [
        "ALTER TYPE mood RENAME TO mood_tenantry_old",
        "CREATE TYPE mood AS ENUM ('a')",
        "ALTER TABLE t ALTER COLUMN m DROP DEFAULT",
        "ALTER TABLE t ALTER COLUMN m TYPE mood USING m::text::mood",
        "DROP TYPE mood_tenantry_old",
    ]


def test_enum_with_two_opinions_of_its_values_is_refused() -> None:
    both = schema(Entity("t", tuple(Attribute(each, type_of("mood", {"mood": (each,)})) for each in "ab")))
    with pytest.raises(Invalid, match="different values"):
        steps(schema(), both)


# What is said


def test_rendered_step_says_phase_lock_and_whether_it_can_be_rolled_back() -> None:
    before, after = schema(Entity("t", (column("a"),))), schema(Entity("t", (column("a", is_indexed=True),)))
    (step,) = rendered(live(before), compare(before, after))
    assert (step.text, step.is_transactional, step.is_background) == (
        "CREATE INDEX CONCURRENTLY t_a_idx ON t (a);",
        False,
        True,
    )
    assert step.lock == "SHARE UPDATE EXCLUSIVE on t: reads and writes go on"
    assert step.phase == "By itself, beside reads and writes"


def test_undone_drop_says_that_rows_do_not_come_back() -> None:
    before, after = schema(Entity("t", (column("a"),)), Entity("u", (column("x"),))), schema(Entity("t"))
    found = rendered(live(after), compare(before, after).reverse(), restores=True)
    assert {step.note for step in found} == {
        "Its rows do not come back: PostgreSQL keeps nothing of what was dropped.",
        "Its values do not come back: PostgreSQL keeps nothing of what was dropped.",
    }


def test_plan_that_does_not_fit_is_stale() -> None:
    plan = Plan((ChangeAttribute("t", column("a"), column("a", is_required=True)),))
    with pytest.raises(StalePlan):
        steps_of(live(schema()), plan, "postgresql")


def test_partitioning_of_a_table_that_exists_is_refused() -> None:
    before = schema(Entity("t", (column("a"),)))
    after = schema(Entity("t", (column("a"),), extra=(("partition_by", '"LIST (a)"'),)))
    with pytest.raises(Unsupported, match="partition_by"):
        steps(before, after)


def test_link_without_columns_is_refused() -> None:
    entities = (Entity("a", (column("b"),)), Entity("b", (column("x"),)))
    link = Link("fk", LinkEnd("a", "fk", "one"), LinkEnd("b", "", "many"))
    with pytest.raises(Invalid, match="names no columns"):
        steps(Schema(entities), Schema(entities, (link,)))


# SQLite


def file_column(name: str, kind: str = "text", **flags: Any) -> Attribute:
    return Attribute(name, type_of(kind, dialect="sqlite"), **flags)


def test_file_gets_a_plain_column_and_index_without_making_the_table_anew() -> None:
    before = canonical(Schema((Entity("t", (file_column("a"),)),)), "sqlite")
    after = canonical(Schema((Entity("t", (file_column("a", is_indexed=True), file_column("b"))),)), "sqlite")
    assert set(texts(steps(before, after, dialect="sqlite"))) == {
        "ALTER TABLE t ADD COLUMN b text",
        "CREATE INDEX t_a_idx ON t (a)",
    }


def test_file_makes_a_table_anew_for_what_it_cannot_alter() -> None:
    before = canonical(Schema((Entity("t", (file_column("a"),)),)), "sqlite")
    after = canonical(Schema((Entity("t", (file_column("a", is_required=True),)),)), "sqlite")
    found = texts(steps(before, after, dialect="sqlite"))
    assert found == [
        "CREATE TABLE t_tenantry_new (\n    a text NOT NULL\n)",
        "INSERT INTO t_tenantry_new (a) SELECT a FROM t",
        "DROP TABLE t",
        "PRAGMA legacy_alter_table = ON",
        "ALTER TABLE t_tenantry_new RENAME TO t",
        "PRAGMA legacy_alter_table = OFF",
    ]


def test_file_table_without_columns_is_refused() -> None:
    with pytest.raises(Invalid, match="at least one column"):
        steps(Schema(), Schema((Entity("t"),)), dialect="sqlite")
