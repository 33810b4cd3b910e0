"""Where one goes: into things, back, and between the tabs."""

from __future__ import annotations

from tui.changes.pane import ChangesPane
from tui.command import LISTS, Place, command
from tui.host import Host
from tui.keys.pane import KeysPane

from .places import IN, OUT
from .tree import CatalogTree


class Moving:
    """From pane to pane."""

    def __init__(self, host: Host, tree: CatalogTree, keys: KeysPane, changes: ChangesPane) -> None:
        self._host = host
        self._tree = tree
        self._keys = keys
        self._changes = changes

    @command("go-in", "Open", "enter,l,right", "Go into what the cursor is on.", places=LISTS, rank=90)
    async def go_in(self) -> None:
        """Go into what the cursor is on."""
        place = self._host.situation.place
        if place is Place.DATABASES:
            self._tree.go_in()
        elif place is Place.CHANGES and self._changes.is_at_conflict:
            self._host.go_to(Place.CONFLICT)
        elif place is Place.KEYS and self._keys.step_in():
            self._keys.list.focus()
        elif place in IN:
            self._host.go_to(IN[place])

    @command("go-out", "Back", "escape,h,left", "Go back to where you came from.", places=frozenset(Place), rank=55)
    async def go_out(self) -> None:
        """Go back."""
        now = self._host.situation
        if now.place in {Place.KEYS, Place.FILTER} and self._keys.step_out():
            self._keys.list.focus()
        elif now.place is Place.KEYS and now.past is not None:
            self._host.show_version(None)
        elif now.place is Place.DATABASES:
            self._tree.go_out()
        else:
            self._host.go_to(OUT[now.place])

    @command("databases", "Databases", "1", "Go to the databases.")
    async def databases(self) -> None:
        """Go to the tree."""
        self._host.go_to(Place.DATABASES)

    @command("keys", "Keys", "2", "Show the keys of the database.")
    async def keys(self) -> None:
        """Go to the keys."""
        self._host.go_to(Place.KEYS)

    @command("changes", "Changes", "3", "Show what differs from the remote.", rank=65)
    async def changes(self) -> None:
        """Go to the changes."""
        self._host.go_to(Place.CHANGES)

    @command("details", "Details", "4", "Show what is known about the database.")
    async def details(self) -> None:
        """Go to the details."""
        self._host.go_to(Place.DETAILS)
