"""Libraries that are loaded, for only such a one can have made a value of its own."""

from __future__ import annotations

import sys
from typing import Any


def loaded(name: str) -> Any:
    """A module if it is loaded; None while another thread still loads it, when half of its names are not there yet."""
    module = sys.modules.get(name)
    return None if getattr(getattr(module, "__spec__", None), "_initializing", False) else module
