"""Groups and databases: added, made, described, moved, removed, shared, imported, exported, copied and deleted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from textual.screen import Screen
from textual.widgets import Input, Static

import catalog
from catalog import Catalog, Database, RemoteMissingError, S3Connection, State
from tui.groups.form import FormDialog
from tui.groups.metadata import MetadataDialog
from tui.groups.search import MatchList, SearchDialog
from tui.kit.confirm import Confirm, Explanation, TypedConfirm
from tui.kit.json_area import JsonArea
from tui.kit.menu import MenuDialog, MenuList
from tui.kit.reader import Reader

from .asking import push_button
from .conftest import Drive
from .driving import Driver
from .shelf import Shelf


@pytest.fixture
def rainy(shelf: Shelf) -> Shelf:
    """A shelf with two groups; the first has one database that is here and in step."""
    shelf.add_group("earth")
    shelf.add_group("lab")
    shelf.publish("earth", "rain", "orjson", {"mon": {"mm": 1}, "tue": {"mm": 2}}, "Rain of a week")
    shelf.take("rain")
    for group in ("earth", "lab"):
        with shelf.catalog.open_group(group, "w", lock="commit") as opened:
            opened.changes().push()
    return shelf


async def choose(driver: Driver, key: str, letter: str, dialog: type[Screen[Any]] | None) -> None:
    """Open a menu, choose by letter, and wait for what comes."""
    await driver.until(lambda: driver.app.screen is driver.screen, "the main screen")
    await driver.pilot.press(key)
    await driver.until(lambda: isinstance(driver.app.screen, MenuDialog) and driver.app.screen.focused, "a menu")
    await driver.pilot.press(letter)
    if dialog is not None:
        await driver.until(lambda: isinstance(driver.app.screen, dialog) and driver.app.screen.focused, dialog.__name__)


async def fill(driver: Driver, **fields: str) -> None:
    """Type into the fields of a form, and go on."""
    for name, text in fields.items():
        driver.app.screen.query_one(f"#{name}", Input).value = text
    await driver.pilot.press("ctrl+s")


async def answer(driver: Driver, button: str) -> None:
    """Wait for a question, and press one of its buttons."""
    await driver.until(lambda: isinstance(driver.app.screen, Confirm) and driver.app.screen.focused, "a question")
    await push_button(driver, button)
    await driver.until(lambda: driver.app.screen is driver.screen, "the main screen")


def said(driver: Driver, selector: str = "Reader") -> str:
    """What a dialog says."""
    return " ".join(" ".join(row.plain for row in driver.app.screen.query_one(selector, Reader)._rows).split())


async def until_said(driver: Driver, words: str) -> None:
    await driver.until(lambda: words in said(driver), f"{words!r} in {said(driver)!r}")


def names(shelf: Shelf, group: str) -> list[str]:
    return [entry.name for entry in shelf.catalog.entries(group)]


async def test_a_group_of_this_machine_is_added(tmp_path: Path, drive: Drive) -> None:
    """An empty catalog says which key to press; a name is enough for a group."""
    mine = Catalog(tmp_path)
    async with drive(mine) as driver:
        assert "press A" in driver.text_of("#catalog-tree")
        await choose(driver, "A", "g", FormDialog)
        await driver.pilot.press("ctrl+s")
        await until_said(driver, "It needs a name.")
        await fill(driver, name="a/b")
        await until_said(driver, "is no name for a group")
        await fill(driver, name="Mine")
        await driver.wait_told("Added the group Mine.")
        await driver.settle()

        assert driver.tree[0].split() == ["▾", "Mine", "0"]
    assert [record.name for record in mine.groups()] == ["Mine"]


async def test_the_place_of_a_group_is_tested(rainy: Shelf, drive: Drive) -> None:
    """A place is asked before a group is added: what is no group is refused, what does not answer only by insisting."""
    place = rainy.connection("lab.group")
    async with drive(rainy.catalog) as driver:
        await choose(driver, "A", "g", FormDialog)
        await fill(driver, name="far", endpoint="http://127.0.0.1:9", bucket="data", key="g", profile="nobody")
        await driver.until(lambda: driver.app.screen.query_one("#anyway").display, "another way")
        await fill(driver, endpoint="ftp://x", bucket="", key="g", profile="")
        await until_said(driver, "A key is in a bucket.")
        await fill(driver, endpoint=str(place.endpoint_url), key="rain")
        await until_said(driver, "is a database, no group")
        driver.app.screen.query_one("#key", Input).value = "lab.group"
        await push_button(driver, "#test")
        await until_said(driver, "There is a group of 0 entries")
        await fill(driver, name="lab")
        await until_said(driver, "a group 'lab' already")
        await fill(driver, name="again", endpoint="http://127.0.0.1:9", bucket="data", profile="nobody")
        await driver.until(lambda: not driver.app.screen.query_one("#fields").disabled, "an answer")
        await driver.until(lambda: "There is a group" not in said(driver), "the answer")
        await push_button(driver, "#anyway")
        await driver.wait_told("Added the group again.")
        await driver.settle()

        assert any("again" in row and "no keys" not in row for row in driver.tree)
    assert [record.name for record in rainy.catalog.groups()] == ["earth", "lab", "again"]


async def test_a_copy_in_another_group_is_a_row_of_its_own(rainy: Shelf, drive: Drive) -> None:
    """The cursor stays with the copy that was added, and what is asked is about that one alone."""
    (original,) = rainy.catalog.entries("earth")
    place = rainy.connection("rain-copy")
    with rainy.catalog.open(original) as database:
        database.copy_remote(place)
    async with drive(rainy.catalog) as driver:
        await driver.select("rain")
        await driver.pilot.press("j")
        await driver.settle()
        await choose(driver, "A", "d", FormDialog)
        await fill(driver, key="rain-copy", name="Copy")
        await driver.wait_told("Added Copy to lab.")
        await driver.settle()
        assert (driver.screen.group, driver.screen.entry and driver.screen.entry.name) == ("lab", "Copy")
        await driver.pilot.press("r")
        await driver.settle()
        assert driver.screen.group == "lab", "the cursor went to the original"
        await driver.press("enter")
        await choose(driver, "X", "D", TypedConfirm)
        assert str(place.db_key) in said(driver)
        assert "named in lab" in said(driver)


async def test_what_others_pushed_is_pulled_before_a_deletion(rainy: Shelf, drive: Drive) -> None:
    """A remote that has more than the copy here is not deleted: nobody else would have it."""
    with catalog.open(rainy.connection("rain"), rainy.folder / "theirs.blt", "w", lock="commit") as theirs:
        theirs["wed"] = {"mm": 3}
        theirs.changes().push()
    async with drive(rainy.catalog) as driver:
        await driver.select("rain")
        await driver.press("X")
        doubts = {offer.id: offer.doubt for offer in driver.app.screen.query_one(MenuList).offers}
        assert doubts["delete-remote"].startswith("Pull first (p)")
        await driver.press("D")
        await driver.wait_told("Pull first (p)")
        await driver.pilot.press("p")
        await answer(driver, "#go-on")
        await driver.wait_told("Pulled")
        await driver.settle()
        await choose(driver, "X", "D", TypedConfirm)


async def test_a_database_is_added_and_shared(rainy: Shelf, drive: Drive) -> None:
    """What has a remote is added to the selected group after its place has answered; S shares the group, once."""
    place = rainy.connection("snow")
    with catalog.open(place, rainy.folder / "snow.blt", "n", "orjson", lock="commit") as database:
        database["a"] = 1
        database.changes().push()
    async with drive(rainy.catalog) as driver:
        await driver.select("rain")
        await choose(driver, "A", "d", FormDialog)
        assert driver.app.screen.query_one("#endpoint", Input).value == place.endpoint_url
        await driver.pilot.press(*"nothing-here", "ctrl+s")
        await until_said(driver, "there is no database here")
        await driver.pilot.press("end", "!")
        assert driver.app.screen.query_one("#key", Input).value == "nothing-here!", "what was wrong cannot be typed anew"
        await fill(driver, key="lab.group")
        await until_said(driver, "is a group, no database")
        await fill(driver, key="snow", name="Snow", description="Of a winter", tags="cold, white cold")
        await driver.wait_told("Added Snow to earth.")
        await driver.settle()
        assert driver.screen.entry
        assert driver.screen.entry.name == "Snow"
        assert "↑1" in driver.tree[0]
        await driver.pilot.press("S")
        await driver.until(lambda: isinstance(driver.app.screen, Confirm))
        await until_said(driver, "1 changed entry")
        await answer(driver, "#go-on")
        await driver.wait_told("Shared 1 entry of earth as commit 2.")
        await driver.settle()
        await driver.press("S")
        await until_said(driver, "Nothing was changed in earth")
        assert "↑" not in driver.tree[0]
    (_, snow) = rainy.catalog.entries("earth")
    assert (snow.name, snow.description, snow.tags) == ("Snow", "Of a winter", ("cold", "white"))


async def test_a_database_is_described_and_moved(rainy: Shelf, drive: Drive) -> None:
    """What a group says changes at once on the screen; a moved database is in the other group, and still open."""
    async with drive(rainy.catalog) as driver:
        await driver.select("rain")
        await choose(driver, "E", "d", FormDialog)
        await fill(driver, name="")
        await until_said(driver, "It needs a name.")
        await fill(driver, name="drizzle", tags="wet")
        await driver.wait_told("Changed what earth says of drizzle.")
        await driver.settle()
        assert driver.tree[1].split()[1] == "drizzle"
        assert driver.screen.entry
        assert driver.screen.entry.tags == ("wet",)
        await choose(driver, "E", "v", MenuDialog)
        await driver.until(lambda: [offer.id for offer in driver.app.screen.query_one(MenuList).offers] == ["lab"])
        await driver.pilot.press("1")
        await driver.wait_told("Moved drizzle from earth to lab.")
        await driver.settle()

        assert (driver.screen.group, driver.screen.entry.name, driver.screen.opened is not None) == ("lab", "drizzle", True)
    assert (names(rainy, "earth"), names(rainy, "lab")) == ([], ["drizzle"])


async def test_removed_and_put_back(rainy: Shelf, drive: Drive) -> None:
    """Removing asks, with the harmless answer first, says that no data goes, and is undone by Z; so for a group."""
    async with drive(rainy.catalog) as driver:
        await driver.select("rain")
        await driver.press("Z")
        await driver.wait_told("Nothing was removed")
        await choose(driver, "X", "r", Confirm)
        assert driver.app.focused
        assert driver.app.focused.id == "stay"
        assert "no data is deleted" in said(driver)
        await driver.pilot.press("enter")
        assert names(rainy, "earth") == ["rain"]
        await choose(driver, "X", "r", Confirm)
        await answer(driver, "#go-on")
        await driver.wait_told("Removed rain from earth.")
        await driver.settle()
        assert names(rainy, "earth") == []
        await driver.press("Z")
        await driver.wait_told("Put rain back into earth.")
        await driver.settle()
        assert driver.screen.entry
        assert driver.screen.entry.name == "rain"
        await choose(driver, "X", "g", Confirm)
        assert "1 entry" in said(driver)
        await answer(driver, "#go-on")
        await driver.wait_told("Removed the group earth.")
        await driver.settle()
        await driver.press("Z")
        await driver.wait_told("Put the group earth back.")
        await driver.settle()

        assert [row.split()[1] for row in driver.tree if row.startswith("▾")] == ["lab", "earth"]
    assert names(rainy, "earth") == ["rain"]


async def test_a_database_is_made_of_a_file(rainy: Shelf, drive: Drive, tmp_path: Path) -> None:
    """A file is checked, its mistakes told with their lines, then one is asked, then the database is made and shown."""
    table = tmp_path / "snow days.csv"
    table.write_text("day,cm\nmon,1\nmon,2\n")
    async with drive(rainy.catalog) as driver:
        await driver.select("rain")
        await choose(driver, "i", "n", FormDialog)
        await fill(driver, path=str(tmp_path / "none.csv"))
        await until_said(driver, "no file or folder")
        await fill(driver, path=str(table))
        await until_said(driver, "there is no column 'key'")
        assert "Say which to use with “Key column”" in said(driver)
        await fill(driver, columns="day")
        await until_said(driver, "line 3: the key 'mon' is that of line 2 too")
        await fill(driver, format="excel")
        await until_said(driver, "no format 'excel'")
        table.write_text("day,cm\nmon,1\ntue,2\n")
        await fill(driver, format="", serializer="pickle")
        await until_said(driver, "orjson, str or bytes")
        await fill(driver, serializer="", key="rain")
        await until_said(driver, "there is a database already")
        await fill(driver, key="", description="Snow")
        await driver.until(lambda: isinstance(driver.app.screen, Confirm))
        assert "2 keys" in said(driver)
        assert "/remotes/snow-days" in said(driver)
        await answer(driver, "#go-on")
        await driver.wait_told("Made snow days in earth: 2 keys")
        await driver.settle()

        assert driver.screen.entry
        assert driver.screen.entry.name == "snow days"
        assert [row.split()[1] for row in driver.keys] == ["mon", "tue"]
    with catalog.open(rainy.connection("snow-days"), tmp_path / "there.blt") as there:
        assert dict(there) == {"mon": {"cm": 1}, "tue": {"cm": 2}}


async def test_an_empty_database_is_made(rainy: Shelf, drive: Drive) -> None:
    """Without files a database has no keys yet; it needs a name, and a question answered."""
    async with drive(rainy.catalog) as driver:
        await choose(driver, "A", "n", FormDialog)
        await driver.pilot.press("ctrl+s")
        await until_said(driver, "It needs a name.")
        await fill(driver, name="fog")
        await driver.until(lambda: isinstance(driver.app.screen, Confirm))
        assert "no keys yet" in said(driver)
        await answer(driver, "#stay")
        assert names(rainy, "earth") == ["rain"]


async def test_files_are_imported_and_exported(rainy: Shelf, drive: Drive, tmp_path: Path) -> None:
    """An import becomes changes, after a question that says what it replaces; an export replaces nothing."""
    lines = tmp_path / "in.jsonl"
    lines.write_text('{"key": "mon", "mm": 9}\n{"key": "tue", "mm": 2}\n{"key": "wed", "mm": 3, "by": "=1+1"}\n')
    target = tmp_path / "out.jsonl"
    async with drive(rainy.catalog) as driver:
        await driver.select("rain")
        await choose(driver, "i", "i", FormDialog)
        await driver.pilot.press("ctrl+s")
        await until_said(driver, "Say which file or folder.")
        await fill(driver, path=str(lines), nan="zero")
        await until_said(driver, "refused, or null")
        await fill(driver, nan="null")
        await driver.until(lambda: isinstance(driver.app.screen, Confirm))
        assert "1 value that is there" in said(driver)
        assert "1 key that has the same value already" in said(driver)
        assert driver.app.focused
        assert driver.app.focused.id == "stay"
        await answer(driver, "#go-on")
        await driver.wait_told("Imported 2 keys into rain.")
        await driver.settle()
        assert driver.screen.status
        assert (driver.screen.status.state, driver.screen.status.ahead) == (State.AHEAD, 2)
        await choose(driver, "O", "e", FormDialog)
        await fill(driver, path=str(target), prefix="w")
        await driver.wait_told("Exported 1 key of rain.")
        await choose(driver, "O", "e", FormDialog)
        await fill(driver, path=str(target))
        await until_said(driver, "is there already")
        await fill(driver, path=str(tmp_path / "none" / "out.csv"))
        await driver.until(lambda: isinstance(driver.app.screen, Explanation), "an explanation")

        assert "The export of rain did not happen." in driver.log
        await driver.press("escape")
        await choose(driver, "O", "e", FormDialog)
        await fill(driver, path=str(tmp_path / "out.csv"), safe="yes")
        await driver.wait_told("Exported 3 keys of rain.")
        assert "would not bring all of it as it is: by:" in driver.screen.happenings[-1].details
        await choose(driver, "i", "i", FormDialog)
        await fill(driver, path=str(target))
        await driver.until(lambda: isinstance(driver.app.screen, Confirm))
        await answer(driver, "#go-on")
        await driver.wait_told("Nothing of out.jsonl is new to rain.")
    assert "'=1+1" in (tmp_path / "out.csv").read_text()
    assert json.loads(target.read_text()) == {"key": "wed", "value": {"mm": 3, "by": "=1+1"}}


async def test_a_remote_is_copied_and_deleted(rainy: Shelf, drive: Drive, tmp_path: Path) -> None:
    """A copy goes where nothing is; a deletion needs the name, typed, and keeps every value here."""
    async with drive(rainy.catalog) as driver:
        await driver.select("rain")
        await choose(driver, "O", "c", FormDialog)
        await fill(driver, key="lab.group")
        await until_said(driver, "there is a group already")
        await fill(driver, key="archive/rain")
        await driver.until(lambda: isinstance(driver.app.screen, Confirm))
        assert "2 keys" in said(driver)
        await answer(driver, "#go-on")
        await driver.wait_told("Copied rain to")
        await choose(driver, "X", "D", TypedConfirm)
        assert "its history of 1 commit" in said(driver)
        assert "cannot be undone" in said(driver)
        await driver.pilot.press(*"rai", "enter", "enter")
        assert isinstance(driver.app.screen, TypedConfirm)
        assert driver.app.screen.query_one("#go-on").disabled
        await driver.pilot.press("n", "enter", "enter")
        await driver.wait_told("Deleted the remote of rain.")
        await driver.settle()

        assert driver.screen.status
        assert driver.screen.status.state in {State.AHEAD, State.EMPTY}
        assert driver.keys
    with pytest.raises(RemoteMissingError):
        catalog.open(rainy.connection("rain"), tmp_path / "gone.blt")
    with catalog.open(rainy.connection("archive/rain"), tmp_path / "copy.blt") as copy:
        assert len(copy) == 2


async def test_metadata_is_edited(rainy: Shelf, drive: Drive) -> None:
    """Metadata is JSON: what is not is told with its line and column and stays; what is becomes a change."""
    async with drive(rainy.catalog) as driver:
        await driver.select("rain")
        await choose(driver, "E", "m", MetadataDialog)
        area = driver.app.screen.query_one(JsonArea)
        area.text = '{"units":\n {"mm" "x"}}'
        await driver.pilot.press("ctrl+s")
        assert isinstance(driver.app.screen, MetadataDialog)
        assert area.cursor_location[0] == 1
        area.text = '{"units": {"mm": "\u202emm"}}'
        await push_button(driver, "#tidy")
        await driver.until(lambda: area.text.count("\n") == 4, "a tidy text")
        await driver.pilot.press("ctrl+s")
        await driver.wait_told("Changed the metadata of rain.")
        await driver.settle()
        await driver.press("4")
        await driver.until(lambda: "Metadata" in driver.text_of("#details"), "the metadata")
        assert '"units"' in driver.text_of("#details")
        await choose(driver, "E", "m", MetadataDialog)
        assert "\\u202e" in driver.app.screen.query_one(JsonArea).text
        await driver.pilot.press("ctrl+s")
        await driver.wait_told("The metadata is as it was.")
        await driver.settle()

        assert driver.screen.status
        assert driver.screen.status.ahead == 1
    with rainy.ours("rain") as database:
        assert database.get_metadata() == {"units": {"mm": "\u202emm"}}


async def test_the_catalog_is_searched(rainy: Shelf, drive: Drive) -> None:
    """What is found follows what is typed; Enter goes there, opening a group that was closed."""
    rainy.publish("lab", "snow", "orjson", {"a": 1}, "Depth of a winter")
    async with drive(rainy.catalog) as driver:
        await driver.press("g", "h")
        await driver.pilot.press("ctrl+f")
        await driver.until(lambda: isinstance(driver.app.screen, SearchDialog))
        matches = driver.app.screen.query_one(MatchList)
        await driver.until(lambda: matches.row_count == 2, "all databases")
        await driver.pilot.press(*"WEEK")
        await driver.until(lambda: matches.row_count == 1, "one database")
        assert matches.draw_row(0, 80).plain.split("  ")[0] == "earth/rain"
        await driver.pilot.press(*"xyz", "enter")
        await driver.until(lambda: matches.row_count == 0, "none")
        assert isinstance(driver.app.screen, SearchDialog)
        await driver.pilot.press(*["backspace"] * 7, *"test")
        await driver.until(lambda: matches.row_count == 2, "both")
        await driver.pilot.press("down", "up", "enter")
        await driver.until(lambda: driver.app.screen is driver.screen)
        await driver.settle()

        assert driver.screen.entry
        assert driver.screen.entry.name == "rain"
        await driver.pilot.press("ctrl+f")
        await driver.until(lambda: [found.row_count for found in driver.app.screen.query(MatchList)] == [2], "all, at once")


async def test_long_metadata_is_not_edited_here(rainy: Shelf, drive: Drive) -> None:
    """What an editor would take long to show is refused, with another way."""
    with rainy.ours("rain") as database:
        database.set_metadata({"long": ["x" * 1000] * 400})
    async with drive(rainy.catalog) as driver:
        await driver.select("rain")
        await choose(driver, "E", "m", None)
        await driver.until(lambda: isinstance(driver.app.screen, MetadataDialog), "the dialog")
        note = driver.app.screen.query_one("#said", Static)
        await driver.until(lambda: "too long to be edited here" in str(note.render()), "the reason")


async def test_nothing_is_managed_in_a_read_only_session(rainy: Shelf, drive: Drive) -> None:
    """Menus say why nothing can be changed; searching and exporting are left."""
    async with drive(rainy.catalog, is_read_only=True) as driver:
        await driver.select("rain")
        await driver.press("A", "E", "X", "i", "Z", "S")
        assert driver.log == ["This session is read-only: nothing can be changed."] * 6
        await choose(driver, "O", "c", None)
        assert isinstance(driver.app.screen, MenuDialog)
        await driver.pilot.press("e")
        await driver.until(lambda: isinstance(driver.app.screen, FormDialog))


async def test_a_form_is_left_without_harm(rainy: Shelf, drive: Drive) -> None:
    """Escape leaves every form and menu, and nothing was done."""
    async with drive(rainy.catalog) as driver:
        await driver.select("rain")
        for key, letter in (("A", "g"), ("A", "d"), ("A", "n"), ("E", "d"), ("i", "i"), ("O", "e"), ("O", "c")):
            await choose(driver, key, letter, FormDialog)
            await driver.pilot.press("escape")
        await choose(driver, "X", "D", TypedConfirm)
        await driver.pilot.press("escape")
        await driver.until(lambda: driver.app.screen is driver.screen)

        assert driver.log == []


async def test_a_stale_entry_and_one_that_was_not_approved_say_so(rainy: Shelf, drive: Drive) -> None:
    """A database that is gone from its place is marked as stale, one at a place nobody agreed to as not approved."""
    for name in ("gone", "strange"):
        rainy.publish("lab", name, "orjson", {"a": 1})
    with rainy.colleague("gone") as database:
        database.delete_remote()
    rainy.list_at("lab", "strange", S3Connection(db_key="x", bucket="data", endpoint_url="http://127.0.0.1:9"))
    async with drive(rainy.catalog) as driver:
        tree = {row.split()[1]: " ".join(row.split()[2:]) for row in driver.tree if not row.startswith("▾")}

        assert tree == {"rain": "✓", "gone": "≠ stale", "strange": "¿ not approved"}


async def test_a_group_has_details_of_its_own(rainy: Shelf, drive: Drive) -> None:
    """On a group, the details say where it lives, how many databases it has, and what was not shared yet."""
    entry = rainy.entry("rain")
    rainy.catalog.edit("earth", entry.key, description="Rain")
    async with drive(rainy.catalog) as driver:
        await driver.select("rain")
        await driver.press("h", "4")
        text = " ".join(driver.text_of("#details").split())

        assert driver.screen.entry is None
        assert "name earth databases 1" in text
        assert "↑1 S shares what was changed here" in text
        assert "lives at file:///" in text


async def test_entries_that_cannot_be_used_are_counted(rainy: Shelf, drive: Drive) -> None:
    """An entry that describes no connection hides no other, and the group says that it is there."""
    with rainy.catalog.open_group("earth", "w", lock="commit") as group:
        Database.set(group, "broken", {"nothing": "of use"})
        group.changes().push()
    async with drive(rainy.catalog) as driver:
        await driver.select("rain")
        assert driver.tree[0].split() == ["▾", "earth", "1", "✗1"]
        await driver.press("h", "4")

        assert "1 entry that cannot be used" in " ".join(driver.text_of("#details").split())


async def test_details_say_whose_the_lock_is(rainy: Shelf, drive: Drive) -> None:
    """The details ask who holds the write lock, and say when the entry of the group is older than the remote."""
    rainy.push_as_colleague("rain", {"wed": {"mm": 3}})
    with catalog.open(rainy.connection("rain"), rainy.folder / "held.blt", "w"):
        async with drive(rainy.catalog) as driver:
            await driver.select("rain")
            await driver.press("4")
            await driver.until(lambda: "write lock" in driver.text_of("#details"), "the lock")
            text = " ".join(driver.text_of("#details").split())

            assert "held by" in text
            assert "of commit 1, older than its remote" in text
            await choose(driver, "E", "r", None)
            await driver.wait_told("Brought the entry of rain up to date.")
            await driver.settle()
            await driver.until(lambda: "older than its remote" not in driver.text_of("#details"), "a fresh entry")
