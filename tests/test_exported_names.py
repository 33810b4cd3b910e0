"""What the package offers is what it says it offers."""

from __future__ import annotations

import subprocess
import sys

import pytest

import catalog
from catalog import errors, public

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


def test_nothing_public_is_left_out() -> None:
    """Every class and function that the package imports for its users is in ``__all__``."""
    offered = {name for name, found in vars(public).items() if not name.startswith("_") and type(found).__name__ != "module"}

    assert offered - {"annotations"} == set(catalog.__all__)


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


def test_a_module_of_the_package_does_not_bring_the_others() -> None:
    """Importing one small module waits for none of the engine; the first public name brings them all."""
    code = (
        "import sys, catalog.errors; print('catalog.database' in sys.modules);"
        "from catalog import open, Database; print(open is catalog.open, Database is catalog.Database, 'KeyInfo' in dir(catalog))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["False", "True", "True", "True"]


def test_an_unknown_name_is_an_error() -> None:
    """What is not there is missed in the usual way."""
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        catalog.nothing  # type: ignore[attr-defined] # noqa: B018
    assert not hasattr(catalog, "__nothing__")


@pytest.mark.parametrize("module", ["changes.push", "changes.changes", "lock", "writing", "opening"])
def test_a_module_can_be_the_first_that_is_imported(module: str) -> None:
    """No module needs another one to be imported before it."""
    subprocess.run([sys.executable, "-c", f"import catalog.{module}"], check=True, timeout=60)
