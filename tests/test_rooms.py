"""Who may know what: rules about the rooms of the library that import contracts cannot say."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import catalog

PACKAGE = Path(catalog.__file__).parent
SQL = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|DROP|PRAGMA|BEGIN|COMMIT)\s", re.ASCII)


def modules_outside(room: str) -> Iterator[tuple[Path, ast.Module]]:
    """The modules of the package that are not in a room."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if room not in path.relative_to(PACKAGE).parts:
            yield path, ast.parse(path.read_text(), str(path))


def test_sql_stands_in_one_room() -> None:
    """Nobody but the working copy's own room writes SQL, or reaches for the sidecar."""
    for path, tree in modules_outside("local"):
        for node in ast.walk(tree):
            assert not (isinstance(node, ast.Attribute) and node.attr in ("sidecar", "_sidecar")), f"{path}:{node.lineno}"
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and path.name != "seen_keys.py":
                assert not SQL.match(node.value), f"{path}:{node.lineno}"


def test_the_room_of_bytes_asks_nobody() -> None:
    """What understands the bytes of a remote neither opens files nor imports what does."""
    for path in (PACKAGE / "format").glob("*.py"):
        named = {
            node.func.id
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert not named & {"open", "print", "input"}, path
