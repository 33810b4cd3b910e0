"""Files, streams and pipes in and out, from the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from catalog.cli import cli

from .conftest import Run


def program(folder: Path, *arguments: str | bytes, **more: object) -> subprocess.CompletedProcess[bytes]:
    """Run the command in a process of its own."""
    words = [sys.executable, "-m", "catalog.cli", "--catalog", str(folder), *arguments]
    return subprocess.run(words, capture_output=True, check=False, timeout=60, **more)  # type: ignore[call-overload, no-any-return]


def test_import_says_what_is_new_changed_and_the_same(tmp_path: Path, run: Run) -> None:
    """Of an import each key is new, another value, or the same already; the same is no change."""
    file = tmp_path / "in.jsonl"
    file.write_text('{"key": "a/1", "mm": 1.5}\n{"key": "a/2", "mm": 9}\n{"key": "z", "mm": 0}\n')

    said = run("import", "field/rain", str(file)).stdout
    assert "2 keys were set, 1 of them in place of what was there, 1 is the same already" in said
    again = run("import", "field/rain", str(file)).stdout
    assert "0 keys were set, 3 are the same already" in again
    assert "push" not in again


def test_what_is_left_out_is_named(tmp_path: Path, run: Run) -> None:
    """Links that leave a folder are named; when nothing is left, that is an error and nothing is made."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "out").symlink_to(tmp_path)
    wrong = run("import", "lab/rain", str(source))
    assert (wrong.exit_code, "'out' is a link that leads out of the folder" in wrong.stderr) == (1, True)

    (source / "file").write_bytes(b"x")
    done = run("import", "lab/rain", str(source))
    assert "left out: out: a link that leads out of the folder" in done.stderr
    assert "1 key was set" in done.stdout


def test_standard_input_and_output(folder: Path) -> None:
    """With - a pipe is read and written; what is said beside goes to stderr."""
    out = program(folder, "export", "field/rain", "-", "--format", "jsonl")
    assert [json.loads(line)["key"] for line in out.stdout.splitlines()] == ["a/1", "a/2", "c/1"]
    assert b"3 keys written to standard output" in out.stderr
    done = program(folder, "import", "field/rain", "-", "--format", "csv", input=b"key,mm\nn/1,5\n")
    assert b"1 key was set" in done.stdout, done.stderr
    assert program(folder, "get", "field/rain", "n/1", "--file", "-").stdout == b'{"mm":5}'
    program(folder, "set", "field/notes", "plain", "-", input=b"from a pipe")
    assert program(folder, "get", "field/notes", "plain").stdout == b"from a pipe\n"
    made = program(folder, "create", "field/new", "-", "--format", "csv", input=b"key,mm\nn/1,5\n")
    assert b"1 key was set" in made.stdout, made.stderr
    wrong = program(folder, "export", "field/rain", "-")
    assert (wrong.returncode, wrong.stdout, b"--format" in wrong.stderr) == (2, b"", True)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
def test_pipes_with_names(tmp_path: Path, folder: Path) -> None:
    """A pipe is read once, and written through; it stays a pipe."""
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    feeder = threading.Thread(target=pipe.write_bytes, args=(b"key,mm\np/1,7\n",))
    feeder.start()
    done = program(folder, "import", "field/rain", str(pipe))
    feeder.join()
    assert b"1 key was set" in done.stdout, done.stderr

    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    done = program(folder, "export", "field/rain", str(pipe), "--overwrite")
    reader.join()
    assert read[0].startswith(b"key,mm\n"), done.stderr
    assert pipe.is_fifo()


def test_devices_are_written_through(folder: Path) -> None:
    """/dev/stdout gets the file, whether it is a pipe or leads to a file, and is not replaced."""
    out = program(folder, "export", "field/rain", "/dev/stdout", "--format", "jsonl", "--overwrite")
    assert out.stdout.count(b"\n") == 3, out.stderr
    assert program(folder, "export", "field/rain", "/dev/null", "--format", "csv", "--overwrite").returncode == 0
    assert Path("/dev/null").is_char_device()
    assert Path("/dev/stdout").is_symlink()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
def test_who_reads_may_stop(folder: Path) -> None:
    """An export whose reader has enough ends without a word."""
    reading, writing = os.pipe()
    os.close(reading)
    words = [sys.executable, "-m", "catalog.cli", "--catalog", str(folder), "export", "field/rain", "-", "--format", "csv"]
    done = subprocess.run(words, stdout=writing, stderr=subprocess.PIPE, check=False, timeout=60)
    os.close(writing)

    assert (done.returncode, done.stderr) == (1, b"")


def test_what_will_not_come_back_is_said_before(tmp_path: Path, run: Run) -> None:
    """Columns that another import would bring otherwise are named on stderr."""
    run("set", "field/rain", "t", '{"mm": "1.5"}')
    done = run("export", "field/rain", str(tmp_path / "out.csv"))

    assert "not the same when imported: mm: the text '1.5' of 't' comes back as the number 1.5" in done.stderr
    assert done.exit_code == 0


def test_arguments_that_are_no_text(folder: Path) -> None:
    """Bytes that are no UTF-8 are refused where a name or key is meant, and kept where a file or a value of bytes is."""
    for arguments in (("keys", "field/rain", "--prefix", b"\xff"), ("add-group", b"\xff"), ("get", "field/rain", b"\xff")):
        done = program(folder, *arguments)
        assert (done.returncode, b"not text in UTF-8" in done.stderr) == (2, True), done.stderr
    assert program(folder, "set", "lab/rain", "raw", b"\xff").returncode == 0
    assert program(folder, "get", "lab/rain", "raw", "--raw").stdout == b"\xff"
    assert b"no text" in program(folder, "set", "field/notes", "plain", b"\xff").stderr


def test_json_that_would_change_is_refused(folder: Path, run: Run) -> None:
    """A value is set as it is typed, or the error says where it could not be."""
    for typed, words in (('{"a": 1, "a": 2}', "comes twice"), ("18446744073709551616", "64 bits"), ("[1, NaN]", "column 5")):
        done = CliRunner().invoke(cli, ["--catalog", str(folder), "set", "field/rain", "a/1", typed])
        assert (done.exit_code, words in done.stderr) == (1, True), done.stderr
    assert run("get", "field/rain", "a/1").stdout == '{\n  "mm": 1.5\n}\n'


def test_a_value_into_a_file(tmp_path: Path, run: Run) -> None:
    """`get --file` writes the stored bytes to a new file, and replaces none."""
    assert run("get", "lab/rain", "raw", "--file", str(tmp_path / "raw")).exit_code == 0
    assert (tmp_path / "raw").read_bytes() == b"\x00\xff"
    assert "there already" in run("get", "lab/rain", "raw", "--file", str(tmp_path / "raw")).stderr
