"""Where one goes: into things, back, and between the tabs."""

from __future__ import annotations

from .command import LISTS, Command, Place, always

COMMANDS: tuple[Command, ...] = (
    Command("go-in", "Open", "enter,l,right", "Go into what the cursor is on.", always, LISTS, rank=90),
    Command("go-out", "Back", "escape,h,left", "Go back to where you came from.", always, frozenset(Place), rank=55),
    Command("databases", "Databases", "1", "Go to the databases.", always),
    Command("keys", "Keys", "2", "Show the keys of the database.", always),
    Command("changes", "Changes", "3", "Show what differs from the remote.", always, rank=65),
    Command("details", "Details", "4", "Show what is known about the database.", always),
)
