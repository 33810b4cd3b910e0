"""Looking at keys and values."""

from __future__ import annotations

from .command import CHANGES, KEY_AND_VALUE, KEYS, Command, needs_open

COMMANDS: tuple[Command, ...] = (
    Command("filter", "Filter", "slash", "Show only the keys that begin with what you type.", needs_open, KEYS, rank=85),
    Command(
        "more",
        "More",
        "m",
        "Show more lines of a long value, or fetch a big one.",
        lambda now: needs_open(now) or ("" if now.has_more else "All of this value is shown."),
        KEY_AND_VALUE,
    ),
    Command(
        "copy-key",
        "Copy key",
        "c",
        "Copy the key to the clipboard; works over SSH where the terminal allows it (OSC 52).",
        lambda now: "" if now.has_key or now.change else "There is no key under the cursor.",
        KEY_AND_VALUE | CHANGES,
        rank=30,
    ),
)
