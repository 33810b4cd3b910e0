"""Earlier versions: the list of commits, what changed, and the ways back."""

from __future__ import annotations

import pytest
from textual.widgets import Input, Static

from catalog import EntryMissingError
from tui.command import Place
from tui.history import library as versions
from tui.history.dialogs import TagDialog, UntagDialog
from tui.kit.confirm import Confirm, Explanation

from .asking import ask, dialog_text, push_button
from .conftest import Drive
from .driving import Driver
from .shelf import COLLEAGUE, Shelf, day, weather
from .snapping import LOOK_NAMES, LOOKS, Snap, after


@pytest.fixture
def old(shelf: Shelf) -> Shelf:
    """A database with four commits, the second of them tagged by the third, and an unpushed change."""
    shelf.add_group("earth")
    shelf.publish("earth", "weather", "orjson", {day(number): weather(number) for number in range(1, 6)})
    shelf.take("weather")
    shelf.push_as_colleague("weather", {day(2): {**weather(2), "sky": "fog"}, day(3): None}, "Fog")
    with shelf.colleague("weather") as database:
        database.tag("published-2026", 2)
    shelf.push_as_colleague("weather", {day(2): {**weather(2), "sky": "sun"}, day(4): None, day(8): weather(8)}, "Sun\nat last")
    with shelf.ours("weather") as database:
        database.changes().pull()
    shelf.edit("weather", {day(8): {**weather(8), "sky": "ours"}})
    return shelf


def commits(driver: Driver) -> list[str]:
    """The rows of the history."""
    shown = driver.screen.history_pane.list
    return [" ".join(shown.draw_row(row, 100).plain.split()) for row in range(shown.row_count)]


def changed(driver: Driver) -> list[str]:
    """The rows of what changed."""
    shown = driver.screen.history_pane.changes
    return [" ".join(shown.draw_row(row, 60).plain.split()[:2]) for row in range(shown.row_count)]


def _state(shelf: Shelf) -> dict[str, object]:
    with shelf.colleague("weather") as database:
        database.changes().pull()
        return dict(database.items())


async def test_the_history_says_who_did_what(old: Shelf, drive: Drive) -> None:
    """Each commit has its number, author, message, tags and keys; below are the keys it changed, and one before and after."""
    async with drive(old.catalog, (150, 44)) as driver:
        await driver.select("weather")
        await driver.press("5")
        rows = commits(driver)
        assert [row.split()[0] for row in rows] == ["4", "3", "2", "1"]
        assert all(COLLEAGUE in row for row in rows)
        assert rows[0].endswith("Sun at last your copy 4 keys")
        assert rows[2].endswith("Fog [published-2026] 4 keys")
        assert changed(driver) == [f"~ {day(2)}", f"− {day(4)}", f"+ {day(8)}"]
        assert "before" in driver.text_of("#past-diff")
        sky = next(line for line in driver.text_of("#past-diff").splitlines() if "sky" in line)
        assert sky.index("fog") < sky.index("sun")

        await driver.press("j")
        assert "No key was changed" in driver.text_of("#commit-changes")
        await driver.press("G")
        assert changed(driver) == [f"+ {day(number)}" for number in range(1, 6)]

        await driver.press("enter", "j", "enter")
        assert driver.screen.place is Place.BEFORE_AFTER
        assert '"date": "2012-01-02"' in driver.text_of("#past-diff")
        await driver.press("escape", "escape", "escape")
        assert driver.screen.situation.place is Place.DATABASES


async def test_any_two_commits_are_compared(old: Shelf, drive: Drive) -> None:
    """Space marks one; the cursor's is compared with it, the older first; space on it takes the mark away."""
    async with drive(old.catalog) as driver:
        await driver.select("weather")
        await driver.press("5", "space", "G")
        assert commits(driver)[0].startswith("± 4")
        assert str(driver.screen.history_pane.changes.border_title) == "Commit 1 → 4"
        assert changed(driver) == [f"~ {day(2)}", f"− {day(3)}", f"− {day(4)}", f"+ {day(8)}"]
        sky = next(line for line in driver.text_of("#past-diff").splitlines() if "sky" in line)
        assert sky.index("rain") < sky.index("sun")

        await driver.press("g", "space")
        assert str(driver.screen.history_pane.changes.border_title) == "Commit 4"
        assert changed(driver) == [f"~ {day(2)}", f"− {day(4)}", f"+ {day(8)}"]


async def test_an_earlier_version_is_looked_at(old: Shelf, drive: Drive) -> None:
    """Its keys and values are shown with a label; nothing can be changed there; escape goes back to the history, and to now."""
    async with drive(old.catalog) as driver:
        await driver.select("weather")
        await driver.press("2", "j", "5", "G", "v")
        await driver.until(lambda: driver.screen.past, "the earlier version")
        await driver.settle()
        assert driver.screen.place is Place.KEYS
        assert "as of commit 1" in driver.text_of("#heading")
        assert "Keys at commit 1, read-only" in str(driver.screen.query_one("#key-list").border_title)
        assert day(3) in driver.keys[2]
        await driver.press("j")
        assert '"sky": "rain"' in driver.value

        await driver.press("P")
        assert driver.log == ["You look at commit 1, where nothing can be changed: b goes back to now."]
        await driver.press("escape")
        assert driver.screen.situation.place is Place.HISTORY
        await driver.press("2")
        assert driver.screen.situation.past is None
        assert day(8) in "".join(driver.keys)
        assert "as of" not in driver.text_of("#heading")


async def test_undo_says_exactly_what_comes_back(old: Shelf, drive: Drive) -> None:
    """The question names the commit and the fate of every key, and its focus is on leaving it; then all is as before the push."""
    async with drive(old.catalog) as driver:
        await driver.select("weather")
        await driver.press("5")
        await ask(driver, "u", Confirm)
        question = dialog_text(driver)
        assert f"take back commit 4 by {COLLEAGUE}" in question
        assert "“Sun at last”" in question
        assert "go back to commit 3" in question
        assert "3 keys: 1 comes back, 1 has its earlier value again, 1 goes away" in question
        assert f"~ {day(2)} has its earlier value again − {day(8)} goes away" in question.replace(f"+ {day(4)} comes back ", "")
        assert "1 unpushed change of yours" in question
        await driver.press("enter")
        assert len(commits(driver)) == 4

        await ask(driver, "u", Confirm)
        await driver.pilot.press("right", "enter")
        await driver.wait_told("weather is as in commit 3 again, by commit 5.")
        await driver.settle()
        assert "Undo: back to commit 3" in commits(driver)[0]
        assert driver.screen.status is not None
        assert driver.screen.status.conflicts == 1

    assert _state(old) == {day(1): weather(1), day(2): {**weather(2), "sky": "fog"}, day(4): weather(4), day(5): weather(5)}


async def test_going_back_to_a_commit_is_a_new_commit(old: Shelf, drive: Drive) -> None:
    """The question counts the keys; a commit that someone makes meanwhile is not lost but stops it."""
    async with drive(old.catalog) as driver:
        await driver.select("weather")
        await driver.press("5", "R")
        assert driver.log == ["This is the newest commit: there is nothing to go back to."]
        await driver.press("G")
        await ask(driver, "R", Confirm)
        assert "4 keys: 2 come back, 1 has its earlier value again, 1 goes away" in dialog_text(driver)
        old.push_as_colleague("weather", {day(9): weather(9)}, "Meanwhile")
        await driver.pilot.press("right", "enter")
        await driver.until(lambda: isinstance(driver.app.screen, Explanation), "the explanation")
        assert "Someone has committed to weather since you were asked. Nothing was done." in dialog_text(driver)
        await driver.press("enter")
        assert "Meanwhile" in commits(driver)[0]
        assert driver.screen.history_pane.list.commit == driver.screen.history_pane.list._commits[-1]

        await ask(driver, "R", Confirm)
        assert "5 keys: 2 come back, 1 has its earlier value again, 2 go away" in dialog_text(driver)
        await driver.pilot.press("right", "enter")
        await driver.wait_told("weather is as in commit 1 again, by commit 6.")
        await driver.settle()

    assert _state(old) == {day(number): weather(number) for number in range(1, 6)}


async def test_tags_come_and_go(old: Shelf, drive: Drive) -> None:
    """A name that cannot be one is refused as it is typed; a tag shows in the list, and goes after a question."""
    async with drive(old.catalog) as driver:
        await driver.select("weather")
        await driver.press("5", "U")
        assert driver.log == ["This commit has no tag."]
        await ask(driver, "T", TagDialog)

        def wrong() -> str:
            return str(driver.app.screen.query_one("#wrong", Static).render())

        name = driver.app.screen.query_one(Input)
        refused = {"12": "A number names a commit", "published-2026": "Commit 2 has this tag", "a\u202eb": "printable"}
        for text, reason in refused.items():
            name.value = text
            await driver.until(lambda reason=reason: reason in wrong(), reason)  # type: ignore[misc]
            await driver.pilot.press("enter")
            assert isinstance(driver.app.screen, TagDialog)
        name.value = "[final]"
        await driver.until(lambda: not wrong(), "no problem")
        await driver.pilot.press("enter")
        await driver.wait_told("Commit 4 of weather is called [final] now.")
        await driver.settle()
        assert "[[final]]" in commits(driver)[1]

        await driver.press("j")
        await ask(driver, "U", UntagDialog)
        await driver.press("enter")
        assert "[[final]]" in commits(driver)[1]
        await ask(driver, "U", UntagDialog)
        await push_button(driver, "#name-0")
        await driver.wait_told("Removed the tag [final] of weather.")

    with old.colleague("weather") as database:
        assert database.tags() == {"published-2026": 2}


async def test_a_tag_goes_on_top_of_what_was_shown(old: Shelf, drive: Drive) -> None:
    """What a colleague pushed and the history shows does not stop a tag; what came while one was asked does, by name."""
    old.push_as_colleague("weather", {day(8): weather(8)}, "Seen")
    async with drive(old.catalog) as driver:
        await driver.select("weather")
        await driver.press("5")
        await ask(driver, "T", TagDialog)
        driver.app.screen.query_one(Input).value = "one"
        await driver.pilot.press("enter")
        await driver.wait_told("is called one now.")
        await driver.settle()
        await ask(driver, "T", TagDialog)
        driver.app.screen.query_one(Input).value = "two"
        old.push_as_colleague("weather", {day(9): weather(9)}, "Meanwhile")
        await driver.pilot.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, Explanation), "the explanation")
        assert "(“Meanwhile”)" in dialog_text(driver)
        assert "Look at what is new in the history" in dialog_text(driver)


async def test_a_long_history_is_read_page_by_page(old: Shelf, drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only as many commits are read as are near; going to the end reads on; tagged ones older than what is kept come last."""
    monkeypatch.setattr(versions, "PAGE", 6)
    with old.colleague("weather") as database:
        for number in range(20):
            database[day(1)] = {"number": number}
            database.changes().push(message=f"push {number}")
        database.collect_garbage(keep_days=0, keep_commits=21, dry_run=False)
        with pytest.raises(EntryMissingError):
            database.commit_at(3)
    async with drive(old.catalog, (140, 20)) as driver:
        await driver.select("weather")
        await driver.press("5")
        shown = driver.screen.history_pane.list
        assert shown.row_count < 20
        assert "older commits are being read" in commits(driver)[-1]
        await driver.press("G")
        await driver.until(lambda: shown.row_count == 23, "the end")
        assert [row.split()[0] for row in commits(driver)] == [*map(str, range(25, 3, -1)), "2"]
        await driver.settle()
        assert "published-2026" in commits(driver)[shown.cursor]
        assert "is not kept any more" in driver.text_of("#commit-changes")


async def test_a_history_that_cannot_be_read_says_why(old: Shelf, drive: Drive) -> None:
    """The problem stands where the commits would be, and nothing can be chosen there."""
    async with drive(old.catalog) as driver:
        await driver.select("weather")
        old.damage_head("weather")
        await driver.press("5", "T")
        assert "its head is damaged" in " ".join(driver.text_of("#commit-list").split())
        assert driver.log[-1] == "Choose a commit in the history first."


async def test_the_history_follows_what_others_push(old: Shelf, drive: Drive) -> None:
    """When the remote is asked and has a newer commit, the list shows it, and the cursor stays on its commit."""
    async with drive(old.catalog) as driver:
        await driver.select("weather")
        await driver.press("5", "j")
        old.push_as_colleague("weather", {day(9): weather(9)}, "Meanwhile")
        assert driver.screen.entry
        driver.screen.remotes.ask(driver.screen.entry)
        await driver.until(lambda: "Meanwhile" in commits(driver)[0], "the newer commit")
        assert driver.screen.history_pane.list.commit is not None
        assert driver.screen.history_pane.list.commit.number == 3


async def test_big_values_are_fetched_for_who_goes_there(shelf: Shelf, drive: Drive) -> None:
    """Moving over a big change reads nothing; going to it compares it: in the history as in the changes."""
    shelf.add_group("earth")
    shelf.publish("earth", "noise", "str", {"big": "a" * 1_100_000})
    shelf.take("noise")
    shelf.push_as_colleague("noise", {"big": "b" * 1_100_000})
    async with drive(shelf.catalog) as driver:
        await driver.select("noise")
        await driver.press("5", "enter")
        assert "This value is big: 1.1 MB" in driver.text_of("#past-diff")
        await driver.press("enter")
        await driver.until(lambda: "aaaa" in driver.text_of("#past-diff"), "the values")
        await driver.press("3")
        assert "This value is big" in driver.difference
        await driver.press("enter")
        await driver.until(lambda: "bbbb" in driver.difference, "the values")


async def test_read_only_may_look_but_not_go_back(old: Shelf, drive: Drive) -> None:
    """A read-only session opens earlier versions, and refuses to undo, to go back and to tag."""
    async with drive(old.catalog, is_read_only=True) as driver:
        await driver.select("weather")
        await driver.press("5", "G", "u", "R", "T", "U")
        assert driver.log == ["This session is read-only: nothing can be changed."] * 4
        await driver.press("v")
        await driver.until(lambda: driver.screen.past, "the earlier version")


@pytest.mark.parametrize(("size", "light"), LOOKS, ids=LOOK_NAMES)
class TestLooks:
    """The history in dark, light and narrow."""

    def test_history(self, snap: Snap, size: tuple[int, int], light: bool) -> None:
        """The commits, one of them marked, and what led to the other."""
        assert snap(after("quakes", "5", "space", "j"), size, light=light)

    def test_changed(self, snap: Snap, size: tuple[int, int], light: bool) -> None:
        """A value before and after."""
        assert snap(after("messages", "5", "l", "l"), size, light=light)

    def test_past(self, snap: Snap, size: tuple[int, int], light: bool) -> None:
        """The keys of an earlier version."""

        async def act(driver: Driver) -> None:
            await after("quakes", "5", "G", "v")(driver)
            await driver.until(lambda: driver.screen.past, "the earlier version")

        assert snap(act, size, light=light)

    def test_undo(self, snap: Snap, size: tuple[int, int], light: bool) -> None:
        """The question before an undo."""

        async def act(driver: Driver) -> None:
            await after("messages", "5", "u")(driver)
            await driver.until(lambda: isinstance(driver.app.screen, Confirm))

        assert snap(act, size, light=light)

    def test_tag(self, snap: Snap, size: tuple[int, int], light: bool) -> None:
        """The form for a tag, with a name that cannot be one."""

        async def act(driver: Driver) -> None:
            await after("quakes", "5", "T")(driver)
            await driver.until(lambda: isinstance(driver.app.screen, TagDialog))
            await driver.pilot.press(*"2026")

        assert snap(act, size, light=light)
