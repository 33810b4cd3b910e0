"""What is broken, out of reach or hostile: always words, never a crash, never a secret."""

from __future__ import annotations

import io
import socket
from pathlib import Path

import pytest
from rich.console import Console
from static_web import StaticWeb
from textual.css.query import NoMatches

from catalog import Catalog, S3Connection, State
from catalog.credentials import Approvals
from tui.app import CatalogApp
from tui.browse import screen as browse
from tui.changes.dialogs import PushDialog
from tui.credentials.dialogs import ApprovalDialog
from tui.keys.list import KeyList
from tui.kit.confirm import Explanation
from tui.kit.reader import Reader

from .conftest import Drive
from .shelf import Shelf

SECRET = "wJalrXUtnFEMI-this-is-a-secret"


@pytest.fixture
def closed_port() -> int:
    """A port of this machine at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        assert isinstance(port, int)
        return port


def _small(shelf: Shelf) -> Shelf:
    shelf.add_group("earth")
    shelf.publish("earth", "rain", "orjson", {"mon": {"mm": 1}, "tue": {"mm": 2}})
    return shelf


async def test_an_unreachable_server_is_a_state(shelf: Shelf, drive: Drive) -> None:
    """A database whose server does not answer says so in the tree; its local copy is still shown."""
    with StaticWeb(_small(shelf).folder / "remotes") as web:
        shelf.list_at("earth", "rain", S3Connection(db_url=f"{web.url}/rain"))
        with shelf.catalog.open(shelf.entry("rain")) as copy:
            copy.load_items()
    async with drive(shelf.catalog) as driver:
        await driver.select("rain")
        await driver.until(lambda: driver.screen.status and driver.screen.status.state is State.UNREACHABLE, "the state")

        assert "⊘ unreachable" in driver.tree[1]
        assert '"mm": 1' in driver.value


async def test_an_unreachable_server_without_a_copy_is_explained(shelf: Shelf, drive: Drive, closed_port: int) -> None:
    """A database that is neither here nor reachable shows the problem in the place of its keys, also after Enter."""
    _small(shelf)
    shelf.list_at("earth", "rain", S3Connection(db_url=f"http://127.0.0.1:{closed_port}/rain"))
    async with drive(shelf.catalog) as driver:
        await driver.select("rain")
        assert "127.0.0.1" in driver.text_of("#key-list")

        await driver.press("enter")
        await driver.wait_told("rain could not be opened.")


async def test_a_damaged_copy_stays_explained_when_its_remote_answers(shelf: Shelf, drive: Drive) -> None:
    """A copy that cannot be opened says why, also once more is known of its remote."""
    _small(shelf).take("rain")
    shelf.catalog.file_of(shelf.entry("rain")).write_bytes(b"no booklet")
    async with drive(shelf.catalog) as driver:
        await driver.select("rain")
        await driver.wait_told("rain could not be opened.")
        explained = driver.screen.words.plain
        assert driver.screen.entry
        driver.screen.remotes.ask(driver.screen.entry)
        await driver.settle()

        assert driver.screen.words.plain == explained != "Opening…"


async def test_a_damaged_remote_is_a_state(shelf: Shelf, drive: Drive) -> None:
    """A head that cannot be read makes its database broken, not the program."""
    _small(shelf).damage_head("rain")
    async with drive(shelf.catalog) as driver:
        await driver.select("rain")

        assert "✗ broken" in driver.tree[1]


@pytest.mark.usefixtures("nothing_inline")
async def test_a_damaged_value_is_never_shown_as_data(shelf: Shelf, drive: Drive) -> None:
    """A value whose bytes were changed in the remote is an explanation that names it."""
    for pack in (_small(shelf).folder / "remotes" / "rain.d" / "packs").iterdir():
        raw = bytearray(pack.read_bytes())
        place = raw.index(b'{"mm":1}')
        raw[place + 6] ^= 1
        pack.write_bytes(bytes(raw))
    async with drive(shelf.catalog) as driver:
        await driver.select("rain")
        await driver.press("enter")

        assert "not opened" in driver.value
        assert "mm" not in driver.value
        await driver.press("j")
        assert '"mm": 2' in driver.value


async def test_a_damaged_group_leaves_the_others_alone(shelf: Shelf, drive: Drive) -> None:
    """A group whose file cannot be read shows why; the other groups work."""
    _small(shelf).add_group("torn")
    record = shelf.catalog.group("torn")
    for path in record.file_path.parent.glob(f"{record.file_path.name}*"):
        path.unlink()
    record.file_path.write_bytes(b"no booklet")
    async with drive(shelf.catalog) as driver:
        rows = driver.tree
        await driver.select("rain")

        assert [row.split()[1] for row in rows[:3]] == ["earth", "rain", "torn"]
        assert rows[3].startswith("╰ ")
        assert driver.screen.status is not None


async def test_a_damaged_catalog_is_explained(tmp_path: Path, drive: Drive) -> None:
    """When the list of groups itself cannot be read, the program says so and stays."""
    (tmp_path / "catalog.json").write_bytes(b"\x00")
    app = CatalogApp(Catalog(tmp_path))
    async with app.run_test(size=(100, 30)) as pilot:
        browse_screen = app.screen
        assert isinstance(browse_screen, browse.BrowseScreen)
        for _ in range(100):
            await pilot.pause()
            if browse_screen.happenings:
                break

        assert browse_screen.happenings[0].text == "Reading the catalog did not succeed."


async def test_a_fault_of_the_program_in_a_job_is_told_without_its_text(
    shelf: Shelf, drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A foreign error in a job becomes a message that quotes nothing of it."""
    _small(shelf).take("rain")

    def fail(*_: object) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr("tui.keys.pane.read_value", fail)
    async with drive(shelf.catalog) as driver:
        await driver.select("rain")
        await driver.wait_told("Reading a value did not succeed.")
        told = "\n".join(happening.details for happening in driver.screen.happenings) + driver.value

    assert "RuntimeError" in told
    assert SECRET not in told


async def test_a_crash_shows_no_value(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a handler fails, the program ends with the lines it passed, and with neither locals nor the error's text."""
    said = io.StringIO()

    def fail(_: object) -> None:
        held = SECRET
        raise RuntimeError(f"could not sign with {held}")

    monkeypatch.setattr(browse.BrowseScreen, "_zoom", fail)
    app = CatalogApp(_small(shelf).catalog)
    app.error_console = Console(file=said, width=200)

    async def crash() -> None:
        async with app.run_test() as pilot:
            await pilot.pause()
            await pilot.press("z")
            await pilot.pause()

    with pytest.raises(RuntimeError):
        await crash()

    assert "RuntimeError" in said.getvalue()
    assert "test_trouble.py" in said.getvalue()
    assert SECRET not in said.getvalue()
    assert app.return_code == 1


async def test_leaving_while_the_screen_comes_is_no_fault(shelf: Shelf) -> None:
    """Ended in its first moment, by an interrupt or a closed terminal, the program does not report parts that are gone."""
    app = CatalogApp(_small(shelf).catalog)

    async with app.run_test():
        pass
    app._handle_exception(NoMatches("after it has ended"))

    assert not app.return_code
    assert app._exception is None


async def test_secrets_of_a_connection_reach_no_screen(shelf: Shelf, drive: Drive) -> None:
    """Keys that were passed in with a connection are in no pane, dialog or message."""
    _small(shelf).take("rain")
    entry = shelf.entry("rain")
    keyed = S3Connection("AKIAEXAMPLEKEY", SECRET, entry.connection.db_key, None, entry.connection.endpoint_url)
    shelf.list_at("earth", "rain", keyed)
    shelf.edit("rain", {"mon": {"mm": 5}})
    async with drive(shelf.catalog) as driver:
        await driver.select("rain")
        shown = [driver.text_of(pane) for pane in ("#details", "#heading", "#top-bar", "#value-view")]
        await driver.press("P")
        await driver.until(lambda: isinstance(driver.app.screen, PushDialog), "the question")
        svg = driver.app.export_screenshot()

    assert not [text for text in [*shown, svg] if SECRET in text or "AKIAEXAMPLEKEY" in text]


async def test_keys_that_vanish_meanwhile_are_no_crash(shelf: Shelf, drive: Drive) -> None:
    """When another process changes the local file, what was read before may be stale, and refreshing shows what is."""
    _small(shelf).take("rain")
    async with drive(shelf.catalog) as driver:
        await driver.select("rain")
        shelf.edit("rain", {"mon": None, "wed": {"mm": 3}})
        await driver.press("2", "j", "r")
        await driver.until(
            lambda: (
                {getattr(row, "key", None) for row in map(driver.screen.query_one(KeyList)._pages.row, range(3))}
                == {"mon", "tue", "wed"}
            ),
            "the new keys",
        )
        assert not isinstance(driver.app.screen, Explanation)


def _elsewhere(shelf: Shelf, port: int) -> str:
    """Let a group suggest a server, and give its address."""
    endpoint = f"http://127.0.0.1:{port}"
    shelf.list_at("earth", "rain", S3Connection(db_key="rain", bucket="elsewhere", endpoint_url=endpoint))
    return endpoint


async def test_a_place_that_only_a_group_names_is_asked_about(shelf: Shelf, drive: Drive, closed_port: int) -> None:
    """Before keys sign requests to a server that a group suggests, the user says yes; without a yes nothing is sent."""
    endpoint = _elsewhere(_small(shelf), closed_port)
    async with drive(shelf.catalog) as driver:
        await driver.select("rain")
        words = " ".join(driver.text_of("#key-list").replace("│", " ").split())
        assert "never approved on this machine; nothing was sent" in words

        await driver.pilot.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, ApprovalDialog), "the question")
        text = driver.app.screen.query_one(Reader)
        question = " ".join(" ".join(row.plain for row in text._rows).split())
        assert "elsewhere/rain" in question
        assert endpoint in question
        await driver.press("enter")
        assert driver.log == []
    assert Approvals().list() == ()


@pytest.mark.parametrize(("answer", "remembered"), [(["right"], []), (["right", "right"], ["earth"])])
async def test_an_approval_is_for_this_time_or_for_good(
    shelf: Shelf, drive: Drive, closed_port: int, answer: list[str], remembered: list[str]
) -> None:
    """A yes lets the place be used at once; only the yes for good is kept on this machine, with the group it came from."""
    _elsewhere(_small(shelf), closed_port)
    async with drive(shelf.catalog) as driver:
        await driver.select("rain")
        await driver.pilot.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, ApprovalDialog), "the question")
        await driver.pilot.press(*answer, "enter")
        await driver.wait_told("rain could not be opened.")
        assert "approved" not in driver.screen.happenings[-1].details

    assert [approval.origin for approval in Approvals().list()] == remembered
