"""How keys and values look: folders, orders, folds, tables, source text, pictures and the question for a path."""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from PIL import Image

from tui.kit.line import LineDialog

from .driving import Driver
from .frozen import FrozenCatalog
from .shelf import Shelf
from .snapping import LOOK_NAMES, LOOKS, MEDIUM, WIDE, Snap, after

Size = tuple[int, int]
Look = Callable[..., bool]


def _gradient() -> bytes:
    picture = Image.new("RGB", (96, 64))
    picture.putdata([(column * 255 // 96, row * 255 // 64, 160) for row in range(64) for column in range(96)])
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


TABLE = "station,day,mm,sky\n" + "".join(
    f"W{number % 7},2012-01-{number:02},{number * 1.5},{'rain' * (number % 3)}\n" for number in range(1, 31)
)
CODE = """\
from statistics import mean


def wettest(days: dict[str, float]) -> str:
    # The first of them.
    return max(days, key=days.get)
"""


@pytest.fixture(scope="session")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """Values of kinds that have a look of their own."""
    shelf = Shelf(tmp_path_factory.mktemp("gallery"))
    shelf.add_group("lab")
    files: dict[str, Any] = {"code/wettest.py": CODE.encode(), "pictures/evening.png": _gradient(), "rain.csv": TABLE.encode()}
    shelf.publish("lab", "files", None, files, "Files of many kinds")
    deep = {
        f"{region}/{number:02}": {"mm": number, "by": {"hour": [*range(number)]}}
        for region in ("north", "south")
        for number in range(30)
    }
    shelf.publish("lab", "rain", "orjson", {**deep, "about": {"source": "Met office"}}, "Rain by region")
    for name in ("files", "rain"):
        shelf.take(name)
    return shelf


@pytest.fixture
def look(snap: Snap, gallery: Shelf) -> Look:
    """Compares the screen after some acts on the gallery."""

    def compare(act: Callable[[Driver], Awaitable[None]], size: Size = WIDE, *, light: bool = False) -> bool:
        return snap(act, size, light=light, catalog=FrozenCatalog(gallery.folder / "catalog"))

    return compare


@pytest.mark.parametrize(("size", "light"), LOOKS, ids=LOOK_NAMES)
class TestLooking:
    """What depends on the room there is."""

    def test_folders(self, look: Look, size: Size, light: bool) -> None:
        """Folders with their numbers, and a key between them."""
        assert look(after("rain", "2", "f"), size, light=light)

    def test_table(self, look: Look, size: Size, light: bool) -> None:
        """A table in a text."""
        assert look(after("files", "2", "G", "enter"), size, light=light)


class TestMoments:
    """What looks much the same everywhere."""

    def test_inside_a_folder(self, look: Look) -> None:
        """The keys of a folder without its name, largest first after o."""
        assert look(after("rain", "2", "f", "j", "enter", "o"))

    def test_folds(self, look: Look) -> None:
        """A value whose inner blocks are folded, with the cursor on one of them."""
        assert look(after("rain", "2", "f", "j", "enter", "G", "f", "G", "enter", "minus", "j", "j"), MEDIUM)

    def test_picture(self, look: Look) -> None:
        """A picture in half blocks."""
        assert look(after("files", "2", "j"))

    def test_source(self, look: Look) -> None:
        """Source text in its colours."""
        assert look(after("files", "2"), light=True)

    def test_path(self, look: Look) -> None:
        """The question for a path, after an answer that cannot be used."""

        async def act(driver: Driver) -> None:
            await driver.select("rain")
            await driver.press("2", "s")
            await driver.until(lambda: isinstance(driver.app.screen, LineDialog), "the dialog")
            await driver.pilot.press("ctrl+u", *"/", "enter")

        assert look(act, MEDIUM)
