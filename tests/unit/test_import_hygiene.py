"""The rooms at run time: what importing one of them really pulls in, in a fresh interpreter."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOMS = ("core", "schema", "platforms", "storage", "services", "localplatform")


def modules_after(statement: str) -> set[str]:
    """Names of all top-level modules that are loaded once ``statement`` ran in a new interpreter."""
    names = "{name.split('.')[0] for name, module in sys.modules.items() if module is not None}"
    code = f"import json, sys\n{statement}\nprint(json.dumps(sorted({names})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return set(json.loads(done.stdout))


def import_all_of(room: str) -> str:
    return (
        "import importlib, pkgutil\n"
        f"import app.{room} as room\n"
        "for each in pkgutil.walk_packages(room.__path__, room.__name__ + '.'):\n"
        "    if '.migrations' not in each.name:\n"
        "        importlib.import_module(each.name)"
    )


@pytest.mark.parametrize("room", ROOMS)
def test_room_below_ui_imported_whole_pulls_in_no_qt(room):
    assert modules_after(import_all_of(room)) & {"PySide6", "shiboken6", "qasync"} == set()


# A schema file is read with a parser made for its language.
LIBRARIES_OF = {"core": set(), "schema": {"tree_sitter", "tree_sitter_typescript"}}


@pytest.mark.parametrize("room", LIBRARIES_OF)
def test_pure_room_imported_whole_stays_in_the_standard_library(room):
    loaded = modules_after(import_all_of(room)) - modules_after("import importlib, pkgutil")
    assert loaded - sys.stdlib_module_names - {"app"} == LIBRARIES_OF[room]


def test_window_module_imported_leaves_heavy_libraries_alone():
    loaded = modules_after("import app.ui.program.application, app.bootstrap")
    heavy = {"asyncio", "qasync", "httpx", "aiohttp", "sqlalchemy", "alembic", "keyring", "starlette", "uvicorn"}
    heavy |= {"tree_sitter", "fast_sugiyama"}
    assert loaded & heavy == set()


def test_command_line_asked_for_its_version_imports_next_to_nothing():
    assert modules_after("import app.__main__") & {"PySide6", "httpx", "sqlalchemy", "asyncio"} == set()


def test_module_imported_after_the_window_does_not_have_its_source_read():
    """PySide6 would keep the source of everything that the engine imports."""
    code = """
import app.ui.program.application, linecache, sqlalchemy.orm
print([name for name in linecache.cache if name.endswith(".py") and "sqlalchemy" in name])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_wheel_has_every_package_of_the_program():
    root = Path(__file__).parents[2]
    given = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    found = {".".join(each.parent.relative_to(root).parts) for each in (root / "app").rglob("__init__.py")}
    assert set(given) == found | {"app.resources"}
