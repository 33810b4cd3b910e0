"""Setting and removing single keys."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from catalog.cli import cli

from .conftest import Run


def test_set(run: Run) -> None:
    """A value is set as a change, in the form that the database stores."""
    assert run("set", "field/rain", "z/1", '{"mm": 9}').stdout == "field/rain: z/1 is set. `catalog push` sends it.\n"
    run("set", "field/notes", "plain", "12")
    run("set", "lab/rain", "raw", "words")

    assert run("get", "field/rain", "z/1").stdout == '{\n  "mm": 9\n}\n'
    assert run("get", "field/notes", "plain").stdout == "12\n"
    assert run("get", "lab/rain", "raw", "--raw").stdout_bytes == b"words"
    assert "1 ahead" in run("status", "field/notes").stdout


def test_set_from_a_file(tmp_path: Path, folder: Path, run: Run) -> None:
    """A file or standard input gives the value, byte by byte where bytes are stored."""
    file = tmp_path / "value"
    file.write_bytes(b"\xff\x00\n")
    assert run("set", "lab/rain", "raw", "--file", str(file)).exit_code == 0
    assert run("get", "lab/rain", "raw", "--raw").stdout_bytes == b"\xff\x00\n"
    CliRunner().invoke(cli, ["--catalog", str(folder), "set", "field/notes", "plain", "--file", "-"], input="from a pipe")
    assert run("get", "field/notes", "plain").stdout == "from a pipe\n"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("field/rain", "a/1"), 2, "Give the value, or --file"),
        (("field/rain", "a/1", "1", "--file", "-"), 2, "Give the value, or --file"),
        (("field/rain", "a/1", "wet"), 1, "This is no JSON"),
        (("field/rain", "a/1", "--file", "/nowhere/value"), 1, "/nowhere/value: No such file"),
        (("field/rain", "", "1"), 1, "error:"),
    ],
)
def test_what_cannot_be_set(run: Run, arguments: tuple[str, ...], code: int, said: str) -> None:
    """What is wrong is said, and the value stays."""
    done = run("set", *arguments)

    assert (done.exit_code, said in done.stderr) == (code, True), done.stderr
    assert "bug" not in done.stderr
    assert run("get", "field/rain", "a/1").stdout == '{\n  "mm": 1.5\n}\n'


def test_unset(run: Run) -> None:
    """Keys are removed as changes; when one is not there, none is."""
    wrong = run("unset", "field/rain", "a/1", "nothing")
    assert (wrong.exit_code, "no key 'nothing'" in wrong.stderr) == (1, True)
    assert run("unset", "field/rain", "a/1", "a/2").stdout == "field/rain: 2 keys removed. `catalog push` sends that.\n"
    assert run("keys", "field/rain").stdout == "c/1\n"
    run("discard", "field/rain", "--all")
    assert run("keys", "field/rain").stdout == "a/1\na/2\nb/1\n"
