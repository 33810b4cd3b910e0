"""The keys of commands, as the user has set them."""

from __future__ import annotations

from textual.widget import Widget

from tui.commands import BY_ID


def bound_keys(widget: Widget) -> dict[str, str]:
    """The first key of each command that is bound where the user is, as it is shown."""
    found: dict[str, str] = {}
    for active in widget.screen.active_bindings.values():
        if (name := active.binding.id) in BY_ID and name not in found:
            found[name] = widget.app.get_key_display(active.binding)
    return found
