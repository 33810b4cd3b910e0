"""Looking at keys and values."""

from __future__ import annotations

from .command import CHANGES, KEY_AND_VALUE, KEYS, Command, Place, Situation, needs_open

VALUE = frozenset({Place.VALUE})


def _needs_key(now: Situation) -> str:
    return needs_open(now) or ("" if now.has_key else "There is no key under the cursor.")


def _needs_blocks(now: Situation) -> str:
    return _needs_key(now) or ("" if now.can_fold else "Nothing in this value can be folded.")


COMMANDS: tuple[Command, ...] = (
    Command("filter", "Filter", "slash", "Show only the keys that begin with what you type.", needs_open, KEYS, rank=85),
    Command("jump", "Jump…", "colon", "Go to a key, or to the first one after what you type.", needs_open, KEYS),
    Command("sort", "Sort", "o", "Sort by key, by size (largest first) or by time (newest first).", needs_open, KEYS, rank=58),
    Command(
        "tree", "Folders", "f", "Show keys that go on in the same way as folders, or all in one list.", needs_open, KEYS, rank=57
    ),
    Command(
        "separator",
        "Separator…",
        "F",
        "Choose what separates folders in keys; a slash unless you say otherwise.",
        needs_open,
        KEYS,
    ),
    Command(
        "more",
        "More",
        "m",
        "Show more lines of a long value, or fetch a big one.",
        lambda now: needs_open(now) or ("" if now.has_more else "All of this value is shown."),
        KEY_AND_VALUE,
    ),
    Command("fold", "Fold", "enter", "Fold or unfold the block that the cursor is in.", _needs_blocks, VALUE, rank=35),
    Command(
        "fold-all",
        "Fold all",
        "minus",
        "Fold the inner blocks of the value.",
        _needs_blocks,
        VALUE,
        rank=26,
    ),
    Command("unfold-all", "Unfold all", "plus", "Show every line of the value.", _needs_blocks, VALUE),
    Command(
        "copy-key",
        "Copy key",
        "c",
        "Copy the key to the clipboard; works over SSH where the terminal allows it (OSC 52).",
        lambda now: "" if now.has_key or now.change else "There is no key under the cursor.",
        KEY_AND_VALUE | CHANGES,
        rank=30,
    ),
    Command(
        "copy-value", "Copy value", "C", "Copy the value as text to the clipboard (OSC 52).", _needs_key, KEY_AND_VALUE, rank=28
    ),
    Command(
        "save-value", "Save value…", "s", "Write the value to a new file on this machine.", _needs_key, KEY_AND_VALUE, rank=27
    ),
)
