"""Names of objects as names of files."""

from __future__ import annotations

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from catalog.errors import InvalidInputError
from catalog.store.directory.names import to_name, to_path

PARTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(
    lambda part: "/" not in part and part not in (".", "..")
)
NAMES = st.lists(PARTS, min_size=1, max_size=4).map("/".join)


@given(name=NAMES, fold_case=st.booleans())
@example(name="index.html", fold_case=False)
@example(name="a/INDEX.html", fold_case=True)
@example(name=".catalog-store/lock", fold_case=False)
@example(name="CON", fold_case=True)
@example(name="a%41", fold_case=True)
def test_names_come_back(name: str, fold_case: bool) -> None:
    """Each name has a path of its own, from which the name is read again."""
    assert to_name(to_path(name, fold_case=fold_case)) == name


@given(name=NAMES, fold_case=st.booleans())
def test_paths_are_portable(name: str, fold_case: bool) -> None:
    """A path has nothing that a file system refuses, and never means the store's own files."""
    path = to_path(name, fold_case=fold_case)

    assert not set('\\:*?"<>|\x7f') & set(path)
    assert all(char >= " " for char in path)
    for part in path.split("/"):
        assert part not in ("", ".", "..", "index.html", ".catalog-store")
        assert part[-1] not in ". "
        assert part.partition(".")[0].casefold() not in ("con", "nul", "aux", "prn", "com1", "lpt1")


@given(one=NAMES, other=NAMES)
@example(one="A", other="a")
@example(one="x%41", other="xa")
def test_capitals_on_a_file_system_that_folds_them(one: str, other: str) -> None:
    """Names that differ have paths that differ in more than capitals."""
    assume(one != other)
    assert to_path(one, fold_case=True).lower() != to_path(other, fold_case=True).lower()


def test_ours_stay_as_they_are() -> None:
    """What a database calls its objects can be served by any web server."""
    assert to_path("data/Rain-2.blt/packs/0a_f", fold_case=False) == "data/Rain-2.blt/packs/0a_f"


@pytest.mark.parametrize("name", ["", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b", "x" * 256, "a/\udc80"])
def test_refused(name: str) -> None:
    """What could leave the folder, or cannot be a file, is refused."""
    with pytest.raises(InvalidInputError):
        to_path(name, fold_case=False)
