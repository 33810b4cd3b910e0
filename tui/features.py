"""The features of the program, and every command of it: footer, palette, help and key settings are made of these lists."""

from __future__ import annotations

from textual.binding import Binding

from .browse.commands import Moving
from .changes.commands import Changes
from .command import declared_commands
from .credentials.commands import Credentials
from .groups.commands import ACTIONS, MENUS, Groups
from .history.commands import History
from .keys.commands import Keys
from .session.commands import Session

__all__ = ["ACTIONS", "BY_ID", "COMMANDS", "MENUS", "bindings"]

FEATURES = (Moving, Keys, Changes, History, Groups, Credentials, Session)
COMMANDS = tuple(command for feature in FEATURES for command in declared_commands(feature))
BY_ID = {command.id: command for command in COMMANDS}


def bindings() -> list[Binding]:
    """The key bindings of all commands."""
    return [command.binding() for command in COMMANDS]
