"""Who on the main screen takes what a job has found."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from tui.changes.conflicts import TypedSidesRead
from tui.changes.pushing import PushPlanned
from tui.changes.resolving import Resolving
from tui.changes.settling import Settling
from tui.groups.managing import Managing
from tui.groups.messages import GroupStatusRead, Managed, ManagingFailed, MetadataRead, SharePlanned
from tui.history.library import RewindPlanned, VersionOpened
from tui.history.rewinding import History
from tui.messages import (
    Answer,
    DatabaseOpened,
    Discarded,
    Done,
    OpeningFailed,
    Pulled,
    Pushed,
    SettlingPlanned,
    StatusRead,
    WriteFailed,
)

from .opening import Opening
from .remotes import Remotes

if TYPE_CHECKING:
    from .screen import BrowseScreen

A = TypeVar("A", bound=Answer)


class Answers:
    """Gives each answer to the part that asked for it; what a pane has asked for is the pane's."""

    def __init__(
        self,
        screen: BrowseScreen,
        remotes: Remotes,
        opening: Opening,
        settling: Settling,
        resolving: Resolving,
        history: History,
        managing: Managing,
    ) -> None:
        self._screen = screen
        self._takers: dict[type[Answer], Callable[[Any], None]] = {}
        self._give(StatusRead, remotes.take)
        self._give(GroupStatusRead, remotes.take_group)
        self._give(DatabaseOpened, opening.take)
        self._give(OpeningFailed, opening.explain)
        self._give(VersionOpened, opening.take_past)
        self._give(Pushed, settling.take)
        self._give(Pulled, settling.take)
        self._give(Discarded, settling.take)
        self._give(Done, settling.take)
        self._give(WriteFailed, settling.explain)
        self._give(Managed, managing.take)
        self._give(ManagingFailed, managing.explain)
        self._ask(SettlingPlanned, settling.ask)
        self._ask(PushPlanned, settling.ask_push)
        self._ask(TypedSidesRead, resolving.ask_value)
        self._ask(RewindPlanned, history.ask)
        self._ask(SharePlanned, managing.ask_share)
        self._ask(MetadataRead, managing.ask_metadata)

    def _give(self, kind: type[A], take: Callable[[A], None]) -> None:
        self._takers[kind] = take

    def _ask(self, kind: type[A], ask: Callable[[A], None]) -> None:
        """Have a question asked about an answer, unless a dialog has come up meanwhile."""

        def ask_if_free(answer: A) -> None:
            if self._screen.app.screen is self._screen:
                ask(answer)

        self._give(kind, ask_if_free)

    def take(self, answer: Answer) -> None:
        """Give an answer to whoever takes it."""
        if take := self._takers.get(type(answer)):
            take(answer)
