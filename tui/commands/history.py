"""What is done with earlier versions."""

from __future__ import annotations

from .command import Command, Place, Situation, always, needs_open, needs_write

_LIST = frozenset({Place.HISTORY})
_HISTORY = frozenset({Place.HISTORY, Place.COMMITTED, Place.BEFORE_AFTER})


def _needs_commit(now: Situation) -> str:
    return needs_open(now) or ("" if now.commit else "Choose a commit in the history first.")


def _writes_there(now: Situation) -> str:
    is_public = now.entry is not None and now.entry.connection.is_address_only
    return needs_write(now) or ("This database is read at a public address, where nothing can be changed." if is_public else "")


def _changes_history(now: Situation) -> str:
    return _writes_there(now) or _needs_commit(now)


def _undo(now: Situation) -> str:
    return _writes_there(now) or ("There is nothing before the first commit to go back to." if now.is_only_commit else "")


def _revert(now: Situation) -> str:
    return _changes_history(now) or ("This is the newest commit: there is nothing to go back to." if now.is_newest else "")


def _untag(now: Situation) -> str:
    return _changes_history(now) or ("" if now.tags else "This commit has no tag.")


def _leave(now: Situation) -> str:
    return "" if now.past else "You look at the newest state already."


COMMANDS: tuple[Command, ...] = (
    Command("history", "History", "5", "Show the commits of the database, and what changed in each.", always),
    Command(
        "mark-commit",
        "Compare from",
        "space",
        "Mark a commit; the commit of the cursor is then compared with it. Again on it takes the mark away.",
        _needs_commit,
        _LIST,
        rank=70,
    ),
    Command(
        "open-at",
        "Look at it",
        "v",
        "Look at the keys as they were at this commit; nothing can be changed there.",
        _needs_commit,
        _HISTORY,
        rank=73,
    ),
    Command("undo", "Undo", "u", "Take the last push back, as a new commit, after a question.", _undo, _HISTORY, rank=69),
    Command(
        "revert",
        "Go back to it",
        "R",
        "Make everything as it was at this commit, as a new commit, after a question.",
        _revert,
        _HISTORY,
        rank=68,
    ),
    Command(
        "tag",
        "Tag",
        "T",
        "Give this commit a name: it opens by it, and is kept when garbage is collected.",
        _changes_history,
        _HISTORY,
        rank=67,
    ),
    Command("untag", "Untag", "U", "Take a name from this commit, after a question.", _untag, _HISTORY, rank=15),
    Command("leave-past", "Back to now", "b", "Leave the earlier version that you look at.", _leave, rank=0),
)
