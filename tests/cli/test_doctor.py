"""`catalog doctor`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import Run


def test_database(run: Run) -> None:
    """A database of the catalog is examined; exit 0 when nothing fails."""
    result = run("doctor", "lab/rain")
    assert result.exit_code == 0
    assert "works        conditional write: kept" in result.output
    assert "values" not in result.output


def test_deep_json(run: Run) -> None:
    """--json gives the same facts, --deep looks at the values."""
    result = run("doctor", "field/rain", "--deep", "--json")
    facts = json.loads(result.stdout)
    assert facts["healthy"] is True
    assert facts["checks"][-1]["name"] == "values"
    assert set(facts["checks"][0]) == {"name", "verdict", "found", "meaning", "advice"}


def test_place(run: Run, tmp_path: Path) -> None:
    """A place that is in no catalog is given with options."""
    result = run("doctor", "--db-key", "new.blt", "--endpoint", (tmp_path / "elsewhere").as_uri())
    assert result.exit_code == 0
    assert "there is no database yet" in result.output


@pytest.mark.usefixtures("nothing_inline")
def test_fails(run: Run, tmp_path: Path) -> None:
    """Exit 1 when something fails, with what it means and what to do."""
    assert run("set", "lab/rain", "new", "1").exit_code == 0
    assert run("push", "lab/rain", "-m", "new").exit_code == 0
    for pack in (tmp_path / "remotes").rglob("packs/*"):
        pack.unlink()
    result = run("doctor", "lab/rain")
    assert result.exit_code == 1
    assert "fails" in result.output
    assert "Push the affected keys again" in result.output


def test_usage(run: Run) -> None:
    """One place at a time."""
    assert run("doctor").exit_code == 2
    assert run("doctor", "lab/rain", "--db-key", "x", "--bucket", "bucket").exit_code == 2
