"""Asks before a place that only a group has named is used, and remembers the answer."""

from __future__ import annotations

from textual.content import Content
from textual.screen import Screen

from catalog import Entry
from tui.changes.settling import question
from tui.jobs import Jobs
from tui.kit.columns import Fact
from tui.kit.plain import plain
from tui.kit.reader import Lines
from tui.kit.whereabouts import place_facts
from tui.messages import Approved
from tui.trust import Trust

from .approval import Approval, ApprovalDialog
from .library import approve_place


def approval_question(group: str, entry: Entry) -> Lines:
    """Say which place would be used, and who says so."""
    facts: list[Fact] = [("group", Content(plain(group))), *place_facts("names", entry.connection)]
    if entry.connection.is_folder:
        return question(facts, "Whoever can write to the group can name any folder. A yes lets it be read and written.")
    facts.append(("keys", Content(f"profile {plain(entry.connection.profile or 'default')}")))
    return question(facts, "Whoever can write to the group can name any server. A yes lets your keys sign requests.")


class Approving:
    """Vouches for a place in this session, or has the library remember it; the screen is told by Approved."""

    def __init__(self, screen: Screen[None], jobs: Jobs, trust: Trust) -> None:
        self._screen = screen
        self._jobs = jobs
        self._trust = trust

    def ask(self, entry: Entry) -> None:
        """Ask about the place of a database."""
        group = self._trust.origin(entry)

        def answered(answer: Approval | None) -> None:
            if answer is Approval.ALWAYS:
                self._jobs.read_latest("approve", "Remembering the place", lambda: approve_place(group, entry), self._screen)
            elif answer is Approval.ONCE:
                self._trust.add(entry.connection)
                self._screen.post_message(Approved(entry))

        self._screen.app.push_screen(ApprovalDialog(approval_question(group, entry)), answered)
