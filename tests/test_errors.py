"""What errors say is one line that any terminal can show, whoever wrote the names in it."""

from __future__ import annotations

import logging
import pickle
import shutil
from pathlib import Path

import pytest

import catalog
from catalog import CatalogError, S3Connection

HOSTILE = "ev\x1b[31mil\n\x9b2J\u202e"


def test_messages_and_hints_are_harmless() -> None:
    """Controls, line breaks and format characters are shown as escapes, once, also after a pickle."""
    error = CatalogError(f"It is {HOSTILE}.", hint=f"Ask {HOSTILE}.")
    shown = r"It is ev\x1b[31mil\n\x9b2J\u202e. Ask ev\x1b[31mil\n\x9b2J\u202e."
    assert str(error) == str(pickle.loads(pickle.dumps(error))) == shown
    assert CatalogError(error.message).message == error.message


def test_a_strangers_name_reaches_no_terminal(
    folder_connection: S3Connection, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An author of a commit that a restored remote has is harmless in the error, the notice and the log."""
    for number in (1, 2):
        with catalog.open(folder_connection, tmp_path / "a.blt", "c", "orjson", lock="commit", author=HOSTILE) as database:
            database["a"] = number
            database.changes().push(message=HOSTILE)
        shutil.copytree(tmp_path / "remote", tmp_path / f"backup{number}")
    shutil.rmtree(tmp_path / "remote")
    shutil.copytree(tmp_path / "backup1", tmp_path / "remote")
    with caplog.at_level(logging.WARNING, "catalog"), catalog.open(folder_connection, tmp_path / "a.blt") as database:
        said = [str(database.parted), *database.notices, *caplog.messages]
    assert len(said) == 3
    assert all(words.isprintable() and r"ev\x1b[31mil" in words for words in said)
