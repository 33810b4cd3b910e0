"""How keys are listed."""

from __future__ import annotations

import pytest

from tui.keys.arrangement import Arrangement


@pytest.mark.parametrize(
    ("separator", "folder", "above"),
    [("/", "a/", ""), ("/", "a/b/", "a/"), ("::", "a::b::", "a::"), ("/", "//", "/"), (".", "a.b.c.", "a.b.")],
)
def test_a_folder_is_in_another(separator: str, folder: str, above: str) -> None:
    """Going out leads to the folder above, at last to the top, and never further."""
    inside = Arrangement(is_tree=True, separator=separator).inside(folder)
    outside = inside.outside()

    assert outside is not None
    assert outside.folder == above
    assert Arrangement().outside() is None


def test_only_the_order_of_keys_has_folders() -> None:
    """Sorted by size or time, all keys of the folder are one list; the third order is that of keys again."""
    tree = Arrangement().toggled().inside("a/")
    by_size = tree.sorted_next()

    assert tree.shows_folders
    assert (by_size.shows_folders, by_size.prefix, by_size.words) == (False, "a/", "largest first")
    assert by_size.sorted_next().sorted_next() == tree
    assert by_size.toggled() == Arrangement()
