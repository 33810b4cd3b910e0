"""How a failure is told: ``error:`` and what happened, ``hint:`` and what to do next, on stderr."""

from __future__ import annotations

import re
import traceback

import click

from catalog.errors import (
    CancelledError,
    CatalogError,
    ConflictError,
    EbookletFormatError,
    EntryExistsError,
    EntryMissingError,
    ForkedError,
    LocalFileError,
    LockTimeoutError,
    NotApprovedError,
    RemoteMissingError,
    RemoteWentBackError,
    UnseenCommitsError,
    UntrustedValueError,
)
from catalog.text import escape

_ADDRESS = re.compile(r"""['"]?(?:[A-Za-z][\w+.-]+:/(?:[^'"]*@)?|[^\s'"]*:[^\s'"]*@)[^\s'"]*['"]?""")

_HINTS: dict[type[CatalogError], str] = {
    ConflictError: "`catalog diff DATABASE` shows both sides, `catalog resolve DATABASE KEY` with --mine or --theirs ends each "
    "conflict. `catalog push DATABASE --skip-conflicts` sends the rest.",
    EbookletFormatError: "It can be read: `catalog pull DATABASE` brings what was pushed by ebooklet. "
    "`catalog copy DATABASE --db-key KEY` makes a copy in our format, which can be written to.",
    EntryExistsError: "`--key WORD` lists the copy beside it, and so does another group. If the database has moved there, "
    "`catalog remove` its entry first.",
    **dict.fromkeys((RemoteWentBackError, ForkedError), "`catalog settle DATABASE` shows the ways out, and what each would do."),
    LockTimeoutError: "Try again when it is free. `catalog lock show DATABASE` says who has the lock of a remote, "
    "`catalog lock break DATABASE` takes it from one who is gone for good.",
    NotApprovedError: "If you know the place, run this once on a terminal, which asks, or open it in the screen program.",
    RemoteMissingError: "Check the address. `catalog push DATABASE --create` makes the remote anew of what is on this machine.",
    UnseenCommitsError: "`catalog history DATABASE` lists them, `catalog pull DATABASE` brings them here. To go on top of them "
    "as they are, name the newest of them with --over.",
    UntrustedValueError: "`catalog get DATABASE KEY --raw` writes its bytes as they are, without running anything.",
}
"""What to do next, where the hint of an error is for those who write Python."""

FAILED = 1
INTERRUPTED = 130


def report_failure(error: Exception) -> int:
    """Tell ``error`` on stderr; the exit code that goes with it."""
    if isinstance(error, click.ClickException):
        # What stands where an address does not belong is repeated by click, and by us as a name that nothing has; an address
        # may hold a secret.
        words = _without_addresses(error.format_message())
        (click.UsageError(words, error.ctx) if isinstance(error, click.UsageError) else click.ClickException(words)).show()
        return error.exit_code
    if isinstance(error, CancelledError):
        _tell(error.message, error.hint)
        return INTERRUPTED
    if isinstance(error, (EntryMissingError, LocalFileError)):
        _tell(_without_addresses(error.message), error.hint)
    elif isinstance(error, CatalogError):
        kind = EbookletFormatError if isinstance(error, EbookletFormatError) else type(error)
        _tell(error.message, _HINTS.get(kind, error.hint))
    elif isinstance(error, OSError):
        _tell(f"{_without_addresses(str(error.filename or 'The system'))}: {error.strerror or type(error).__name__}.", "")
    else:
        _tell(
            f"This is a bug: {type(error).__name__} in {_place(error)}.",
            "Nothing that was pushed or saved is affected. Please report it with the command you ran.",
        )
    return FAILED


def _without_addresses(words: str) -> str:
    return _ADDRESS.sub("'…'", words)


def _tell(message: str, hint: str) -> None:
    click.echo(f"{click.style('error:', fg='red')} {escape(message)}", err=True)
    if hint:
        click.echo(f"{click.style('hint:', fg='cyan')} {escape(hint)}", err=True)


def _place(error: Exception) -> str:
    """The module and line where ``error`` was raised; never its text, which may hold what must not be shown."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "an unknown place"
    return f"{'/'.join(frames[-1].filename.replace(chr(92), '/').split('/')[-2:])}, line {frames[-1].lineno}"
