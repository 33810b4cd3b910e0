"""Where files are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.locations import config_folder, data_folder


def test_catalog_home_moves_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CATALOG_HOME holds data and settings, and naming them makes no folder."""
    monkeypatch.setenv("CATALOG_HOME", str(tmp_path / "home"))

    assert data_folder() == tmp_path / "home" / "data"
    assert config_folder() == tmp_path / "home" / "config"
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("home", [None, ""])
def test_without_it_the_system_decides(home: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without CATALOG_HOME, or with an empty one, the folders are those that the system has for a program."""
    monkeypatch.delenv("CATALOG_HOME", raising=False)
    if home is not None:
        monkeypatch.setenv("CATALOG_HOME", home)

    assert "booklet-catalog" in data_folder().parts
    assert "booklet-catalog" in config_folder().parts
    assert data_folder().is_absolute()


def test_a_relative_home_is_made_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A relative CATALOG_HOME is taken from the current folder at the time of asking."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CATALOG_HOME", "here")

    assert data_folder() == tmp_path / "here" / "data"
