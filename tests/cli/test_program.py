"""The program: help, version, errors as messages, and what it loads to say so little."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from catalog.cli import cli
from catalog.cli.overview import SECTIONS
from catalog.cli.program import COMMANDS
from catalog.errors import CancelledError, CatalogError, ConflictError, LocalFileError, LockTimeoutError

HEAVY = {"boto3", "botocore", "keyring", "numpy", "pandas", "textual", "rich", "booklet"}


def run_python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own."""
    command = [sys.executable, *arguments]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )


def test_help_lists_every_command() -> None:
    """--help names each command with a sentence."""
    result = CliRunner().invoke(cli, ["--help"])

    assert result.exit_code == 0
    for name in COMMANDS:
        assert f"\n  {name} " in result.output
    assert [name for lines in SECTIONS.values() for name in lines if name not in COMMANDS] == []
    assert max(map(len, result.output.splitlines())) <= 80
    assert all(f" {line}\n" in result.output for lines in SECTIONS.values() for line in lines.values())


def test_a_command_that_was_mistyped() -> None:
    """What is like it is named."""
    assert "No such command 'databses'. Do you mean 'databases'?" in CliRunner().invoke(cli, ["databses"]).stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    """Each command has a --help with a usage line and a sentence."""
    result = CliRunner().invoke(cli, [name, "-h"])

    assert result.exit_code == 0
    assert result.output.startswith(f"Usage: cli {name}")
    assert len(result.output.splitlines()[2].strip()) > 20


def test_alone_without_a_terminal_it_prints_help() -> None:
    """`catalog` with its output in a pipe prints help and succeeds."""
    result = run_python("-m", "catalog.cli")

    assert result.returncode == 0
    assert result.stdout.startswith("Usage: catalog")
    assert result.stderr == ""


@pytest.mark.parametrize("argument", ["--version", "--help"])
def test_little_is_loaded_to_say_little(argument: str) -> None:
    """Version and help come without loading boto3, the keyring, numpy or the screen program."""
    code = (
        "import sys\nfrom catalog.cli import cli\n"
        f"try:\n    cli.main([{argument!r}])\nexcept SystemExit as left:\n    assert not left.code\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    result = run_python("-c", code)

    assert result.returncode == 0, result.stderr
    assert not HEAVY & set(result.stderr.split())


def test_wrong_usage_exits_with_2() -> None:
    """An unknown command is a usage error: code 2, and no traceback."""
    result = run_python("-m", "catalog.cli", "frobnicate")

    assert result.returncode == 2
    assert "No such command 'frobnicate'" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (CatalogError("It broke.", hint="Mend it."), 1, "error: It broke.\nhint: Mend it.\n"),
        (CatalogError("No hint\x1b[2J."), 1, "error: No hint\\x1b[2J.\n"),
        (LocalFileError("The disk is full.", path="/data"), 1, "error: The disk is full.\n"),
        (ConflictError(["a"], "there"), 1, "hint: `catalog diff DATABASE` shows both sides"),
        (LockTimeoutError("It", "eve", 1), 1, "hint: Try again when it is free. `catalog lock show"),
        (OSError(13, "Permission denied", "/data"), 1, "error: /data: Permission denied.\n"),
        (CancelledError("The push"), 130, "error: The push was cancelled.\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (ValueError("a secret value"), 1, "error: This is a bug: ValueError in cli/test_program.py, line"),
    ],
)
def test_failures_are_told_in_words(monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, told: str) -> None:
    """Each error becomes a message, a hint and an exit code; a bug is told without its text, which may hold a secret."""

    @click.command()
    def fail() -> None:
        raise error

    monkeypatch.setattr(type(cli), "get_command", lambda *_: fail)
    result = CliRunner().invoke(cli, ["fail"])

    assert result.exit_code == code
    assert told in result.stderr
    assert "secret" not in result.output
    assert "Traceback" not in result.output


def test_a_reader_that_stops_reading_is_no_error() -> None:
    """`catalog --help | head -1` says nothing about a broken pipe."""
    script = f"{sys.executable} -m catalog.cli --help | head -1"
    result = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=False)

    assert result.stdout.startswith("Usage")
    assert result.stderr == ""


@pytest.mark.parametrize(
    "address",
    [
        "https://user:SECRET@host.example/key",
        "https://user:two SECRET@host.example/key",
        "https://host.example/key?X-Amz-Signature=SECRET",
        "user:SECRET@host.example/key",
        "//user:SECRET@host.example/key",
    ],
)
@pytest.mark.parametrize("command", [["get", "", "key"], ["status", ""], ["databases", ""], ["add-group", ""], ["keys", "a", ""]])
def test_an_address_in_the_place_of_a_name_is_not_repeated(command: list[str], address: str, tmp_path: Path) -> None:
    """An address may hold a password or a signature, and an error about a name that nothing has does not say it again."""
    done = CliRunner().invoke(cli, ["--catalog", str(tmp_path), *(part or address for part in command)])

    assert done.exit_code in (1, 2)
    assert "SECRET" not in done.output
