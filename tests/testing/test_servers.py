"""The real servers that tests start."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from catalog.errors import LocalFileError, UnreachableError
from catalog.store.interface import IfAbsent
from catalog.store.s3.store import S3Store
from catalog.testing.rclone import Rclone
from catalog.testing.seaweed import Seaweed
from catalog.testing.server_process import ServerProcess, find_program, free_ports

_HOLD_A_SERVER = """
import sys
from contextlib import suppress
from pathlib import Path
from catalog.testing.server_process import ServerProcess
server = ServerProcess([sys.executable, "-c", "import time; time.sleep(1000)"], environment={}, log=Path(sys.argv[1]))
print(server.pid, flush=True)
sys.stdin.readline()
"""


def is_running(pid: int) -> bool:
    """Whether a process is there and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def sockets_of(pid: int) -> list[Path]:
    """The socket files that a process listens on."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            inodes.add(str(descriptor.readlink())[len("socket:[") : -1])
    rows = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()[1:]]
    return [Path(row[7]) for row in rows if len(row) > 7 and row[6] in inodes]


class TestServerProcess:
    """A program that never outlives its owner."""

    @pytest.fixture
    def sleeper(self) -> list[str]:
        """A command that does nothing for long."""
        return [sys.executable, "-c", "import time; time.sleep(1000)"]

    def test_end(self, sleeper: list[str], tmp_path: Path) -> None:
        """An ended server is gone."""
        server = ServerProcess(sleeper, environment={}, log=tmp_path / "log")
        assert server.is_alive()
        server.end()

        assert not server.is_alive()
        assert not is_running(server.pid)

    def test_owner_killed(self, tmp_path: Path) -> None:
        """A server whose owner is killed is killed too."""
        owner = subprocess.Popen(
            [sys.executable, "-c", _HOLD_A_SERVER, str(tmp_path / "log")],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert owner.stdout is not None
        server_pid = int(owner.stdout.readline())
        descriptor = os.pidfd_open(server_pid)
        owner.send_signal(signal.SIGKILL)
        owner.communicate()
        select.select([descriptor], [], [], 30)
        os.close(descriptor)

        assert not is_running(server_pid)

    def test_environment_is_scrubbed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nothing of AWS_* reaches a server, what is given does, and its words are kept."""
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "not-for-servers")
        show = [sys.executable, "-c", "import os; print(sorted(os.environ), flush=True); open(os.environ['GIVEN']).read()"]
        fifo = tmp_path / "fifo"
        os.mkfifo(fifo)
        server = ServerProcess(show, environment={"GIVEN": str(fifo)}, log=tmp_path / "log")
        fifo.write_text("the server has printed when it opens this")
        said = server.output()
        server.end()

        assert "GIVEN" in said
        assert "AWS" not in said


class TestPortsAndPrograms:
    """What a server needs before it starts."""

    def test_ports_are_free(self) -> None:
        """All the ports can be bound."""
        base = free_ports([0, 1, 10_008])
        for offset in (0, 1, 10_008):
            with socket.socket() as taken:
                taken.bind(("127.0.0.1", base + offset))

    def test_missing_program(self) -> None:
        """A program that is not installed is an error that says how to install it."""
        with pytest.raises(LocalFileError, match="pip install"):
            find_program("no-such-program")


class TestSeaweed:
    """The S3 server of the tests and of the demo."""

    def test_a_second_server(self, tmp_path: Path) -> None:
        """A server starts beside another, has its buckets and keys, and leaves nothing when it ends."""
        with Seaweed(tmp_path) as server:
            pid = server.pid
            assert list(server.store("priv").list("")) == list(server.store("pub").list("")) == []
            assert server.store("priv").put("a", b"x", precondition=IfAbsent())
            assert server.rw.secret_access_key not in repr(vars(server))
            sockets = sockets_of(pid)
            command = Path(f"/proc/{pid}/cmdline").read_text()
            assert server.rw.secret_access_key not in command

        assert not is_running(pid)
        assert sockets
        assert not [path for path in sockets if path.exists()]

    def test_pause(self, seaweed: Seaweed) -> None:
        """A paused server does not answer, and answers again when it goes on."""
        seaweed.store().put("paused", b"x")
        impatient = seaweed.connection("paused")
        store = S3Store("priv", seaweed.endpoint_url, impatient.access_keys, read_timeout=0.2, retries=0)
        seaweed.pause()
        try:
            with pytest.raises(UnreachableError):
                store.get("paused")
        finally:
            seaweed.resume()
        assert seaweed.store().get("paused").body == b"x"

    def test_new_bucket(self, seaweed: Seaweed) -> None:
        """Buckets of one's own are made at once."""
        bucket = seaweed.new_bucket()
        seaweed.store(bucket).put("a", b"x")

        assert [item.name for item in seaweed.store(bucket).list("")] == ["a"]

    @pytest.mark.parametrize("keys", ["rw", "ro", "none"])
    def test_connections(self, seaweed: Seaweed, keys: str) -> None:
        """Connections carry the keys of the one who is meant, and never show them."""
        connection = seaweed.connection("data/a.blt", bucket="pub", keys=keys)  # type: ignore[arg-type]
        pair = {"rw": seaweed.rw, "ro": seaweed.ro, "none": None}[keys]

        assert (connection.access_keys and connection.access_keys.secret_access_key) == (pair and pair.secret_access_key)
        assert connection.anonymous == (keys == "none")


def test_rclone_ends(tmp_path: Path) -> None:
    """The server without compare-and-swap takes writes and leaves no process."""
    with Rclone(tmp_path) as server:
        pid = server.pid
        server.store().put("a", b"x")
        assert server.store().get("a").body == b"x"
        assert server.keys.secret_access_key not in Path(f"/proc/{pid}/cmdline").read_text()

    assert not is_running(pid)
