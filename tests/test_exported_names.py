"""What the package offers is what it says it offers."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import catalog
from catalog import errors

PROMISED = {
    *("open", "S3Connection", "Database", "ConnectionGroup", "Catalog", "CatalogError", "ConflictError", "IntegrityError"),
    *("LockTimeoutError", "LeaseLostError", "ReadOnlyError", "RemoteMissingError", "UnsupportedFormatError"),
    *("UntrustedValueError", "CredentialsError", "OutcomeUnknownError"),
}


def test_all_names_exist_once_and_sorted() -> None:
    """``__all__`` is sorted, without repetition, and each of its names is there."""
    assert list(catalog.__all__) == sorted(set(catalog.__all__))
    assert all(hasattr(catalog, name) for name in catalog.__all__)


def test_the_promised_names_are_there() -> None:
    """The names that programs rely on are public."""
    assert set(catalog.__all__) >= PROMISED


def test_every_error_is_public_and_in_one_tree() -> None:
    """Every error of the tree can be caught by a public name and by the root."""
    for name, found in vars(errors).items():
        if isinstance(found, type) and issubclass(found, Exception):
            assert issubclass(found, errors.CatalogError), name
            assert name in catalog.__all__, name


def test_importing_it_asks_for_nothing_slow() -> None:
    """The import brings no Textual, no boto3, no keyring, no pandas: these wait until they are needed."""
    code = "import sys, catalog; print([m for m in ('textual', 'boto3', 'keyring', 'pandas', 'tui') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["S3Connection", "CatalogError", "Progress", "escape"])
def test_one_name_brings_one_module(name: str) -> None:
    """A small public name waits for none of the engine."""
    code = f"import sys; from catalog import {name}; print([m for m in sys.modules if m.startswith('catalog.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    brought = set(ast.literal_eval(done.stdout))
    assert brought <= {f"catalog.{module}" for module in ("connection", "errors", "progress", "text")}


def test_no_module_goes_through_the_front_door() -> None:
    """No module of the package imports the package's own public names, which would bring what it does not need."""
    for path in Path(catalog.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            through = isinstance(node, ast.ImportFrom) and node.module == "catalog" and node.level == 0
            names = {each.name for each in node.names} if isinstance(node, ast.ImportFrom) and through else set()
            assert not names & set(catalog.__all__), path
            assert not (isinstance(node, ast.Import) and any(each.name == "catalog" for each in node.names)), path


def test_an_unknown_name_is_an_error() -> None:
    """What is not there is missed in the usual way."""
    with pytest.raises(AttributeError, match="nothing"):
        catalog.nothing  # type: ignore[attr-defined] # noqa: B018
    assert not hasattr(catalog, "__nothing__")


@pytest.mark.parametrize("module", ["changes.push", "changes.changes", "locking.breaking", "database.open", "groups.open"])
def test_a_module_can_be_the_first_that_is_imported(module: str) -> None:
    """No module needs another one to be imported before it."""
    subprocess.run([sys.executable, "-c", f"import catalog.{module}"], check=True, timeout=60)
