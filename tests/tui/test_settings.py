"""The settings: what is right holds, what is wrong is named and left out."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.command import Place
from tui.features import COMMANDS
from tui.keymap import checked_keys
from tui.options import Settings
from tui.settings import annotated, read_settings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the settings are to be."""
    return tmp_path / "tui.toml"


def test_without_a_file_everything_has_its_default(file: Path) -> None:
    """No file is no problem."""
    found = read_settings(file)

    assert (found.settings, found.problems, found.exists) == (Settings(), (), False)


def test_what_is_set_holds(file: Path) -> None:
    """Every setting can be set."""
    file.write_text(
        'theme = "nord"\nseparator = "::"\nask_every = 60.5\nread_only = true\n[keys]\npush = "ctrl+s,f9"\nquit = "Q"\n'
    )
    found = read_settings(file)

    assert found.problems == ()
    assert found.settings == Settings(
        theme="nord", separator="::", ask_every=60.5, read_only=True, keys={"push": "ctrl+s,f9", "quit": "Q"}
    )
    assert found.is_own("theme")
    assert found.settings.theme_name == "nord"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('thme = "dark"', "Line 2: there is no setting 'thme'; did you mean 'theme'."),
        ('theme = "lihgt"', "Line 2: theme is not used: there is no theme 'lihgt'; did you mean 'light'."),
        ("theme = 3", "Line 2: theme is not used: it must be a text in quotes."),
        ('separator = ""', "Line 2: separator is not used: it must be 1 to 8 characters that can be seen"),
        ('separator = "\\u001b"', "Line 2: separator is not used"),
        ("ask_every = 3", "Line 2: ask_every is not used: it must be 0, or a number of seconds from 10 to 86400."),
        ("ask_every = nan", "Line 2: ask_every is not used"),
        ('ask_every = "often"', "Line 2: ask_every is not used: it must be a number."),
        ('read_only = "yes"', "Line 2: read_only is not used: it must be true or false."),
        ('keys = "x"', "Line 2: keys is a table"),
        ('[keys]\npsh = "x"', "Line 3: there is no command 'psh'; did you mean 'push'."),
        ("[keys]\npush = 1", 'Line 3: the keys of push are a text, such as push = "P".'),
        ('[keys]\npush = "cntrl+s"', "Line 3: 'cntrl+s' is not a key"),
        ('[keys]\npush = "F5"', "Line 3: 'F5' is not a key; did you mean 'f5' (for push)."),
        ('[keys]\npush = "p"', "Line 3: 'p' cannot be used for push: it is the key of pull, in Databases."),
        ('[keys]\npush = "j"', "Line 3: 'j' cannot be used for push: it moves the cursor in lists and texts."),
        ('[keys]\nlog = "ctrl+q"', "Line 3: 'ctrl+q' cannot be used for log: it leaves the program."),
        ("= nothing", "The settings are not TOML, and none of them is used: Invalid statement (at line 2, column 1)."),
    ],
)
def test_what_is_wrong_is_said_and_left_out(file: Path, line: str, told: str) -> None:
    """Each mistake names its line, what is wrong and what would be right; everything has its default."""
    file.write_text(f"# mine\n{line}\n")
    found = read_settings(file)

    assert len(found.problems) == 1
    assert found.problems[0].startswith(told)
    assert found.settings == Settings()


def test_the_rest_holds_beside_a_mistake(file: Path) -> None:
    """One wrong line takes nothing from the others, and mistakes stand in the order of the lines."""
    file.write_text('theme = "light"\nask_every = 1\nwrong = 1\n[keys]\nlog = "j"\nquit = "Q"\n')
    found = read_settings(file)

    assert [re.match(r"Line (\d)", problem)[1] for problem in found.problems] == ["2", "3", "5"]  # type: ignore[index]
    assert found.settings == Settings(theme="light", keys={"quit": "Q"})


def test_bytes_that_are_no_text_are_said(file: Path) -> None:
    """A file in another encoding is no crash."""
    file.write_bytes(b'theme = "\xff"')
    assert "not text in UTF-8" in read_settings(file).problems[0]


def test_a_folder_in_place_of_the_file_is_said(tmp_path: Path) -> None:
    """What cannot be read is said."""
    assert "could not be read" in read_settings(tmp_path).problems[0]


def test_a_number_of_thousands_of_digits_is_said(file: Path) -> None:
    """Python refuses to read such a number, and that is told as any other mistake."""
    file.write_text(f"ask_every = {'9' * 5_000}\n")

    assert "not TOML" in read_settings(file).problems[0]


@given(st.binary(max_size=200))
def test_no_content_stops_the_program(raw: bytes) -> None:
    """Whatever the file holds, there are settings."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(raw)
        file.flush()
        assert isinstance(read_settings(Path(file.name)).settings, Settings)


def test_the_printed_file_says_what_the_defaults_are(file: Path) -> None:
    """Taken as it is it changes nothing; with its comments taken away it sets everything to what it was."""
    text = annotated()
    file.write_text(text)
    assert read_settings(file).settings == Settings()
    assert read_settings(file).problems == ()

    active = "\n".join(line.removeprefix("# ") for line in text.splitlines() if re.match(r"# (\w[\w-]* += |\[)", line))
    file.write_text(active)
    found = read_settings(file)
    assert found.problems == ()
    assert found.settings == Settings(keys=dict(found.settings.keys))
    assert set(found.settings.keys) == {command.id for command in COMMANDS}


def test_two_commands_may_trade_their_keys() -> None:
    """A key is free when its command has another now."""
    chosen, wrong = checked_keys({"push": "p", "pull": "P"})

    assert (chosen, wrong) == ({"push": "p", "pull": "P"}, [])


def test_one_key_for_two_commands_is_for_neither() -> None:
    """Two commands that the user gave one key keep their own, and both are named."""
    chosen, wrong = checked_keys({"push": "f5", "pull": "f5", "quit": "f10"})

    assert chosen == {"quit": "f10"}
    assert [error.name for error in wrong] == ["push", "pull"]


def test_a_key_may_do_two_things_in_two_places() -> None:
    """What never works at the same place does not clash."""
    apart = next(
        (one, other)
        for one in COMMANDS
        for other in COMMANDS
        if one is not other and not any(one.works_at(place) and other.works_at(place) for place in Place)
    )
    chosen, wrong = checked_keys({command.id: "f7" for command in apart})

    assert (set(chosen), wrong) == ({command.id for command in apart}, [])


def test_characters_may_be_written_as_themselves() -> None:
    """A character stands for its name."""
    assert checked_keys({"help": "f1,?", "filter": "ctrl+/", "settings": ","})[0] == {
        "help": "f1,question_mark",
        "filter": "ctrl+slash",
        "settings": "comma",
    }
