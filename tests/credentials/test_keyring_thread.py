"""The daemon thread of the keyring, with actions of its own instead of a keyring."""

from __future__ import annotations

import os
import threading
import traceback

import pytest

from catalog.credentials.keyring_thread import KeyringThread
from catalog.errors import CancelledError, CredentialsError, CredentialsKind
from catalog.progress import Progress


def _translate(error: BaseException) -> CredentialsError:
    return CredentialsError(type(error).__name__, kind=CredentialsKind.BROKEN)


@pytest.fixture
def thread() -> KeyringThread:
    """A thread that has not started."""
    return KeyringThread(_translate)


def test_actions_run_in_one_daemon_thread(thread: KeyringThread) -> None:
    """Every action runs in the same thread, which does not keep the program alive."""
    first = thread.call(threading.current_thread, "asking", 5)
    second = thread.call(threading.current_thread, "asking", 5)

    assert first is second
    assert first.daemon
    assert first is not threading.current_thread()


def test_an_exception_is_translated_and_stands_alone(thread: KeyringThread) -> None:
    """What an action raises arrives translated, without the original, whose frames and texts may hold a secret."""

    def fail() -> None:
        secret = "hush"
        raise ValueError(secret)

    with pytest.raises(CredentialsError, match="ValueError") as caught:
        thread.call(fail, "asking", 5)

    assert caught.value.__cause__ is caught.value.__context__ is None
    assert "fail" not in [frame.f_code.co_name for frame, _ in traceback.walk_tb(caught.tb)]


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, MemoryError])
def test_the_thread_survives_any_exception(thread: KeyringThread, kind: type[BaseException]) -> None:
    """A backend that tries to end the thread does not end it."""

    def fail() -> None:
        raise kind

    with pytest.raises(CredentialsError, match=kind.__name__):
        thread.call(fail, "asking", 5)

    assert thread.call(lambda: 1, "asking", 5) == 1


def test_a_hung_action_is_given_up(thread: KeyringThread) -> None:
    """A hung action times out, so does what waits behind it, which then never runs; afterwards all is well again."""
    release, ran = threading.Event(), []
    with pytest.raises(CredentialsError, match="may still be carried out") as caught:
        thread.call(release.wait, "asking the oracle", 0.05)
    assert caught.value.kind == "timed out"
    assert "asking the oracle" in str(caught.value)
    with pytest.raises(CredentialsError, match="nothing was asked"):
        thread.call(lambda: ran.append(1), "asking", 0.05)

    release.set()

    assert thread.call(lambda: 2, "asking", 5) == 2
    assert ran == []


def test_a_cancelled_wait_ends(thread: KeyringThread) -> None:
    """A cancel from another thread ends the wait."""
    release, progress = threading.Event(), Progress()

    def hang() -> None:
        progress.cancel()
        release.wait()

    with pytest.raises(CancelledError):
        thread.call(hang, "asking", 60, progress)

    release.set()


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_has_a_thread_of_its_own(thread: KeyringThread) -> None:
    """After a fork, as of multiprocessing, the child does not wait for a thread that only its parent has."""
    thread.call(lambda: None, "asking", 5)
    child = os.fork()
    if child == 0:
        os._exit(thread.call(lambda: 7, "asking", 5))

    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 7
