"""Folders."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from app.storage import paths
from app.storage.paths import Profile, resources_dir


def test_profile_at_a_folder_keeps_everything_in_it(tmp_path):
    profile = Profile.at(tmp_path)
    places = (
        profile.database_path,
        profile.settings_path,
        profile.local_platform_dir,
        profile.log_path,
        profile.cache_dir,
    )
    assert all(place.is_relative_to(tmp_path) for place in places)


def test_profile_at_a_relative_folder_does_not_follow_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Profile.at(Path("here")).data_dir == tmp_path / "here" / "data"


def test_profile_by_default_uses_the_folders_of_the_user():
    profile = Profile.default()
    folders = (profile.data_dir, profile.config_dir, profile.cache_dir, profile.log_dir)
    assert len(set(folders)) == 4
    assert all("tenantry" in str(folder) for folder in folders)
    if sys.platform == "linux":
        assert all(folder.is_relative_to(os.environ["HOME"]) for folder in folders)


def test_profile_made_is_private_and_may_be_made_again(tmp_path):
    profile = Profile.at(tmp_path / "a" / "b")
    profile.make()
    profile.make()
    made = [tmp_path / "a", tmp_path / "a" / "b", profile.data_dir, profile.config_dir]
    assert [each.stat().st_mode & 0o777 for each in (*made, profile.cache_dir, profile.log_dir)] == [0o700] * 6


def test_profile_readable_by_others_is_closed_when_made(tmp_path):
    profile = Profile.at(tmp_path)
    profile.data_dir.mkdir(mode=0o755)
    profile.make()
    assert profile.data_dir.stat().st_mode & 0o777 == 0o700


def test_profile_whose_folder_is_a_file_raises_os_error(tmp_path):
    (tmp_path / "data").write_text("")
    with pytest.raises(OSError, match="data"):
        Profile.at(tmp_path).make()


def test_resources_of_a_checkout_lie_beside_the_program():
    assert resources_dir() == Path(__file__).resolve().parents[3] / "resources"


def test_resources_of_a_bundle_lie_where_it_was_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    assert resources_dir() == tmp_path / "resources"


def test_resources_of_an_installed_program_lie_inside_of_it(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "__file__", str(tmp_path / "app" / "storage" / "paths.py"))
    inside = tmp_path / "app" / "resources"
    inside.mkdir(parents=True)
    assert resources_dir() == inside
