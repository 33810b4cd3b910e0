"""The commands that open the screen program, on a terminal of their own."""

from __future__ import annotations

import os
import signal
import sys
import tomllib
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from catalog.cli import cli
from catalog.cli.screen import open_screen
from catalog.cli.selection import Selection

from .pseudo_terminal import Terminal, terminal


def test_alone_on_a_terminal_it_opens_the_screen_program(folder: Path) -> None:
    """`catalog` shows the groups of the catalog, and q leaves it with success."""
    with terminal("--catalog", str(folder)) as shown:
        shown.wait_for("field")
        shown.press(b"q")

        assert shown.leave() == 0


def test_the_demo_opens_the_screen_program(tmp_path: Path) -> None:
    """`catalog demo` on a terminal makes the demo in the user data folder, writes nothing else there, and shows it."""
    with terminal("demo", CATALOG_HOME=str(tmp_path / "home")) as shown:
        shown.wait_for("daily-weather: 2,921 keys")
        shown.wait_for("mauna-loa-co2")
        shown.press(b"q")

        assert shown.leave() == 0
    assert (tmp_path / "home" / "data" / "demo" / "catalog-demo.json").is_file()
    assert [entry.name for entry in (tmp_path / "home" / "data").iterdir()] == ["demo"]


def test_an_interrupt_ends_with_130(tmp_path: Path) -> None:
    """Ctrl-C while the demo is made ends it without a traceback."""
    with terminal("demo", CATALOG_HOME=str(tmp_path / "home")) as shown:
        shown.wait_for("publishing")
        shown.process.send_signal(signal.SIGINT)

        assert shown.leave() == 130
        assert "interrupted" in shown.shown
        assert "Traceback" not in shown.shown


@pytest.mark.parametrize("variable", [{"NO_COLOR": "1"}, {}])
def test_colours_are_for_terminals_that_want_them(folder: Path, variable: dict[str, str]) -> None:
    """On a terminal a list has a bold head, unless NO_COLOR is set."""
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    opened = Terminal(
        [sys.executable, "-m", "catalog.cli", "--catalog", str(folder), "groups"],
        {**environment, "TERM": "xterm", **variable},
    )
    try:
        opened.wait_for("lab")
        assert opened.leave() == 0
        assert ("\x1b[1m" in opened.shown) is not bool(variable)
    finally:
        opened.close()


def test_settings_are_printed_to_begin_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`catalog settings` prints a file that can be used, and beside it where the program looks for one."""
    monkeypatch.setenv("CATALOG_HOME", str(tmp_path))
    done = CliRunner().invoke(cli, ["settings"])

    assert done.exit_code == 0
    assert done.stderr == f"{tmp_path / 'config' / 'tui.toml'} does not exist yet; every setting has its default.\n"
    assert tomllib.loads(done.stdout) == {}
    assert "# theme = " in done.stdout
    assert "# push " in done.stdout

    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "tui.toml").write_text(done.stdout)
    assert "is read at the start" in CliRunner().invoke(cli, ["settings"]).stderr


def test_a_missing_file_of_settings_is_said(folder: Path) -> None:
    """A file that was named and is not there is a mistake of the command line."""
    done = CliRunner().invoke(cli, ["--catalog", str(folder), "tui", "--settings", str(folder / "nothing.toml")])

    assert done.exit_code != 0
    assert "there is no file" in done.output


def test_wrong_settings_stop_nothing(folder: Path, tmp_path: Path) -> None:
    """With mistakes in the user's own file the program starts, says so, and takes what is right."""
    home = tmp_path / "home"
    (home / "config").mkdir(parents=True)
    (home / "config" / "tui.toml").write_text('theme = "lihgt"\n[keys]\nquit = "Q"\n')
    with terminal("--catalog", str(folder), "tui", CATALOG_HOME=str(home)) as shown:
        shown.wait_for("theme is not used")
        shown.press(b"Q")

        assert shown.leave() == 0


@pytest.mark.parametrize("busy", [True, False])
def test_what_still_runs_does_not_spoil_the_end(monkeypatch: pytest.MonkeyPatch, busy: bool) -> None:
    """Left while a thread loads or asks something, the process ends at once, with the code of the program."""
    ended: list[int] = []
    monkeypatch.setattr("tui.app.run", lambda *_, **__: 3)
    monkeypatch.setattr("tui.app.is_busy", lambda: busy)
    monkeypatch.setattr("os._exit", ended.append)
    with pytest.raises(click.exceptions.Exit) as left:
        open_screen(Selection(None))

    assert left.value.exit_code == 3
    assert ended == ([3] if busy else [])
