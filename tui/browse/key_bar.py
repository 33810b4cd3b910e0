"""The last line of the screen: the keys that work here."""

from __future__ import annotations

from textual.content import Content
from textual.screen import Screen
from textual.style import Style
from textual.widget import Widget
from textual.widgets import Input

from tui.commands import COMMANDS, Command, Situation

from .bound_keys import bound_keys

_GAP = 2


class KeyBar(Widget):
    """The most useful keys of the place, as many as fit; those that cannot be used now are faint. A click runs a command."""

    auto_links = False

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._situation = Situation()

    def on_mount(self) -> None:
        """Follow the key bindings of the screen."""
        self.screen.bindings_updated_signal.subscribe(self, self._follow)

    def show(self, situation: Situation) -> None:
        """Show the keys for a situation."""
        self._situation = situation
        self.refresh()

    def _follow(self, _: Screen[object]) -> None:
        self.refresh()

    def _typing(self) -> list[Content]:
        """The keys of a line that is typed in, which takes all others for itself."""
        if not isinstance(self.screen.focused, Input):
            return []
        return [
            Content.assemble(
                (self.app.get_key_display(active.binding), "bold $accent"), (f" {active.binding.description}", "$quiet")
            )
            for active in self.screen.active_bindings.values()
            if active.node is self.screen.focused and active.binding.show
        ]

    def render(self) -> Content:
        """Draw as many keys as fit; those that cannot be used now, then the least useful, are left out first."""
        keys = bound_keys(self)
        offered = [command for command in COMMANDS if command.rank and command.id in keys]
        items = {command.id: self._item(command, keys[command.id]) for command in offered}
        typing = self._typing()
        if typing:
            return Content.assemble(" ", Content(" " * _GAP).join(typing))
        room = self.size.width - 2
        chosen: set[str] = set()
        for command in sorted(offered, key=lambda command: (bool(command.refusal(self._situation)), -command.rank)):
            length = items[command.id].cell_length + _GAP
            if length <= room + _GAP:
                chosen.add(command.id)
                room -= length
        line = Content(" " * _GAP).join([items[command.id] for command in offered if command.id in chosen])
        return Content.assemble(" ", line)

    def _item(self, command: Command, key: str) -> Content:
        refused = bool(command.refusal(self._situation))
        item = Content.assemble(
            (key, "$line" if refused else "bold $accent"), (f" {command.words}", "$line" if refused else "$quiet")
        )
        return item.stylize(Style.from_meta({"@click": f"screen.command('{command.id}')"}))
