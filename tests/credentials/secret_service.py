"""A private Secret Service: gnome-keyring on a D-Bus of its own, in a temporary folder, both owned by the test."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import secretstorage
from jeepney import MatchRule, message_bus  # type: ignore[import-untyped]
from jeepney.io.blocking import DBusConnection, open_dbus_connection  # type: ignore[import-untyped]

_PROGRAMS = ("dbus-daemon", "gnome-keyring-daemon")
_BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:dir={folder}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""
"""No service folders: nothing is started that the test does not own."""


def what_is_missing() -> str:
    """What this machine lacks for a real Secret Service, and how to get it; empty when nothing."""
    missing = [program for program in _PROGRAMS if shutil.which(program) is None]
    if not missing:
        return ""
    return (
        f"These tests need a real Secret Service, and {' and '.join(missing)} is not installed: "
        "apt-get install -y --no-install-recommends dbus gnome-keyring"
    )


@contextmanager
def private_bus(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SecretService]:
    """A bus without a Secret Service, for this process and those that it starts; `SecretService.start` adds it.

    On a developer's machine without the programs the test is skipped; in CI, which installs them, that is an error.
    """
    if (missing := what_is_missing()) and "CI" not in os.environ:
        pytest.skip(missing)
    service = SecretService(folder)
    for name, value in service.environment.items():
        monkeypatch.setenv(name, value)
    try:
        yield service
    finally:
        service.close()


class SecretService:
    """A bus and a keyring daemon; ``environment`` leads a program to them."""

    def __init__(self, folder: Path) -> None:
        if said := what_is_missing():
            raise RuntimeError(said)
        self._folder = folder
        self._daemon: subprocess.Popen[bytes] | None = None
        config = folder / "bus.conf"
        config.write_text(_BUS_CONFIG.format(folder=folder), encoding="utf-8")
        self._bus = subprocess.Popen(
            ["dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile", "--print-address=1"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._bus.stdout
        self.address = self._bus.stdout.readline().decode().strip()

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead a program to this bus and to the Secret Service alone."""
        return {
            "DBUS_SESSION_BUS_ADDRESS": self.address,
            "PYTHON_KEYRING_BACKEND": "keyring.backends.SecretService.Keyring",
        }

    def start(self, password: str | None = "a password") -> None:
        """Start the daemon, with its keyring unlocked; a password of None leaves it locked."""
        variables = {"HOME": "home", "XDG_DATA_HOME": "data", "XDG_CONFIG_HOME": "config", "XDG_RUNTIME_DIR": "run"}
        environment = {name: str(self._folder / place) for name, place in variables.items()}
        for place in environment.values():
            Path(place).mkdir(mode=0o700, exist_ok=True)
        with open_dbus_connection(self.address) as connection:
            appeared = _name_appeared()
            _call(connection, message_bus.AddMatch(appeared))
            with connection.filter(appeared) as signals:
                self._daemon = subprocess.Popen(
                    [
                        "gnome-keyring-daemon",
                        "--foreground",
                        *([] if password is None else ["--unlock"]),
                        "--components=secrets",
                        f"--control-directory={environment['XDG_RUNTIME_DIR']}",
                    ],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env={"PATH": os.environ["PATH"], "DBUS_SESSION_BUS_ADDRESS": self.address, **environment},
                )
                assert self._daemon.stdin
                self._daemon.stdin.write((password or "").encode())
                self._daemon.stdin.close()
                connection.recv_until_filtered(signals, timeout=20)

    def store(self, entries: Iterable[tuple[str, str, str]]) -> None:
        """Put entries (service, user name, text) into the default collection, as the library ``keyring`` does."""
        with open_dbus_connection(self.address) as connection:
            collection = secretstorage.get_default_collection(connection)
            for service, user, text in entries:
                attributes = {"application": "Python keyring library", "service": service, "username": user}
                collection.create_item(f"Password for {user!r} on {service!r}", attributes, text.encode())

    def lock(self) -> None:
        """Lock the default collection, as a screen saver does."""
        with open_dbus_connection(self.address) as connection:
            secretstorage.get_default_collection(connection).lock()

    def freeze(self) -> None:
        """Stop the daemon where it stands: its requests are never answered."""
        assert self._daemon
        self._daemon.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen daemon go on."""
        assert self._daemon
        self._daemon.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """Kill the daemon; the bus stays."""
        if self._daemon:
            self._daemon.kill()
            self._daemon.wait()
            self._daemon = None

    def kill_bus(self) -> None:
        """Kill the bus; the daemon stays."""
        self._bus.kill()
        self._bus.wait()

    def close(self) -> None:
        """End both."""
        self.kill()
        self.kill_bus()
        assert self._bus.stdout
        self._bus.stdout.close()


def _name_appeared() -> MatchRule:
    rule = MatchRule(
        type="signal",
        sender=message_bus.bus_name,
        interface=message_bus.interface,
        member="NameOwnerChanged",
        path=message_bus.object_path,
    )
    rule.add_arg_condition(0, "org.freedesktop.secrets")
    return rule


def _call(connection: DBusConnection, message: object) -> None:
    connection.send_and_get_reply(message, timeout=10)
