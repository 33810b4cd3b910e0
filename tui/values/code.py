"""Colours for source text whose key says what it is, as far as that is cheap."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from .document import StyledLines

_MOST_CHARACTERS = 100_000
_MOST_OF_OTHERS = 2_000
_QUICK = {"python", "css", "markdown", "javascript", "html", "sql", "yaml", "toml", "xml", "bash", "json"}
"""Lexers whose time grows with the length of a text. That of others may grow with its square: 98 kB of spaces hold C up long."""


class ColouredLines(StyledLines):
    """Lines that have their colours already."""

    def __init__(self, lines: Sequence[Content]) -> None:
        by_number = {str(number): line for number, line in enumerate(lines)}
        super().__init__([*by_number], by_number.__getitem__)


def coloured(lines: Sequence[str], name: str) -> ColouredLines | None:
    """Colour the lines of a text by the language that the ending of its key names; None when it names none."""
    if "." not in name.rpartition("/")[2] or sum(map(len, lines)) > _MOST_CHARACTERS:
        return None
    # slow to import, and rarely needed
    from pygments.lexers import find_lexer_class_for_filename  # type: ignore[import-untyped] # noqa: PLC0415
    from textual.highlight import highlight  # noqa: PLC0415

    lexer = find_lexer_class_for_filename(name.rpartition("/")[2])
    if lexer is None or not lexer.aliases or lexer.aliases[0] == "text":
        return None
    if lexer.aliases[0] not in _QUICK and sum(map(len, lines)) > _MOST_OF_OTHERS:
        return None
    styled = highlight("\n".join(lines), language=lexer.aliases[0]).split(allow_blank=True)
    # Some lexers leave blank lines at the ends out.
    styled = [*styled, *[Content("")] * (len(lines) - len(styled))]
    return ColouredLines(styled) if [line.plain for line in styled] == [*lines] else None
