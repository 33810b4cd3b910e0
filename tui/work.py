"""Work that a part of the screen begins and does not wait for."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from textual.message import Message
from textual.widget import Widget

from catalog import CatalogError

from .jobs import ReadError, StaleError


@dataclass
class ReadFailed(Message):
    """A read did not succeed; what it was for stays as it was."""

    what: str
    error: CatalogError


def begin(part: Widget, work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine for a part of the screen, as long as that is there.

    It ends in silence when its answer is stale; what the library has raised is posted by the part, so that it is explained
    there and told above.
    """

    async def run() -> None:
        try:
            await work
        except StaleError:
            return
        except ReadError as error:
            part.post_message(ReadFailed(error.what, error.error))
        except Exception as error:  # noqa: BLE001 - a fault of the program, which ends it as one in a handler does
            part.app._handle_exception(error)  # noqa: SLF001

    part.run_worker(run())
