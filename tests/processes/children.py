"""Forked children of a test, and what they tell."""

from __future__ import annotations

import json
import os
import signal
import traceback
import warnings
from collections.abc import Callable
from typing import Any

_MOST_SECONDS = 30


def fork() -> int:
    """Fork as a program with threads does: with a warning of newer Pythons that is not meant for tests."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def in_child(act: Callable[[], Any]) -> Any:
    """What ``act`` returns in a forked child, as JSON keeps it, or its error as text; a child that hangs is ended."""
    receive, send = os.pipe()
    if (child := fork()) == 0:
        signal.alarm(_MOST_SECONDS)
        try:
            said = json.dumps(act())
        except Exception as error:
            traceback.print_exc()
            said = json.dumps(f"{type(error).__name__}: {error}")
        os.write(send, said.encode())
        os._exit(0)
    os.close(send)
    with os.fdopen(receive) as pipe:
        told = pipe.read()
    _, status = os.waitpid(child, 0)
    assert status == 0, f"the child ended with {status}"
    return json.loads(told)
