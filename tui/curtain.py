"""What stands on the screen while the program is loaded: its frame, empty."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static


class Curtain(Screen[None]):
    """The frame of the main screen."""

    BINDINGS: ClassVar[list[BindingType]] = []
    DEFAULT_CSS = """
    Curtain {
        background: $background;

        #curtain-bar {
            height: 1;
        }

        #curtain-panes {
            height: 1fr;
            padding: 0 1;

            Static {
                height: 1fr;
                width: 3fr;
                border: round $border-blurred;
                border-title-color: $quiet;
            }

            #curtain-tree {
                width: 24%;
                min-width: 28;
                max-width: 40;
                margin-right: 1;
                padding: 1 2;
                color: $quiet;
            }
        }
    }
    """

    def compose(self) -> ComposeResult:
        """Top bar and empty panes."""
        yield Static(Content.styled(" catalog ", "bold $background on $primary"), id="curtain-bar")
        with Horizontal(id="curtain-panes"):
            tree = Static("Loading…", id="curtain-tree", markup=False)
            tree.border_title = "Databases"
            yield tree
            yield Static()
