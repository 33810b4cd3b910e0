"""What concerns the whole program."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from textual.content import Content

from tui.command import Command, command
from tui.help import HelpDialog
from tui.host import Happening, Host
from tui.kit.confirm import Confirm
from tui.kit.plain import plain
from tui.kit.reader import paragraphs
from tui.options import Found

from .log import LogDialog
from .request_log import RequestLog
from .requests import RequestsDialog
from .settings import SettingsDialog
from .transfers import TransfersDialog


@dataclass(frozen=True)
class Program:
    """The program that this is a session of; ``shown_keys`` are those of every command."""

    commands: Sequence[Command]
    found: Found
    requests: RequestLog
    happenings: Sequence[Happening]
    shown_keys: Callable[[], Sequence[tuple[str, str]]]
    zoom: Callable[[], None]
    widen: Callable[[int], None]
    switch_theme: Callable[[], None]
    leave: Callable[[], None]


class Session:
    """How it looks, what was done and asked, and its end."""

    def __init__(self, host: Host, program: Program) -> None:
        self._host = host
        self._program = program

    @command("zoom", "Zoom", "z", "Give the whole screen to one pane, and back.", rank=20)
    async def zoom(self) -> None:
        """Give the whole screen to one pane."""
        self._program.zoom()

    @command("wider", "Wider", "greater_than_sign", "Give this pane more room; the gaps can be dragged too.")
    async def wider(self) -> None:
        """Give the pane more room."""
        self._program.widen(1)

    @command("narrower", "Narrower", "less_than_sign", "Give this pane less room.")
    async def narrower(self) -> None:
        """Give the pane less room."""
        self._program.widen(-1)

    @command("theme", "Dark or light", "t", "Change between the dark and the light look.")
    async def theme(self) -> None:
        """Change between dark and light."""
        self._program.switch_theme()

    @command("transfers", "Transfers", "6,J", "Show what is being transferred, and what was: pause it, cancel it.")
    async def transfers(self) -> None:
        """Show the transfers."""
        self._host.open(TransfersDialog(self._host.jobs))

    @command("requests", "Requests", "W", "Show what the servers were asked in this session: bytes and times.")
    async def requests(self) -> None:
        """Show what was asked of the servers."""
        self._host.open(RequestsDialog(self._program.requests))

    @command("settings", "Settings", "comma", "Show the settings in effect, and the file that they come from.")
    async def settings(self) -> None:
        """Show the settings."""
        by_id: Mapping[str, Command] = {one.id: one for one in self._program.commands}
        self._host.open(SettingsDialog(self._program.found, by_id))

    @command("log", "Log", "L", "Show the messages of this session with their details.", rank=10)
    async def log(self) -> None:
        """Show the log."""
        self._host.open(LogDialog(tuple(self._program.happenings)))

    @command("help", "Help", "question_mark", "Show the keys of this place and what the symbols mean.", rank=99)
    async def help(self) -> None:
        """Show the help."""
        keys: dict[str, list[str]] = defaultdict(list)
        for name, key in self._program.shown_keys():
            keys[name].append(key)
        shown = {name: " ".join(displays) for name, displays in keys.items()}
        self._host.open(HelpDialog(self._program.commands, self._host.situation, shown))

    @command("quit", "Quit", "q", "Leave the program; asks when something is running.", rank=40)
    async def quit(self) -> None:
        """Leave, after a question when something is running."""
        running = self._host.jobs.transfers
        if running:
            lines = [Content(f"{transfer.verb} of {plain(transfer.name)}") for transfer in running]
            body = Content.assemble(
                "Still running:\n\n  ",
                Content("\n  ").join(lines),
                ("\n\nLeaving stops it. Nothing half-done is visible to anyone, and your changes are kept.", "$quiet"),
            )
            if not await self._host.open(Confirm("Leave?", paragraphs(body), "Stop it and leave", stay="Stay")).answer:
                return
        self._program.leave()
