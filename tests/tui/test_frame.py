"""What is written of a frame leaves the terminal as if all of it had been written."""

from __future__ import annotations

from itertools import pairwise

from emulator import Emulator
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import LayoutUpdate
from textual.geometry import Region, Size
from textual.strip import Strip

from tui.frame import Frame

WIDTH, HEIGHT = 9, 3
SIZE = Size(WIDTH, HEIGHT)
CONSOLE = Console(color_system="truecolor", force_terminal=True)
STYLES = [
    None,
    Style(),
    Style(bold=True),
    Style(color="#ff0000"),
    Style(color="#ff0000", bgcolor="#000080"),
    Style(bold=True, italic=True, bgcolor="#000080"),
    Style(strike=True, color="blue"),
    Style(reverse=True),
]
TEXTS = st.text("ab .日éé─", max_size=6)
SEGMENTS = st.builds(Segment, TEXTS, st.sampled_from(STYLES), control=st.none())
STRIPS = st.lists(SEGMENTS, max_size=3).map(Strip)


def _update(y: int, x: int, strip: Strip) -> LayoutUpdate:
    room = strip.crop(0, WIDTH - x)
    return LayoutUpdate([[room]], Region(x, y, room.cell_length, 1))


LINES = st.lists(st.tuples(st.integers(0, HEIGHT - 1), STRIPS), max_size=8)


@given(LINES)
@settings(max_examples=60)
def test_the_terminal_shows_what_it_would_have_shown(lines: list[tuple[int, Strip]]) -> None:
    """Whatever takes the place of what, in whatever look: every cell is as if all had been written to an empty terminal."""
    frame, shown, ours = Frame(), [Strip.blank(WIDTH)] * HEIGHT, Emulator(WIDTH, HEIGHT)
    for y, strip in [(0, Strip([])), *lines]:
        shown[y] = strip.adjust_cell_length(WIDTH)
        update = LayoutUpdate([[line] for line in shown], SIZE.region)
        ours.write(frame.advance(update, SIZE, ColorSystem.TRUECOLOR))
    theirs = Emulator(WIDTH, HEIGHT)
    for y, line in enumerate(shown):
        theirs.write(f"\x1b[{y + 1};1H{line.render(CONSOLE)}")

    assert ours.cells == theirs.cells


def _line(text: str, style: Style | None = None, y: int = 0) -> LayoutUpdate:
    return _update(y, 0, Strip([Segment(text, style)]))


def _written(frame: Frame, update: LayoutUpdate, size: Size = SIZE) -> str:
    return frame.advance(update, size, ColorSystem.TRUECOLOR)


def test_only_what_has_changed_is_written() -> None:
    """The same again writes nothing; one other character is written alone, where it stands."""
    frame = Frame()
    _written(frame, _line("abcdefghi"))

    assert _written(frame, _line("abcdefghi")) == ""
    assert _written(frame, _line("abcdeXghi")) == "\x1b[1;6H\x1b[0mX"


def test_a_look_is_changed_by_what_is_other_about_it() -> None:
    """A colour that stays is not said again; an attribute that goes begins afresh."""
    frame = Frame()
    looks = [Style(color="#010203", bgcolor="#040506"), Style(color="#070809", bgcolor="#040506"), Style(bold=True)]
    strip = Strip([Segment("a", looks[0]), Segment("b", looks[1]), Segment("c", looks[2]), Segment("d", looks[0])])

    assert _written(frame, _update(0, 0, strip)) == (
        "\x1b[1;1H\x1b[0;38;2;1;2;3;48;2;4;5;6ma\x1b[38;2;7;8;9mb\x1b[1;39;49mc\x1b[0;38;2;1;2;3;48;2;4;5;6md\x1b[0m"
    )


def test_nothing_is_taken_for_granted_after_another_size_or_another_writer() -> None:
    """What the terminal shows is not known then: all is written again."""
    frame, line = Frame(), _line("abc")
    first = _written(frame, line)
    frame.forget()

    assert _written(frame, line) == first
    assert _written(frame, line, Size(WIDTH + 1, HEIGHT)) == first


def test_a_line_that_terminals_may_measure_differently_is_written_as_a_whole() -> None:
    """A family of emoji is one character to some terminals and four to others; what stood beside it may stand elsewhere."""
    frame = Frame()
    family = "\U0001f469\u200d\U0001f469\u200d\U0001f467"
    _written(frame, _line(f"{family}abc"))
    written = _written(frame, _line(f"{family}abX"))

    assert family in written
    assert "\x1b[1;3H" in written
    assert all(one in written for one in "abX")


def test_a_wide_character_of_which_half_is_covered_is_gone() -> None:
    """No half of a character stays behind, whichever half was covered."""
    frame, terminal = Frame(), Emulator(WIDTH, HEIGHT)
    for update in (_line("日日日"), _update(0, 1, Strip([Segment("x")])), _update(0, 4, Strip([Segment("y")]))):
        terminal.write(_written(frame, update))

    assert "".join(cell.data for cell in terminal.cells[0]).rstrip() == " x日y"


def test_what_is_outside_of_the_terminal_is_left_out() -> None:
    """While the size changes, something may still be drawn for the one before."""
    frame, update = Frame(), LayoutUpdate([[Strip([Segment("abc"), Segment("def")])]] * 2, Region(0, 0, 6, 2))
    written = _written(frame, update, Size(2, 1))

    assert written == "\x1b[1;1H\x1b[0mab"
    assert _written(frame, update, Size(2, 1)) == ""


def test_rows_know_their_neighbours() -> None:
    """A jump to another line is said; going on in the same line is not."""
    frame = Frame()
    update = LayoutUpdate([[Strip([Segment("ab")])], [Strip([Segment("cd")])]], Region(0, 0, 2, 2))
    written = _written(frame, update)

    assert [written.index(part) for part in ("ab", "\x1b[2;1H", "cd")] == sorted(
        written.index(part) for part in ("ab", "\x1b[2;1H", "cd")
    )
    assert all(first != second for first, second in pairwise(written.split("\x1b")))
