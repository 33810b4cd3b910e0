"""What concerns the whole program."""

from __future__ import annotations

from .command import Command, always

COMMANDS: tuple[Command, ...] = (
    Command("zoom", "Zoom", "z", "Give the whole screen to one pane, and back.", always, rank=20),
    Command("theme", "Dark or light", "t", "Change between the dark and the light look.", always),
    Command("transfers", "Transfers", "6,J", "Show what is being transferred, and what was: pause it, cancel it.", always),
    Command("requests", "Requests", "W", "Show what the servers were asked in this session: bytes and times.", always),
    Command("settings", "Settings", "comma", "Show the settings in effect, and the file that they come from.", always),
    Command("log", "Log", "L", "Show the messages of this session with their details.", always, rank=10),
    Command("help", "Help", "question_mark", "Show the keys of this place and what the symbols mean.", always, rank=99),
    Command("quit", "Quit", "q", "Leave the program; asks when something is running.", always, rank=40),
)
