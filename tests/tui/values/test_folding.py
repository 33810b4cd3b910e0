"""Blocks of an indented text as one line."""

from __future__ import annotations

from tui.values.folding import Folding, block_end

TEXT = ["{", '  "a": [', "    1,", "    {", '      "b": 2', "    }", "  ],", '  "c": 3', "}"]


def _shown(folding: Folding) -> list[int]:
    return [line for line, _ in folding.visible()]


def test_a_block_ends_at_its_own_depth() -> None:
    """The end is the line that closes it; a line that opens nothing has none, nor a block whose end is cut off."""
    assert [block_end(TEXT, line) for line in range(len(TEXT))] == [8, 6, None, 5, None, None, None, None, None]
    assert block_end(TEXT[:5], 1) is None


def test_folding_one_block() -> None:
    """Folding hides a block up to the line that closes it; the same again shows it, with what was folded inside."""
    folding = Folding(TEXT)

    assert folding.toggle(3) == 3
    assert _shown(folding) == [0, 1, 2, 3, 6, 7, 8]
    assert folding.toggle(1) == 1
    assert _shown(folding) == [0, 1, 7, 8]
    assert folding.toggle(1) == 1
    assert _shown(folding) == [0, 1, 2, 3, 6, 7, 8]


def test_a_line_inside_folds_what_is_around_it() -> None:
    """On a line that opens nothing the block it is in is folded, also on the line that closes it."""
    for line, opening in ((4, 3), (5, 3), (2, 1), (6, 1), (7, 0), (8, 0)):
        assert Folding(TEXT).toggle(line) == opening, line
    assert Folding(["plain"]).toggle(0) is None
    assert Folding().toggle(0) is None


def test_all_blocks() -> None:
    """Folding all leaves the outermost block open, and unfolding all shows every line."""
    folding = Folding(TEXT)
    folding.fold_all()
    assert _shown(folding) == [0, 1, 7, 8]
    folding.unfold_all()
    assert _shown(folding) == [*range(len(TEXT))]
