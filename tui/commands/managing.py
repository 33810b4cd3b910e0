"""What is done about databases as a whole, and about the keys they need."""

from __future__ import annotations

from .command import Command, Situation, always, needs_database


def _enter_keys(now: Situation) -> str:
    if now.entry and (now.entry.connection.is_folder or now.entry.connection.is_address_only):
        return "This database needs no keys: it lives in a folder or at a public address."
    return needs_database(now)


COMMANDS: tuple[Command, ...] = (
    Command("enter-keys", "Enter keys…", "e", "Enter the key pair that this database needs.", _enter_keys),
    Command("credentials", "Credentials", "K", "Show which keys there are and which are used; add, try, forget.", always),
)
