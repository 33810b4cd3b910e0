"""Take the README's screenshots of the real program on the demo's data.

::

    python screenshots/make.py

Writes each picture beside this file, as SVG and as the PNG that README and docs show: an SVG looks right only where its font is.
For the PNG a Chromium is needed, as the tests need one. The demo is made anew in a folder for temporary files, which the pictures
show as a folder of the demo's user.
"""

from __future__ import annotations

import asyncio
import math
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from catalog import Catalog
from catalog.demo.build import make_demo
from catalog.demo.folder import DemoFolder
from catalog.demo.next_edits import push_as_colleague
from catalog.demo.remotes import Remotes
from tui.app import CatalogApp
from tui.kit.themes import DARK, LIGHT

HERE = Path(__file__).parent
SHOWN_FOLDER = "/home/ada/catalog-demo"
PATIENCE = 120.0
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Picture:
    """One screenshot: its file, the database to select, the keys to press then, and how it looks."""

    name: str
    database: str
    keys: tuple[str, ...] = ()
    theme: str = DARK.name
    size: tuple[int, int] = (136, 36)


PICTURES = (
    Picture("browse", "daily-weather", ("2",)),
    Picture("value", "hourly-temperature", ("2", *["j"] * 4)),
    Picture("diff", "daily-weather", ("3", "j", "j")),
    Picture("conflict", "airports", ("3", "enter")),
    Picture("push", "daily-weather", ("3", "j", "j", "P")),
    Picture("stage", "daily-weather", ("3", "space", "j", "space")),
    Picture("light", "earthquakes", ("3",), theme=LIGHT.name),
    Picture("history", "daily-weather", ("5", *["j"] * 3, "space", "g")),
    Picture("undo", "daily-weather", ("5", "u")),
    Picture("requests", "daily-weather", ("2", "j", "j", "W")),
    Picture("small", "daily-weather", ("2",), size=(80, 24)),
    Picture("narrow", "daily-weather", ("2",), size=(60, 20)),
)
LONGER_HISTORY = ("seattle/2013-02-", "new-york/2014-07-", "seattle/2015-1", "new-york/2012-0")
"""What a colleague checks and pushes before the history is shown."""


def lengthen_history(demo: DemoFolder) -> None:
    """Let the colleague push some more, and name a commit."""
    here = Catalog(demo.catalog)
    entry = next(entry for entry in here.entries("earth") if entry.name == "daily-weather")
    for prefix in LONGER_HISTORY:
        push_as_colleague(demo, "earth", entry, prefix)
    with here.open(entry, "w", lock="commit", author="ada@desk") as opened:
        opened.tag("published-2026", 2)


async def _until(pilot: Pilot[Any], condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the program did not come to rest")
        await pilot.pause()


async def take(picture: Picture, folder: Path) -> str:
    """Drive the program to what a picture shows, and give it as SVG."""
    app = CatalogApp(Catalog(folder))
    app.animation_level = "none"
    app.theme = picture.theme

    screen = app.get_default_screen()

    def is_quiet() -> bool:
        return app.jobs.idle.is_set() and app.gate.is_quiet and not screen.asking

    async with app.run_test(size=picture.size) as pilot:
        await _until(pilot, lambda: screen.listings is not None and is_quiet())
        entries = [entry for listing in screen.listings or () for entry in listing.entries]
        screen.go_to_database(next(entry.key for entry in entries if entry.name == picture.database))
        await _until(pilot, lambda: screen.opened and screen.opened.entry.name == picture.database and is_quiet())
        for key in picture.keys:
            await pilot.press(key)
            await _until(pilot, is_quiet)
        await pilot.pause(0.3)
        return app.export_screenshot(title="catalog")


def make_png(svg: Path) -> None:
    """Draw a picture with a browser, in a file beside it."""
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        raise SystemExit("A Chromium is needed for the PNG files: `apt-get install chromium-headless-shell`.")
    found = re.search(r'viewBox="0 0 ([0-9.]+) ([0-9.]+)"', svg.read_text(encoding="utf-8"))
    assert found
    width, height = (math.ceil(float(size)) for size in found.groups())
    with tempfile.TemporaryDirectory() as folder:
        drawn = Path(folder) / svg.name
        # The lines of the font that is there touch each other at this size only.
        drawn.write_text(svg.read_text(encoding="utf-8").replace("font-size: 20px", "font-size: 21px"), encoding="utf-8")
        page = f'<body style="margin:0"><img src="{drawn.name}" style="display:block;width:{width}px">'
        (Path(folder) / "page.html").write_text(page, encoding="utf-8")
        subprocess.run(
            [
                browser,
                *("--headless", "--no-sandbox", "--hide-scrollbars", "--allow-file-access-from-files"),
                f"--user-data-dir={folder}/profile",
                f"--window-size={width},{height}",
                "--default-background-color=00000000",
                f"--screenshot={svg.with_suffix('.png')}",
                (Path(folder) / "page.html").as_uri(),
            ],
            check=True,
            capture_output=True,
        )


def main() -> None:
    """Make the demo and take all pictures."""
    # As long as the folder that is shown in its place, so that nothing on the screen moves.
    prefix = str(Path(tempfile.gettempdir()) / "demo")
    folder = Path(prefix + "-" * (len(SHOWN_FOLDER) - len(prefix)))
    shutil.rmtree(folder, ignore_errors=True)
    demo = DemoFolder(folder, "file")
    try:
        make_demo(demo, Remotes.in_folder(demo.remotes), print)
        for picture in PICTURES:
            if picture.name == "history":
                lengthen_history(demo)
            svg = asyncio.run(take(picture, demo.catalog))
            file = HERE / f"{picture.name}.svg"
            file.write_text(svg.replace(str(folder), SHOWN_FOLDER), encoding="utf-8")
            make_png(file)
            print(f"took {picture.name}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
