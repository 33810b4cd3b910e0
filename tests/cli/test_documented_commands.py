"""The commands of docs/credentials.md."""

from __future__ import annotations

import os
import re
import secrets
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from credentials.keyrings import MemoryKeyring

import catalog
from catalog import Catalog, S3Connection, credentials
from catalog.cli import cli
from catalog.credentials import Profile, approve
from catalog.testing.seaweed import Seaweed

_TEXT = (Path(__file__).parents[2] / "docs" / "credentials.md").read_text(encoding="utf-8")
_COMMANDS = re.findall(r"^(?:  - run: )?catalog (.*)", _TEXT, re.MULTILINE)
_ENDPOINT = "https://s3.example.com"


@pytest.fixture
def shared(memory: MemoryKeyring, seaweed: Seaweed, tmp_path: Path) -> Path:
    """A catalog with the database group/reefs in a bucket `data`, as on the page; its keys are those of the profile `lab`."""
    place = S3Connection(db_key=f"reefs/{secrets.token_hex(4)}", bucket="data", endpoint_url=seaweed.endpoint_url, profile="lab")
    seaweed.new_bucket("data")
    credentials.save(Profile.of(place), seaweed.rw)
    with catalog.open(place, tmp_path / "reefs.blt", "n", "str", lock="commit") as opened:
        opened["a"] = "b"
        opened.changes().push()
    here = Catalog(tmp_path / "catalog")
    here.add_group("group", S3Connection(db_key="group", endpoint_url=(tmp_path / "remote").as_uri()))
    with here.open_group("group", "c", lock="commit") as group:
        group.add(place, name="reefs")
    approve(place, "group")
    return here.folder


def test_commands_run(seaweed: Seaweed, shared: Path) -> None:
    """Every command of the page succeeds on a real server, where a profile is stored."""
    lab = Profile.at(seaweed.endpoint_url, "lab")
    keys = f"{seaweed.rw.access_key_id}\n{seaweed.rw.secret_access_key}\n"

    for line in _COMMANDS:
        words = shlex.split(line.replace(_ENDPOINT, seaweed.endpoint_url), comments=True)
        credentials.save(lab, seaweed.rw)
        if words[1] == "add":
            credentials.forget(lab)
        if words[1] == "forget":
            words.append("--yes")
        result = CliRunner().invoke(cli, ["--catalog", str(shared), *words], input=keys)

        assert result.exit_code == 0, (line, result.output)
        assert seaweed.rw.secret_access_key not in result.output
    assert len(_COMMANDS) > 12


def test_keys_for_one_shell(tmp_path: Path) -> None:
    """The lines for a machine without a keyring work in bash: what is read goes to the program and is not shown."""
    block = next(block for block in re.findall(r"```sh\n(.*?)```", _TEXT, re.DOTALL) if block.startswith("read"))
    program = tmp_path / "catalog"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m catalog.cli "$@"\n', encoding="utf-8")
    program.chmod(0o700)

    said = subprocess.run(
        ["bash", "-ec", block],
        input="AKIA12345678\nhush\n",
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "PATH": f"{tmp_path}:{os.environ['PATH']}",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        },
        timeout=60,
        check=True,
    )

    assert "environment" in next(line for line in said.stdout.splitlines() if "  used  " in line)
    assert "hush" not in said.stdout + said.stderr
