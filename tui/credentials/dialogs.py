"""What is asked about keys: for a pair of them, and whether a place may be used with them."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Button, Input, Label

from catalog import Entry, Progress
from tui.jobs import Jobs
from tui.kit.amounts import duration
from tui.kit.columns import Fact
from tui.kit.confirm import STEPS, Question
from tui.kit.dialog import Dialog
from tui.kit.plain import plain
from tui.kit.reader import Lines, Reader, paragraphs, question
from tui.kit.trouble import way_on
from tui.kit.whereabouts import place_facts
from tui.work import ReadFailed, begin

from .library import SavedKeys, check_keyring, keep_keys, save_keys
from .secret_input import SecretInput

_EVERY = 0.5
_NOTE = Content.styled("The secret goes into the keyring of this machine, or stays in this session; it is in no file.", "$quiet")


class KeysDialog(Dialog[SavedKeys]):
    """Asks for a key pair and keeps it; None when nothing was kept.

    Saving runs in a thread. What fails is explained here, with everything that was typed still in its place.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", show=False),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]

    def __init__(self, jobs: Jobs, endpoint: str, profile: str) -> None:
        super().__init__()
        self._jobs = jobs
        self._endpoint = endpoint
        self._profile = profile
        self._saving: Progress | None = None
        self._since = 0.0
        self._longest = ""
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """Four fields, a note, three buttons."""
        with Vertical(classes="box") as box:
            box.border_title = "Enter keys"
            with Vertical(id="fields") as fields:
                fields.styles.height = "auto"
                with Horizontal(classes="field"):
                    yield Label("Endpoint")
                    yield Input(plain(self._endpoint), placeholder="https://…, empty for AWS", id="endpoint", compact=True)
                with Horizontal(classes="field"):
                    yield Label("Profile")
                    yield Input(plain(self._profile), placeholder="default", id="profile", compact=True)
                with Horizontal(classes="field"):
                    yield Label("Key id")
                    yield Input(placeholder="access key id", id="key-id", compact=True)
                with Horizontal(classes="field"):
                    yield Label("Secret")
                    yield SecretInput(placeholder="secret access key", id="secret")
            yield Reader(paragraphs(_NOTE), can_focus=False)
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="stay", compact=True)
                yield Button("This session only", id="session", compact=True)
                yield Button("Keep in keyring", id="keyring", variant="primary", compact=True)

    def on_mount(self) -> None:
        """Begin with the key id, and find out whether there is a keyring."""
        self._timer = self.set_interval(_EVERY, self._tell_wait, pause=True)
        self.query_one("#key-id").focus()
        begin(self, self._look_for_keyring(self._endpoint, self._profile))

    @property
    def _secret(self) -> SecretInput:
        return self.query_one(SecretInput)

    def _text(self, name: str) -> str:
        return self.query_one(f"#{name}", Input).value

    async def _look_for_keyring(self, endpoint: str, profile: str) -> None:
        keyring = await self._jobs.latest("keyring", "Looking for a keyring", lambda: check_keyring(endpoint, profile))
        self._longest = f" of at most {duration(keyring.seconds)}"
        if keyring.problem:
            self.query_one("#keyring").display = False
            self.query_one("#session", Button).variant = "primary"
            self._tell(keyring.problem, "So the keys can only be kept in memory, until you leave the program.")

    @on(Input.Submitted)
    def _next_field(self) -> None:
        self.focus_next()

    @on(SecretInput.Entered)
    def _entered(self) -> None:
        self._save(in_keyring=self.query_one("#keyring").display)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "stay":
            self.action_cancel()
        else:
            self._save(in_keyring=event.button.id == "keyring")

    def _save(self, *, in_keyring: bool) -> None:
        if self._saving:
            return
        for name in ("key-id", "secret"):
            if not self._text(name):
                self._tell("A key pair is a key id and a secret.", "The server's administrator or web page gives you both.")
                self.query_one(f"#{name}").focus()
                return
        endpoint, profile, key_id, secret = (self._text(name) for name in ("endpoint", "profile", "key-id", "secret"))
        progress = self._saving = Progress()
        self._since = time.monotonic()
        self._show_saving()
        begin(
            self,
            self._keep(
                lambda: (
                    save_keys(endpoint, profile, key_id, secret, progress)
                    if in_keyring
                    else keep_keys(endpoint, profile, key_id, secret)
                )
            ),
        )

    async def _keep(self, save: Callable[[], SavedKeys]) -> None:
        self._close(await self._jobs.latest("keys", "Saving", save))

    def _show_saving(self) -> None:
        """Let nothing be changed while keys are saved, and say how long that takes."""
        is_saving = self._saving is not None
        self.query_one("#fields").disabled = is_saving
        self.query_one("#session").disabled = self.query_one("#keyring").disabled = is_saving
        if self._timer:
            (self._timer.resume if is_saving else self._timer.pause)()
        if is_saving:
            self.query_one("#stay").focus()
            self._tell_wait()

    def _tell_wait(self) -> None:
        if self._saving is None:
            return
        waited = duration(time.monotonic() - self._since)
        words = "Stopping…" if self._saving.cancelled else f"Waiting for the keyring, {waited}{self._longest}…"
        note = "If it asks for a password, look for its window. Escape stops waiting."
        self.query_one(Reader).show(paragraphs(Content.assemble((words, "$accent"), (f"\n{note}", "$quiet"))))

    def _tell(self, message: str, hint: str) -> None:
        body = Content.assemble((plain(message), "$state-trouble"), (f"\n{plain(hint)}" if hint else "", "$quiet"))
        self.query_one(Reader).show(paragraphs(body))

    @on(ReadFailed)
    def _explain(self, message: ReadFailed) -> None:
        """Say what went wrong; everything that was typed stays."""
        self._tell(message.error.message, way_on(message.error))
        if self._saving:
            self._saving = None
            self._show_saving()
            self._secret.focus()

    def action_cancel(self) -> None:
        """Stop waiting for the keyring; close when nothing is waited for, or at the second time."""
        if self._saving and not self._saving.cancelled:
            self._saving.cancel()
            self._tell_wait()
        else:
            self._close(None)

    def _close(self, saved: SavedKeys | None) -> None:
        self._secret.clear()
        self.dismiss(saved)


class Approval(Enum):
    """What the user says to a place; the value is the id of its button."""

    NO = "stay"
    ONCE = "once"
    ALWAYS = "go-on"


class ApprovalDialog(Question[Approval]):
    """Asks whether a place may be used: not now, in this session, or on this machine from now on."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "refuse", "Not now", show=False), *STEPS]

    def __init__(self, group: str, entry: Entry) -> None:
        super().__init__("Do you know this place?", approval_question(group, entry))

    def buttons(self) -> ComposeResult:
        """Three answers."""
        yield Button("Not now", id=Approval.NO.value, compact=True)
        yield Button("Only this time", id=Approval.ONCE.value, compact=True)
        yield Button("Use it from now on", id=Approval.ALWAYS.value, variant="error", compact=True)

    def on_mount(self) -> None:
        """Focus the answer that does no harm."""
        self.query_one(f"#{Approval.NO.value}").focus()

    def action_refuse(self) -> None:
        """Close without an approval."""
        self.dismiss(Approval.NO)

    @on(Button.Pressed)
    def _answer(self, event: Button.Pressed) -> None:
        answer = Approval(event.button.id)
        if answer is Approval.NO or self.may_agree():
            self.dismiss(answer)


def approval_question(group: str, entry: Entry) -> Lines:
    """Say which place would be used, and who says so."""
    facts: list[Fact] = [("group", Content(plain(group))), *place_facts("names", entry.connection)]
    if entry.connection.is_folder:
        return question(facts, "Whoever can write to the group can name any folder. A yes lets it be read and written.")
    facts.append(("keys", Content(f"profile {plain(entry.connection.profile or 'default')}")))
    return question(facts, "Whoever can write to the group can name any server. A yes lets your keys sign requests.")
