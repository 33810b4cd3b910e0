"""What `catalog --help` says of each command: a line, among those that one would look for together."""

from __future__ import annotations

import click

SECTIONS: dict[str, dict[str, str]] = {
    "Begin": {
        "demo": "Show everything on real data: no account, no server.",
        "tui": "Open the screen program, here or in a browser.",
        "settings": "Print where its settings are, and all of them.",
    },
    "Look": {
        "groups": "List the groups of the catalog.",
        "databases": "List the databases of a group, or of all.",
        "search": "Find databases by words in what is said of them.",
        "status": "Say how databases stand to their remotes.",
        "keys": "List the keys of a database.",
        "get": "Print the value of a key.",
    },
    "Change and share": {
        "set": "Set a key to a value.",
        "unset": "Remove keys.",
        "import": "Set keys from a file or a folder.",
        "export": "Write keys and values to a file or a folder.",
        "diff": "Show what a database and its remote differ in.",
        "push": "Send the changes made here to the remote.",
        "pull": "Bring what others pushed.",
        "resolve": "End conflicts: keep yours or take theirs.",
        "discard": "Give up changes that were not pushed.",
    },
    "Go back": {
        "history": "List the commits of a database.",
        "show": "Print the value that a key had.",
        "compare": "Show what changed from one version to another.",
        "undo": "Take the last commit back, as a new commit.",
        "revert": "Make an earlier version the newest.",
        "tag": "Give versions a name.",
        "settle": "Go on when a remote went back or took another line.",
    },
    "Arrange groups": {
        "add-group": "Add a group: a new one, or one that others share.",
        "remove-group": "Take a group from the list of this machine.",
        "push-group": "Share what was changed in a group.",
        "create": "Make a database, empty or from a file.",
        "add": "Add a database that has a remote to a group.",
        "edit": "Change the name, description, tags or owner.",
        "move": "Move a database to another group.",
        "relocate": "Say that a database lives elsewhere now.",
        "remove": "Remove a database from its group; deletes no data.",
    },
    "Look after remotes": {
        "doctor": "Try what a place can do, and check a database.",
        "copy": "Copy a remote with its history to another place.",
        "delete": "Delete a remote with its history, for everyone.",
        "collect-garbage": "Free the space of old versions.",
        "forget": "Remove every version of some keys, for good.",
        "lock": "See or break the lock of a writer.",
    },
    "Keys and trust": {
        "credentials": "Keep key pairs in the keyring of this system.",
        "approvals": "See and take back which places may be used.",
    },
}


def write_sections(formatter: click.HelpFormatter) -> None:
    """Write all commands in their sections, as one table."""
    width = max(len(name) for lines in SECTIONS.values() for name in lines)
    for title, lines in SECTIONS.items():
        with formatter.section(title):
            formatter.write_dl([(name.ljust(width), line) for name, line in lines.items()])
