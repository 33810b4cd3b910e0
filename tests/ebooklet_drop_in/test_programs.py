"""cfdb and envlib, which are written for ebooklet, run on the drop-in; with ``pip install -e '.[programs]'``."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from catalog.testing.seaweed import Seaweed

_INSTALLED = all(importlib.util.find_spec(name) is not None for name in ("cfdb", "envlib"))


@pytest.mark.skipif(not _INSTALLED, reason="needs pip install -e '.[programs]'")
def test_what_their_users_do(seaweed: Seaweed, tmp_path: Path) -> None:
    """Datasets are made, pushed, read by address, copied, changed; a catalogue is published, queried, and taken back."""
    place = {
        "id": seaweed.rw.access_key_id,
        "secret": seaweed.rw.secret_access_key,
        "bucket": "pub",
        "endpoint_url": seaweed.endpoint_url,
        "folder": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("programs.py")],
        env={**os.environ, "PROGRAMS_PLACE": json.dumps(place)},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.stdout.endswith("done\n"), done.stderr[-3000:]
