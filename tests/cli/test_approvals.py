"""Keys sign requests only to places that were approved on this machine."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from click.testing import CliRunner

import catalog
from catalog import Catalog, S3Connection
from catalog.cli import cli
from catalog.testing.seaweed import Seaweed

from .conftest import remote
from .pseudo_terminal import terminal

BUCKET = "priv"


@pytest.fixture
def shared(tmp_path: Path, seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A catalog with a group whose one database is on a server that was not approved here; the environment has its keys."""
    db_key = f"data/{secrets.token_hex(6)}"
    with catalog.open(seaweed.connection(db_key), tmp_path / "made.blt", "n", "str", lock="commit") as opened:
        opened["a"] = "from afar"
        opened.changes().push()
    monkeypatch.setenv("CATALOG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CATALOG_TEAM_ACCESS_KEY_ID", seaweed.rw.access_key_id)
    monkeypatch.setenv("CATALOG_TEAM_SECRET_ACCESS_KEY", seaweed.rw.secret_access_key)
    here = Catalog(tmp_path / "catalog")
    here.add_group("team", remote(tmp_path, "groups/team"))
    place = S3Connection(db_key=db_key, bucket=BUCKET, endpoint_url=seaweed.endpoint_url, profile="team")
    with here.open_group("team", "c", lock="commit") as group:
        group.add(place, name="afar")
    return tmp_path / "catalog"


def test_without_a_terminal_it_is_an_error(shared: Path) -> None:
    """A command that cannot ask says that the place was never approved."""
    result = CliRunner().invoke(cli, ["--catalog", str(shared), "get", "afar", "a"])

    assert result.exit_code == 1
    assert "never approved on this machine; nothing was sent" in result.stderr


def test_status_says_so_too(shared: Path) -> None:
    """Status names the problem and goes on."""
    result = CliRunner().invoke(cli, ["--catalog", str(shared), "status"])

    assert result.exit_code == 0
    assert "never approved" in result.stdout


def test_on_a_terminal_it_asks_once(shared: Path) -> None:
    """A yes is remembered, so that the next command does not ask."""
    for asks in (True, False):
        with terminal("--catalog", str(shared), "get", "afar", "a") as shown:
            if asks:
                shown.wait_for("may your keys sign requests to it? [y/N]:")
                shown.press(b"y\n")
            shown.wait_for("from afar")
            assert shown.leave() == 0
            assert ("[y/N]" in shown.shown) is asks


def test_a_no_is_respected(shared: Path) -> None:
    """After a no nothing is sent, and the next command asks again."""
    for _ in range(2):
        with terminal("--catalog", str(shared), "get", "afar", "a") as shown:
            shown.wait_for("[y/N]:")
            shown.press(b"n\n")
            assert shown.leave() == 130
            assert "from afar" not in shown.shown
