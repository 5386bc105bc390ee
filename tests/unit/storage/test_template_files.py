"""Files of own templates: for this user alone, written whole or not at all."""

import os
import stat

import pytest

from app.storage.template_files import TemplateFiles


@pytest.fixture
def files(tmp_path):
    return TemplateFiles(tmp_path / "data" / "templates")


def test_what_is_written_is_read_back(files):
    assert files.read_all() == ()
    files.write("b", "zwei ✓\n")
    files.write("a", "one\n")
    assert [(each.name, each.text) for each in files.read_all()] == [("a", "one\n"), ("b", "zwei ✓\n")]
    assert files.read("b").text == "zwei ✓\n"
    assert files.read("c") is None


@pytest.mark.skipif(os.name != "posix", reason="modes of files")
def test_files_and_folder_are_closed_to_others(files):
    files.write("a", "one")
    assert stat.S_IMODE(files.path("a").stat().st_mode) == 0o600
    assert stat.S_IMODE(files.folder.stat().st_mode) == 0o700


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(files, monkeypatch):
    files.write("a", "old")
    monkeypatch.setattr(os, "replace", lambda *_paths: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        files.write("a", "new")
    assert [each.name for each in files.folder.iterdir()] == ["a.json"]
    assert files.read("a").text == "old"


def test_files_that_cannot_be_read_say_why(files):
    files.write("a", "one")
    files.path("bin").write_bytes(b"\xff\xfe")
    files.path("big").write_bytes(b" " * (4 * 1024 * 1024 + 1))
    files.path("folder").mkdir()
    found = {each.name: each for each in files.read_all()}
    assert found["a"].text == "one"
    assert "UTF-8" in found["bin"].error
    assert "too large" in found["big"].error
    assert found["folder"].error
    assert [each.text for each in found.values() if each.error] == [None, None, None]


def test_a_deleted_file_is_gone(files):
    files.write("a", "one")
    assert files.delete("a") is True
    assert files.delete("a") is False
    assert files.read_all() == ()
