"""Where this program keeps what is neither a database nor a secret."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

_APPLICATION = "booklet-catalog"


def data_folder() -> Path:
    """Return the folder of what is remembered on this machine; it need not exist yet.

    ``CATALOG_HOME`` in the environment moves it, together with `config_folder`.
    """
    home = _home()
    return home / "data" if home else platformdirs.user_data_path(_APPLICATION, appauthor=False)


def config_folder() -> Path:
    """Return the folder of the user's settings; it need not exist yet."""
    home = _home()
    return home / "config" if home else platformdirs.user_config_path(_APPLICATION, appauthor=False)


def _home() -> Path | None:
    home = os.environ.get("CATALOG_HOME")
    return Path(home).expanduser().absolute() if home else None
