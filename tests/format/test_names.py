"""The names of one database are never those of another, and the same in a bucket and on every file system."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import InvalidInputError
from catalog.format.names import ObjectNames, check_new_key

PARTS = st.text("ab.d-_ 0lock", min_size=1, max_size=8)
IDENTITY = bytes(range(16))


def can_be_made(db_key: str) -> bool:
    """Whether a database can be made at a key."""
    try:
        check_new_key(db_key)
    except InvalidInputError:
        return False
    return True


@given(st.lists(PARTS, min_size=1, max_size=3).map("/".join), st.lists(PARTS, min_size=1, max_size=3).map("/".join))
def test_no_database_is_part_of_another(one: str, other: str) -> None:
    """Whatever two keys databases can be made at, no object of one is an object or a folder of the other."""
    if one == other or not can_be_made(one) or not can_be_made(other):
        return
    left, right = ObjectNames(one), ObjectNames(other)

    assert not right.head.startswith(left.folder)
    assert not right.head.startswith(f"{left.lease}.")
    assert right.head not in (left.head, left.lease)
    assert not f"{right.head}/".startswith(left.folder)


@pytest.mark.parametrize(
    "db_key", ["rain.blt", "data/2024/rain.blt", "a", "a.blt.bak", "data-1/x_y z.blt", "d", "a.dd", "日本/雨"]
)
def test_what_can_be_made(db_key: str) -> None:
    """Lower-case letters, digits, dots, hyphens and spaces inside are the same everywhere."""
    check_new_key(db_key)


@pytest.mark.parametrize(
    "db_key",
    [
        "x.d",
        "x.d/packs",
        "x.d/log",
        "x.lock",
        "x.lock/y",
        "x.lock.abc-0",
        ".catalog-store/a",
        "Rain.blt",
        "rain:1",
        "what?",
        "a*b",
        "con",
        "con.blt",
        "data/com1.txt",
        "trailing.",
        "trailing ",
        " leading",
        "a//b",
        "a/../b",
        "\u00e9",
        "e\u0301",
        "tab\t",
        "percent%41",
        "x" * 201,
    ],
)
def test_what_cannot_be_made(db_key: str) -> None:
    """A key that could be another database's object, or is another name on some file system, is refused with the reason."""
    with pytest.raises(InvalidInputError, match="No database can be made"):
        check_new_key(db_key)


def test_only_names_of_a_database_are_its_own() -> None:
    """What lies below the prefix and is named otherwise is left alone."""
    names = ObjectNames("data/rain.blt")
    ours = [
        names.pack(IDENTITY),
        names.index_file(IDENTITY),
        names.table(IDENTITY),
        names.tags(IDENTITY),
        names.commit(7, IDENTITY.hex()),
        names.bundle(32, IDENTITY),
    ]

    assert all(names.is_ours(name) for name in ours)
    for other in (
        "data/rain.blt",
        "data/rain.blt.lock",
        f"{names.folder}packs/README",
        f"{names.folder}branches/x",
        f"x{ours[0]}",
    ):
        assert not names.is_ours(other)
    assert not any(ObjectNames("data/rain").is_ours(name) for name in ours)


def test_numbers_sort_as_text() -> None:
    """Names of commits sort by their numbers, so that a listing is in order."""
    listed = [ObjectNames("d").commit(number, "a" * 32) for number in (1, 9, 10, 99, 100, 1_000_000)]

    assert listed == sorted(listed)
