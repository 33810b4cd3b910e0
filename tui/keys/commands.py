"""Looking at keys and values."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from textual.content import Content

from catalog import Change
from tui.command import CHANGES, KEY_AND_VALUE, KEYS, Place, Situation, command, needs_open
from tui.host import Host
from tui.jobs import ReadError
from tui.kit.amounts import size
from tui.kit.line import LineDialog
from tui.kit.plain import plain
from tui.kit.trouble import said

from .library import save_value, text_of
from .pane import KeysPane
from .saving import file_name, wrong_path

_VALUE = frozenset({Place.VALUE})


def _needs_key(now: Situation) -> str:
    return needs_open(now) or ("" if now.has_key else "There is no key under the cursor.")


def _needs_any_key(now: Situation) -> str:
    return "" if now.has_key or now.change else "There is no key under the cursor."


def _needs_more(now: Situation) -> str:
    return needs_open(now) or ("" if now.has_more else "All of this value is shown.")


def _needs_blocks(now: Situation) -> str:
    return _needs_key(now) or ("" if now.can_fold else "Nothing in this value can be folded.")


class Keys:
    """The list of keys filtered, sorted and folded; a value looked at, copied and saved."""

    def __init__(self, host: Host, pane: KeysPane) -> None:
        self._host = host
        self._pane = pane

    @command(
        "filter",
        "Filter",
        "slash",
        "Show only the keys that begin with what you type.",
        refusal=needs_open,
        places=KEYS,
        rank=85,
    )
    async def filter(self) -> None:
        """Type a prefix."""
        self._pane.open_filter()

    @command("jump", "Jump…", "colon", "Go to a key, or to the first one after what you type.", refusal=needs_open, places=KEYS)
    async def jump(self) -> None:
        """Ask for a key and go there."""
        words = Content("The key, or how it begins; the cursor goes to the first one from there on.")
        key = await self._host.open(LineDialog("Jump to a key", words, "Jump")).answer
        if key is not None:
            self._pane.jump(key)

    @command(
        "sort",
        "Sort",
        "o",
        "Sort by key, by size (largest first) or by time (newest first).",
        refusal=needs_open,
        places=KEYS,
        rank=58,
    )
    async def sort(self) -> None:
        """List the keys in the next order."""
        self._pane.rearrange(self._pane.arrangement.sorted_next())

    @command(
        "tree",
        "Folders",
        "f",
        "Show keys that go on in the same way as folders, or all in one list.",
        refusal=needs_open,
        places=KEYS,
        rank=57,
    )
    async def tree(self) -> None:
        """Show folders, or all keys in one list."""
        self._pane.rearrange(self._pane.arrangement.toggled())

    @command(
        "separator",
        "Separator…",
        "F",
        "Choose what separates folders in keys; a slash unless you say otherwise.",
        refusal=needs_open,
        places=KEYS,
    )
    async def separator(self) -> None:
        """Ask what separates folders, and show them."""
        words = Content("What separates folders in the keys of this database: / or : or . or any other text.")
        text = self._pane.arrangement.separator
        dialog = LineDialog("Separator", words, "Show folders", text=text, check=_wrong_separator)
        if separator := await self._host.open(dialog).answer:
            arrangement = self._pane.arrangement
            self._pane.rearrange(replace(arrangement, separator=separator, is_tree=True, folder="", order="key"))

    @command(
        "more",
        "More",
        "m",
        "Show more lines of a long value, or fetch a big one.",
        refusal=_needs_more,
        places=KEY_AND_VALUE,
    )
    async def more(self) -> None:
        """Show more of the value."""
        self._pane.show_more()

    @command(
        "fold",
        "Fold",
        "enter",
        "Fold or unfold the block that the cursor is in.",
        refusal=_needs_blocks,
        places=_VALUE,
        rank=35,
    )
    async def fold(self) -> None:
        """Fold or unfold one block of the value."""
        self._pane.value_view.fold_here()

    @command(
        "fold-all", "Fold all", "minus", "Fold the inner blocks of the value.", refusal=_needs_blocks, places=_VALUE, rank=26
    )
    async def fold_all(self) -> None:
        """Fold the blocks of the value."""
        self._pane.value_view.fold_all(folded=True)

    @command("unfold-all", "Unfold all", "plus", "Show every line of the value.", refusal=_needs_blocks, places=_VALUE)
    async def unfold_all(self) -> None:
        """Unfold the blocks of the value."""
        self._pane.value_view.fold_all(folded=False)

    @command(
        "copy-key",
        "Copy key",
        "c",
        "Copy the key to the clipboard; works over SSH where the terminal allows it (OSC 52).",
        refusal=_needs_any_key,
        places=KEY_AND_VALUE | CHANGES,
        rank=30,
    )
    async def copy_key(self) -> None:
        """Copy the key of the cursor."""
        change: Change | None = self._host.situation.change
        row = change or self._pane.list.info
        if row:
            self._host.copy(row.key)
            self._host.tell("Copied the key.", details=row.key)

    @command(
        "copy-value",
        "Copy value",
        "C",
        "Copy the value as text to the clipboard (OSC 52).",
        refusal=_needs_key,
        places=KEY_AND_VALUE,
        rank=28,
    )
    async def copy_value(self) -> None:
        """Copy the value of the cursor's key."""
        info, opened = self._pane.list.info, self._host.shown
        if info is None or opened is None:
            return
        try:
            text = await self._host.jobs.latest("copy", "Copying a value", lambda: text_of(opened, info.key))
        except ReadError as failure:
            if opened is not self._host.shown:
                # It was opened anew meanwhile.
                await self.copy_value()
                return
            self._host.tell(failure.error.message, "warning", info.key)
        else:
            self._host.copy(text)
            self._host.tell("Copied the value.", details=info.key)

    @command(
        "save-value",
        "Save value…",
        "s",
        "Write the value to a new file on this machine.",
        refusal=_needs_key,
        places=KEY_AND_VALUE,
        rank=27,
    )
    async def save_value(self) -> None:
        """Ask for a path and write the value there."""
        info, opened = self._pane.list.info, self._host.shown
        if info is None or opened is None:
            return
        words = Content.assemble("A new file for the value of ", (plain(info.key), "bold"), ". What exists is never overwritten.")
        dialog = LineDialog("Save the value", words, "Save", text=str(Path.cwd() / file_name(info.key)), check=wrong_path)
        if (text := await self._host.open(dialog).answer) is None:
            return
        path = Path(text).expanduser()
        try:
            written = await self._host.jobs.call("Saving a value", lambda: save_value(opened, info.key, path))
        except ReadError as failure:
            self._host.tell("The value was not saved.", "error", said(failure.error))
        else:
            self._host.tell(f"Saved the value, {size(written)}.", details=str(path))


def _wrong_separator(text: str) -> str:
    return "" if text else "Type at least one character."
