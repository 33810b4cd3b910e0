"""The options that say how a file is to be read."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from catalog.codecs.contract import Nan

FORMATS = click.Choice(["csv", "jsonl", "parquet", "folder"])
_OPTIONS = (
    click.option("--key", "keys", multiple=True, metavar="COLUMN", help="The column of the keys; several are joined by '/'."),
    click.option("--format", "format_", type=FORMATS, help="Default: by the ending of PATH."),
    click.option("--encoding", default="utf-8", show_default=True, metavar="NAME", help="Of CSV and JSON lines."),
    click.option("--delimiter", default="", metavar="CHARACTER", help="Of CSV. Default: a comma, in .tsv files a tab."),
    click.option("--text", "as_text", is_flag=True, help="Keep the cells of CSV as text; make no numbers of them."),
    click.option(
        "--nan", type=click.Choice(["refuse", "null"]), default="refuse", show_default=True, help="What to do with NaN."
    ),
)


def input_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` these options; it receives ``reading``, the InputOptions made of them."""

    @wraps(command)
    def with_reading(
        *args: Any,
        keys: tuple[str, ...],
        format_: str | None,
        encoding: str,
        delimiter: str,
        as_text: bool,
        nan: Nan,
        **more: Any,
    ) -> Any:
        from catalog.exchange.rows import InputOptions

        return command(*args, reading=InputOptions(format_ or "", keys, encoding, delimiter, as_text, nan), **more)

    wrapped: Callable[..., Any] = with_reading
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped
