"""Looking at keys and values."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from textual.content import Content

from tui.jobs import Jobs
from tui.keys.library import save_value, take_value
from tui.keys.saving import file_name, wrong_path
from tui.kit.line import LineDialog
from tui.kit.plain import plain

if TYPE_CHECKING:
    from tui.browse.screen import BrowseScreen


class ViewingActs:
    """One method for each command of its kind, with the command's id for a name. Whether it can be used was asked before."""

    def __init__(self, screen: BrowseScreen, jobs: Jobs) -> None:
        self._screen = screen
        self._jobs = jobs

    def filter(self) -> None:
        """Type a prefix."""
        self._screen.keys_pane.open_filter()

    def jump(self) -> None:
        """Ask for a key and go there."""

        def go(key: str | None) -> None:
            if key is not None:
                self._screen.keys_pane.jump(key)

        words = Content("The key, or how it begins; the cursor goes to the first one from there on.")
        self._screen.app.push_screen(LineDialog("Jump to a key", words, "Jump"), go)

    def sort(self) -> None:
        """List the keys in the next order."""
        pane = self._screen.keys_pane
        pane.list_as(pane.arrangement.sorted_next())

    def tree(self) -> None:
        """Show folders, or all keys in one list."""
        pane = self._screen.keys_pane
        pane.list_as(pane.arrangement.toggled())

    def separator(self) -> None:
        """Ask what separates folders, and show them."""
        pane = self._screen.keys_pane

        def use(separator: str | None) -> None:
            if separator:
                pane.list_as(replace(pane.arrangement, separator=separator, is_tree=True, folder="", order="key"))

        words = Content("What separates folders in the keys of this database: / or : or . or any other text.")
        check = lambda text: "" if text else "Type at least one character."  # noqa: E731
        dialog = LineDialog("Separator", words, "Show folders", text=pane.arrangement.separator, check=check)
        self._screen.app.push_screen(dialog, use)

    def more(self) -> None:
        """Show more of the value."""
        self._screen.keys_pane.show_more()

    def fold(self) -> None:
        """Fold or unfold one block of the value."""
        self._screen.keys_pane.value_view.fold_here()

    def fold_all(self) -> None:
        """Fold the blocks of the value."""
        self._screen.keys_pane.value_view.fold_all(folded=True)

    def unfold_all(self) -> None:
        """Unfold the blocks of the value."""
        self._screen.keys_pane.value_view.fold_all(folded=False)

    def copy_key(self) -> None:
        """Copy the key of the cursor."""
        row = self._screen.changes_pane.list.change if self._screen.tab == "changes" else self._screen.keys_pane.list.info
        if row:
            self._screen.app.copy_to_clipboard(row.key)
            self._screen.tell("Copied the key.", details=row.key)

    def copy_value(self) -> None:
        """Copy the value of the cursor's key."""
        info, opened = self._screen.keys_pane.list.info, self._screen.shown
        if info and opened:
            self._jobs.read_latest("copy", "Copying a value", lambda: take_value(opened, info.key), self._screen)

    def save_value(self) -> None:
        """Ask for a path and write the value there."""
        info, opened = self._screen.keys_pane.list.info, self._screen.shown
        if info is None or opened is None:
            return

        def save(text: str | None) -> None:
            if text is not None:
                path = Path(text).expanduser()
                self._jobs.read_all("save", "Saving a value", [lambda: save_value(opened, info.key, path)], self._screen)

        words = Content.assemble("A new file for the value of ", (plain(info.key), "bold"), ". What exists is never overwritten.")
        dialog = LineDialog("Save the value", words, "Save", text=str(Path.cwd() / file_name(info.key)), check=wrong_path)
        self._screen.app.push_screen(dialog, save)
