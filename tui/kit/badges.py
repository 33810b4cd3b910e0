"""The symbols of every state, always with words beside their colour."""

from __future__ import annotations

from dataclasses import dataclass

from textual.content import Content

from catalog import Change, Direction, KeyState, Kind, State, Status


@dataclass(frozen=True, slots=True)
class Badge:
    """A state as it is shown: one symbol, the words behind it, and the theme variable of its colour."""

    symbol: str
    words: str
    colour: str

    @property
    def style(self) -> str:
        """The style of the symbol."""
        return f"${self.colour}"

    def content(self, number: int | None = None) -> Content:
        """The symbol, with a number where one belongs to it."""
        return Content.styled(self.symbol if number is None else f"{self.symbol}{number:,}", self.style)


UNKNOWN = Badge("…", "not asked yet", "quiet")

DATABASE_BADGES: dict[State, Badge] = {
    State.IN_STEP: Badge("✓", "in step with its remote", "state-good"),
    State.AHEAD: Badge("↑", "ahead: changes here that are not pushed", "state-ahead"),
    State.BEHIND: Badge("↓", "behind: changes there that are not pulled", "state-behind"),
    State.DIVERGED: Badge("↕", "diverged: changes on both sides, to different keys", "state-diverged"),
    State.CONFLICT: Badge("!", "conflict: the same keys were changed on both sides", "state-conflict"),
    State.NOT_HERE: Badge("○", "not here yet: open it to make a copy on this machine", "quiet"),
    State.EMPTY: Badge("∅", "no remote yet: nothing was pushed", "quiet"),
    State.UNREACHABLE: Badge("⊘", "unreachable: no answer from its server", "state-trouble"),
    State.NO_KEYS: Badge("?", "no keys: there are no credentials for it", "state-trouble"),
    State.NOT_APPROVED: Badge("¿", "not approved: its group names a place that you have not agreed to use", "state-trouble"),
    State.DENIED: Badge("⊗", "denied: the server refuses these credentials", "state-trouble"),
    State.STALE: Badge("≠", "stale entry: there is no database at its place any more", "state-trouble"),
    State.PARTED: Badge("⑂", "parted: its remote went back, or took another line than what is here", "state-conflict"),
    State.BROKEN: Badge("✗", "broken: what is stored cannot be used", "state-conflict"),
}

_TROUBLE_WORDS = {
    State.NOT_HERE: "not here",
    State.EMPTY: "new",
    State.UNREACHABLE: "unreachable",
    State.NO_KEYS: "no keys",
    State.NOT_APPROVED: "not approved",
    State.STALE: "stale",
    State.DENIED: "denied",
    State.BROKEN: "broken",
}

KEY_BADGES: dict[KeyState, Badge] = {
    KeyState.LOCAL: Badge("●", "on this machine", "quiet"),
    KeyState.REMOTE: Badge("○", "in the remote, fetched when needed", "quiet"),
    KeyState.ADDED: Badge("+", "added here, not pushed", "state-good"),
    KeyState.MODIFIED: Badge("~", "modified here, not pushed", "state-ahead"),
    KeyState.DELETED: Badge("−", "deleted here, not pushed", "state-trouble"),
    KeyState.CONFLICT: Badge("!", "changed here and in the remote", "state-conflict"),
}

KIND_BADGES: dict[Kind, Badge] = {
    Kind.ADDED: Badge("+", "added", "state-good"),
    Kind.MODIFIED: Badge("~", "modified", "state-ahead"),
    Kind.DELETED: Badge("−", "deleted", "state-trouble"),
}

DIRECTION_BADGES: dict[Direction, Badge] = {
    Direction.OUTGOING: Badge("↑", "outgoing: yours, a push sends it", "state-ahead"),
    Direction.INCOMING: Badge("↓", "incoming: theirs, a pull brings it", "state-behind"),
    Direction.CONFLICT: Badge("!", "conflict: changed on both sides", "state-conflict"),
}

CHOSEN = Badge("✓", "chosen: the next push sends only what is chosen", "accent")

MARKED = Badge("±", "marked: the commit of the cursor is compared with it", "accent")

_SPACE = Content(" ")


def database_badge(status: Status | None) -> Badge:
    """Choose the badge of a database."""
    return UNKNOWN if status is None else DATABASE_BADGES.get(status.state, UNKNOWN)


def counts(ahead: int, behind: int, conflicts: int) -> Content:
    """Write how far apart the two sides are: ``!1 ↑3 ↓2``, without those that are 0."""
    parts = [
        DATABASE_BADGES[state].content(number)
        for state, number in ((State.CONFLICT, conflicts), (State.AHEAD, ahead), (State.BEHIND, behind))
        if number
    ]
    return _SPACE.join(parts)


def database_state(status: Status | None) -> Content:
    """Write the state of a database in a few cells: ``✓``, ``↑3 ↓2``, ``⊘ unreachable``."""
    badge = database_badge(status)
    if status is None:
        return badge.content()
    if words := _TROUBLE_WORDS.get(status.state):
        return Content.styled(f"{badge.symbol} {words}", badge.style)
    return counts(status.ahead, status.behind, status.conflicts) or badge.content()


def unusable(status: Status | None, entries: int) -> int:
    """How many entries of a group cannot be used; those that can are ``entries``."""
    return max(0, status.keys - entries) if status is not None and status.file_exists else 0


def group_state(status: Status | None, entries: int) -> Content:
    """Write the state of a group beside its name, when there is something to say: not shared yet, or trouble."""
    parts = []
    if broken := unusable(status, entries):
        parts.append(DATABASE_BADGES[State.BROKEN].content(broken))
    if status is not None and status.state not in {State.IN_STEP, State.NOT_HERE, State.EMPTY}:
        parts.append(counts(status.ahead, status.behind, status.conflicts) or database_badge(status).content())
    return _SPACE.join(parts)


def change_badges(change: Change) -> tuple[Badge, Badge]:
    """The direction and the kind of a change."""
    return DIRECTION_BADGES[change.direction], KIND_BADGES[change.kind]
