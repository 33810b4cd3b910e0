"""What is done about the keys that databases need, and about the places that they are for."""

from __future__ import annotations

from catalog import Entry
from tui.command import Situation, command, needs_database
from tui.host import Host
from tui.trust import Trust

from .dialogs import Approval, ApprovalDialog, KeysDialog
from .library import approve_place
from .screen import CredentialsScreen, KnownPlace, prefilled, saved_words


def _enter_keys(now: Situation) -> str:
    if now.entry and (now.entry.connection.is_folder or now.entry.connection.is_address_only):
        return "This database needs no keys: it lives in a folder or at a public address."
    return needs_database(now)


class Credentials:
    """Keys entered, shown, tried and forgotten; places approved."""

    def __init__(self, host: Host, trust: Trust) -> None:
        self._host = host
        self._trust = trust

    @command("enter-keys", "Enter keys…", "e", "Enter the key pair that this database needs.", refusal=_enter_keys)
    async def enter_keys(self) -> None:
        """Ask for the keys of the selected database."""
        if saved := await self._host.open(KeysDialog(self._host.jobs, *prefilled(self._host.entry))).answer:
            self._host.tell(saved_words(saved))
            self._host.ask_again()

    @command("credentials", "Credentials", "K", "Show which keys there are and which are used; add, try, forget.")
    async def credentials(self) -> None:
        """Show which keys there are."""
        host = self._host
        places = [KnownPlace(entry, host.vouching(entry)) for listing in host.listings or () for entry in listing.entries]
        host.open(CredentialsScreen(host.catalog, host.jobs, host.entry, places, host.ask_again))

    async def approve(self, entry: Entry) -> bool:
        """Ask about the place of a database that only its group has named; whether it may be used now."""
        group = self._trust.origin(entry)
        answer = await self._host.open(ApprovalDialog(group, entry)).answer
        if answer is Approval.ALWAYS:
            await self._host.jobs.latest("approve", "Remembering the place", lambda: approve_place(group, entry))
        elif answer is Approval.ONCE:
            self._trust.add(entry.connection)
        return answer in {Approval.ALWAYS, Approval.ONCE}
