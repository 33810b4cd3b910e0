"""What managing asks of the library, and what it never asks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from an_entry import ENTRY

from catalog import Catalog, S3Connection
from tui.groups import library as works
from tui.trust import Vouching


@pytest.mark.parametrize("is_trusted", [False, True])
def test_a_place_that_was_not_approved_is_not_asked_for_its_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_trusted: bool
) -> None:
    """Whatever is known here of a database: a place that only a group has named is asked when the user vouches for it."""
    asked: list[S3Connection] = []
    monkeypatch.setattr(works, "read_holder", lambda connection, **_: asked.append(connection))
    mine = Catalog(tmp_path)
    mine.add_group("earth", S3Connection(db_key="g", endpoint_url=(tmp_path / "remotes").as_uri()))
    strange = replace(ENTRY, connection=S3Connection(db_key="x", bucket="data", endpoint_url="http://127.0.0.1:9"))
    found = works.read_details(mine, strange, None, Vouching(origin="earth", trust_connection=is_trusted), ask=True)

    assert bool(asked) is is_trusted
    assert [name for name, _ in found.facts if name == "write lock"] == ["write lock"] * is_trusted
