"""How a key pair is given to a command: typed unseen, or on standard input."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from catalog.errors import InvalidInputError

if TYPE_CHECKING:
    from catalog.connection import AccessKeys

_MOST_BYTES = 16_384


def ask_keys() -> AccessKeys:
    """Ask on the terminal, without showing what is typed; without a terminal read two lines: the key id, the secret.

    Raises:
        InvalidInputError: when standard input holds something else than two lines.
        click.Abort: when the question is not answered.
    """
    from catalog.connection import AccessKeys

    if sys.stdin.isatty():
        return AccessKeys(
            click.prompt("Key id (not shown)", hide_input=True, err=True),
            click.prompt("Secret (not shown)", hide_input=True, err=True),
        )
    lines = _lines(sys.stdin.buffer.read(_MOST_BYTES))
    if len(lines) != 2:
        raise InvalidInputError(
            f"Standard input has {len(lines)} lines of text, not two.", hint="Give the key id and the secret, a line each."
        )
    return AccessKeys(*lines)


def _lines(given: bytes) -> list[str]:
    """The lines of a text; none when it is no text, whose decoding error would quote it."""
    text = given.decode("utf-8", "replace").removesuffix("\n")
    return [] if not text or "\ufffd" in text else [line.removesuffix("\r") for line in text.split("\n")]
