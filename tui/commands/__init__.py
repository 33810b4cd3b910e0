"""Every command of the program, declared once: footer, palette, help and key settings are made of this list."""

from __future__ import annotations

from textual.binding import Binding

from . import history, managing, moving, program, resolving, settling, viewing
from .command import Command, Place, Situation
from .managing import ACTIONS, MENUS_BY_ID

__all__ = ["ACTIONS", "BY_ID", "COMMANDS", "MENUS_BY_ID", "Command", "Place", "Situation", "bindings"]

COMMANDS: tuple[Command, ...] = (
    *moving.COMMANDS,
    *viewing.COMMANDS,
    *settling.COMMANDS,
    *resolving.COMMANDS,
    *history.COMMANDS,
    *managing.COMMANDS,
    *program.COMMANDS,
)

BY_ID = {command.id: command for command in COMMANDS}


def bindings() -> list[Binding]:
    """The key bindings of all commands."""
    return [command.binding() for command in COMMANDS]
