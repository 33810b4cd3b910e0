"""What each command does on the main screen."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, cast

from textual.binding import Binding
from textual.content import Content

from catalog import Catalog
from tui.commands import COMMANDS, Place
from tui.dialogs.confirm import Confirm
from tui.dialogs.help import HelpDialog
from tui.dialogs.keys import KeysDialog
from tui.dialogs.log import LogDialog
from tui.jobs import Jobs
from tui.messages import KeysSaved
from tui.plain import plain
from tui.widgets.catalog_tree import CatalogTree
from tui.widgets.reader import paragraphs

from .credentials import CredentialsScreen, prefilled, saved_words
from .places import IN, OUT
from .settling import Settling

if TYPE_CHECKING:
    from tui.app import CatalogApp

    from .browse import BrowseScreen


class Acts:
    """One method for each command, with the command's id for a name. Whether it can be used was asked before."""

    def __init__(self, screen: BrowseScreen, catalog: Catalog, jobs: Jobs, settling: Settling) -> None:
        self._screen = screen
        self._catalog = catalog
        self._jobs = jobs
        self._settling = settling

    def go_in(self) -> None:
        """Go into what the cursor is on."""
        if self._screen.place is Place.DATABASES:
            self._screen.query_one(CatalogTree).go_in()
        elif self._screen.place in IN:
            self._screen.go_to(IN[self._screen.place])

    def go_out(self) -> None:
        """Go back."""
        if self._screen.place in {Place.KEYS, Place.FILTER} and self._screen.keys_pane.close_filter():
            self._screen.keys_pane.list.focus()
        elif self._screen.place is Place.DATABASES:
            self._screen.query_one(CatalogTree).go_out()
        else:
            self._screen.go_to(OUT[self._screen.place])

    def filter(self) -> None:
        """Type a prefix."""
        self._screen.keys_pane.open_filter()

    def more(self) -> None:
        """Show more of the value."""
        self._screen.keys_pane.show_more()

    def copy_key(self) -> None:
        """Copy the key of the cursor."""
        row = self._screen.changes_pane.list.change if self._screen.tab == "changes" else self._screen.keys_pane.list.info
        if row:
            self._screen.app.copy_to_clipboard(row.key)
            self._screen.tell("Copied the key.", details=row.key)

    def versions(self) -> None:
        """Compare other sides."""
        self._screen.changes_pane.next_sides()

    def keep_mine(self) -> None:
        """End a conflict with the value of this copy."""
        change = self._screen.changes_pane.list.change
        if self._screen.opened and change:
            self._settling.keep_mine(self._screen.opened.entry, change)

    def discard(self) -> None:
        """Ask about giving up one change."""
        change = self._screen.changes_pane.list.change
        if self._screen.opened and change:
            self._settling.ask_discard(self._screen.opened.entry, change)

    def discard_all(self) -> None:
        """Ask about giving up all changes."""
        self._plan("discard")

    def push(self) -> None:
        """Ask about a push."""
        self._plan("push")

    def pull(self) -> None:
        """Ask about a pull."""
        self._plan("pull")

    def _plan(self, verb: str) -> None:
        if self._screen.opened:
            self._settling.plan(self._screen.opened, verb)

    def refresh(self) -> None:
        """Read the catalog again, and ask all remotes."""
        self._screen.read_catalog()
        self._screen.reopen()

    def cancel(self) -> None:
        """Stop what is running, the newest first."""
        self._jobs.transfers[-1].progress.cancel()

    def databases(self) -> None:
        """Go to the tree."""
        self._screen.go_to(Place.DATABASES)

    def keys(self) -> None:
        """Go to the keys."""
        self._screen.go_to(Place.KEYS)

    def changes(self) -> None:
        """Go to the changes."""
        self._screen.go_to(Place.CHANGES)

    def details(self) -> None:
        """Go to the details."""
        self._screen.go_to(Place.DETAILS)

    def zoom(self) -> None:
        """Give the whole screen to one pane."""
        self._screen.toggle_class("-zoomed")

    def theme(self) -> None:
        """Change between dark and light."""
        cast("CatalogApp", self._screen.app).switch_theme()

    def enter_keys(self) -> None:
        """Ask for the keys of the selected database."""

        def entered(saved: KeysSaved | None) -> None:
            if saved:
                self._screen.tell(saved_words(saved))
                self._screen.keys_changed()

        self._screen.app.push_screen(KeysDialog(self._jobs, *prefilled(self._screen.entry)), entered)

    def credentials(self) -> None:
        """Show which keys there are."""
        screen = self._screen
        screen.app.push_screen(CredentialsScreen(self._catalog, self._jobs, screen.entry, screen.places, screen.keys_changed))

    def log(self) -> None:
        """Show the log."""
        self._screen.app.push_screen(LogDialog(tuple(self._screen.happenings)))

    def help(self) -> None:
        """Show the help."""
        bound = [active.binding for active in self._screen.active_bindings.values()]
        here = {binding.id for binding in bound}
        elsewhere = [command.binding() for command in COMMANDS if command.id not in here]
        keys: dict[str, list[str]] = defaultdict(list)
        for binding in [*bound, *Binding.make_bindings(elsewhere)]:
            keys[binding.id or ""].append(self._screen.app.get_key_display(binding))
        shown = {name: " ".join(displays) for name, displays in keys.items()}
        self._screen.app.push_screen(HelpDialog(self._screen.situation, shown))

    def quit(self) -> None:
        """Leave, after a question when something is running."""
        running = self._jobs.transfers
        if not running:
            self._screen.app.exit()
            return
        lines = [Content(f"{transfer.verb} of {plain(transfer.name)}") for transfer in running]
        body = Content.assemble(
            "Still running:\n\n  ",
            Content("\n  ").join(lines),
            ("\n\nLeaving stops it. Nothing half-done is visible to anyone, and your changes are kept.", "$quiet"),
        )

        def leave(yes: bool | None) -> None:
            if yes:
                self._screen.app.exit()

        self._screen.app.push_screen(Confirm("Leave?", paragraphs(body), "Stop it and leave", stay="Stay"), leave)
