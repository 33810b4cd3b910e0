"""The search command."""

from __future__ import annotations

import json

from .conftest import Run


def test_search(run: Run) -> None:
    """Databases are found by words of their name, group and description, and named as other commands take them."""
    lines = run("search", "RAIN", "field").stdout.splitlines()

    assert lines[0].split() == ["DATABASE", "FOUND", "IN"]
    assert [line.split()[0] for line in lines[1:]] == ["field/rain"]


def test_search_as_json(run: Run) -> None:
    """The same for programs, with where it was found."""
    found = json.loads(run("search", "notes of", "--json").stdout)

    assert [(one["database"], one["field"]) for one in found] == [("field/notes", "description")]


def test_few_and_none(run: Run) -> None:
    """What is left out is counted, and an empty answer says so, on stderr."""
    assert run("search", "rain", "--limit", "1").stderr == "2 databases found; 1 shown.\n"
    nothing = run("search", "no such thing")
    assert (nothing.stdout, nothing.stderr, nothing.exit_code) == ("", "Nothing was found.\n", 0)
