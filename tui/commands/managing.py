"""What is done about groups and databases as a whole, and about the keys they need."""

from __future__ import annotations

from dataclasses import dataclass

from .command import Command, Refusal, Situation, always, needs_database, needs_open, needs_permission, needs_write


@dataclass(frozen=True)
class Action:
    """One entry of a menu: its letter there, and what the palette says of it."""

    id: str
    letter: str
    words: str
    help: str
    refusal: Refusal


@dataclass(frozen=True)
class Menu:
    """Actions of one kind, which a key offers together."""

    id: str
    title: str
    actions: tuple[Action, ...]


def _enter_keys(now: Situation) -> str:
    if now.entry and (now.entry.connection.is_folder or now.entry.connection.is_address_only):
        return "This database needs no keys: it lives in a folder or at a public address."
    return needs_database(now)


def _change_group(now: Situation) -> str:
    return needs_permission(now) or ("" if now.group else "Choose a group first, or a database in it.")


def _change_database(now: Situation) -> str:
    return needs_permission(now) or needs_database(now)


def _move(now: Situation) -> str:
    return _change_database(now) or ("" if now.groups > 1 else "There is only one group: A adds another.")


def _remote(now: Situation) -> str:
    answers = now.status is not None and now.status.remote_commit is not None
    return needs_open(now) or ("" if answers else "It has no remote that answers now.")


def _delete_remote(now: Situation) -> str:
    if now.entry and now.entry.connection.is_address_only:
        return "A public address only reads: who has the keys of the bucket can delete it."
    return (
        needs_write(now) or _remote(now) or ("Pull first (p): what others have pushed is nowhere else." if _is_older(now) else "")
    )


def _is_older(now: Situation) -> bool:
    """Whether the copy here is of another commit than the remote."""
    here, there = (now.status.commit, now.status.remote_commit) if now.status else (None, None)
    return here is not None and there is not None and here.id != there.id


MENUS = (
    Menu(
        "add",
        "Add",
        (
            Action("add-group", "g", "Add a group…", "A group of this machine, or one that others share.", needs_permission),
            Action(
                "add-database", "d", "Add a database…", "One that has a remote already, to the selected group.", _change_group
            ),
            Action(
                "new-database", "n", "Make a database…", "A new one, empty or from files, in the selected group.", _change_group
            ),
        ),
    ),
    Menu(
        "edit",
        "Edit",
        (
            Action(
                "describe", "d", "Describe it…", "Name, description, tags and owner, as the group says them.", _change_database
            ),
            Action(
                "edit-metadata",
                "m",
                "Edit its metadata…",
                "JSON that belongs to the database; a change to push.",
                needs_write,
            ),
            Action("move", "v", "Move it to another group…", "Only the entry moves; the data stays where it is.", _move),
            Action(
                "refresh-entry",
                "r",
                "Bring its entry up to date",
                "Ask its remote again for what the entry says.",
                _change_database,
            ),
        ),
    ),
    Menu(
        "import",
        "Import",
        (
            Action(
                "import-files",
                "i",
                "Import into this database…",
                "Set keys from CSV, JSON lines, Parquet or a folder.",
                needs_write,
            ),
            Action(
                "new-database", "n", "Make a database…", "A new one, empty or from files, in the selected group.", _change_group
            ),
        ),
    ),
    Menu(
        "export",
        "Export",
        (
            Action("export-files", "e", "Export to files…", "Write CSV, JSON lines, Parquet or a folder of files.", needs_open),
            Action(
                "copy-remote",
                "c",
                "Copy its remote…",
                "To another place, with its whole history.",
                lambda now: needs_permission(now) or _remote(now),
            ),
        ),
    ),
    Menu(
        "remove",
        "Remove",
        (
            Action("remove-database", "r", "Remove it from its group…", "Deletes no data; Z puts it back.", _change_database),
            Action(
                "remove-group",
                "g",
                "Remove the group…",
                "From this machine's list; deletes no data; Z puts it back.",
                _change_group,
            ),
            Action(
                "delete-remote", "D", "Delete its remote…", "For everyone, with its history; the copy here stays.", _delete_remote
            ),
        ),
    ),
)
ACTIONS = {action.id: action for menu in MENUS for action in menu.actions}
MENUS_BY_ID = {menu.id: menu for menu in MENUS}

COMMANDS: tuple[Command, ...] = (
    Command("search", "Search", "ctrl+f", "Search names, tags, descriptions and metadata of all databases.", always, rank=45),
    Command("add", "Add…", "A", "Add a group, or a database to it; make a new database.", needs_permission, rank=42),
    Command("edit", "Edit…", "E", "Edit the description or the metadata; move to another group.", _change_database),
    Command("bring-in", "Import…", "i", "Bring files into the database, or make one of them.", needs_permission),
    Command("export", "Export…", "O", "Write the database to files, or copy its remote.", needs_open),
    Command("remove", "Remove…", "X", "Remove from the group, or delete the remote; asks first.", _change_group),
    Command("put-back", "Put back", "Z", "Put back what was removed last.", needs_permission),
    Command("share-group", "Share group", "S", "Send what was changed in the group to those who share it.", _change_group),
    Command("enter-keys", "Enter keys…", "e", "Enter the key pair that this database needs.", _enter_keys),
    Command("credentials", "Credentials", "K", "Show which keys there are and which are used; add, try, forget.", always),
)
