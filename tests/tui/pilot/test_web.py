"""The program in a browser: who may ask, and that it works."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, WSServerHandshakeError, web
from click.testing import CliRunner

from catalog.cli import cli
from tui.web.server import HOST, WebProgram
from tui.web.session import LARGEST, SMALLEST, Session, fitting

from .chromium import chromium
from .shelf import Shelf

TOKEN = "a-token-that-nobody-guesses"


def _command(folder: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "catalog.cli", "--catalog", str(folder), "tui", *options]


@pytest.fixture
async def served(stocked: Shelf, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[WebProgram]:
    """The program over the shelf, served on a free port; at the end every process that it started has ended."""
    started: list[asyncio.subprocess.Process] = []
    start = Session._open_app_process

    async def note(session: Session, width: int = 80, height: int = 24) -> asyncio.subprocess.Process:
        started.append(await start(session, width, height))
        return started[-1]

    monkeypatch.setattr(Session, "_open_app_process", note)
    with socket.create_server((HOST, 0)) as listener:
        program = WebProgram(_command(stocked.folder / "catalog"), listener.getsockname()[1], TOKEN)
        runner = web.AppRunner(await program.make_app(), access_log=None)
        await runner.setup()
        await web.SockSite(runner, listener).start()
        yield program
        await runner.cleanup()
    for process in started:
        assert await asyncio.wait_for(process.wait(), 30) == 0


@pytest.fixture
async def client() -> AsyncIterator[ClientSession]:
    """Something that asks, and is no browser."""
    async with ClientSession() as session:
        yield session


def _here(served: WebProgram) -> str:
    return f"http://{HOST}:{served.port}"


@pytest.mark.parametrize("query", ["", "?token=", "?token=wrong", f"?token={TOKEN}x", "?token=%C3%A9"])
async def test_a_page_without_the_right_token_is_forbidden(served: WebProgram, client: ClientSession, query: str) -> None:
    """Whoever does not know the token gets 403, and nothing of the program."""
    async with client.get(f"{_here(served)}/{query}") as answer:
        assert answer.status == 403
        assert TOKEN not in await answer.text()


async def test_the_page_loads_nothing_from_elsewhere(served: WebProgram, client: ClientSession) -> None:
    """With the token the page comes; it names no other host, is not kept, and passes its address on to nobody."""
    async with client.get(served.address) as answer:
        page = await answer.text()
        assert answer.status == 200
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert {part.split("/")[0] for part in re.findall(r"(?:https?|wss?)://([^\"']+)", page)} == {f"{HOST}:{served.port}"}
    assert f"ws://{HOST}:{served.port}/ws/{TOKEN}" in page

    async with client.get(f"{_here(served)}/static/js/textual.js") as answer:
        assert answer.status == 200


@pytest.mark.parametrize("path", ["/", "/static/js/textual.js", f"/ws/{TOKEN}"])
@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.example"}, {"Host": "evil.example:80"}, {"Origin": "http://evil.example"}, {"Origin": "null"}],
    ids=lambda headers: "=".join(next(iter(headers.items()))),
)
async def test_another_name_or_page_is_forbidden(
    served: WebProgram, client: ClientSession, path: str, headers: dict[str, str]
) -> None:
    """Neither a name that only points here nor a page from elsewhere gets anything, though it knows the token."""
    async with client.get(f"{_here(served)}{path}?token={TOKEN}", headers=headers) as answer:
        assert answer.status == 403


@pytest.mark.parametrize(
    ("token", "origin"),
    [("wrong", True), (f"{TOKEN}x", True), (TOKEN, False), (TOKEN, "http://evil.example"), (TOKEN, "null")],
)
async def test_a_connection_without_token_or_origin_is_forbidden(
    served: WebProgram, client: ClientSession, token: str, origin: bool | str
) -> None:
    """The connection to the program needs the token, and comes from the page."""
    said = _here(served) if origin is True else origin or None
    with pytest.raises(WSServerHandshakeError) as refusal:
        await client.ws_connect(f"{_here(served)}/ws/{token}", origin=said)
    assert refusal.value.status == 403


async def test_a_connection_with_the_token_shows_the_program(served: WebProgram, client: ClientSession) -> None:
    """The program's own screen comes through the connection; q ends both."""
    shown = b""
    async with client.ws_connect(f"{_here(served)}/ws/{TOKEN}?width=100&height=30", origin=_here(served)) as connection:
        while b"weather" not in shown:
            shown += await connection.receive_bytes(timeout=60)
        await connection.send_json(["stdin", "q"])
        async for _ in connection:
            pass
    assert b"Databases" in shown


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (("100", "30"), (100, 30)),
        ((120, 40), (120, 40)),
        (("20000", "20000"), LARGEST),
        ((-5, 0), SMALLEST),
        (("wide", None), (80, 24)),
        (([], {}), (80, 24)),
        (("9" * 5000, "1"), (80, SMALLEST[1])),
    ],
)
def test_a_page_is_drawn_in_a_size_that_can_be_drawn(asked: tuple[object, object], given: tuple[int, int]) -> None:
    """A size of which nobody could see all is the largest that is drawn; what is no number is the usual one."""
    assert fitting(*asked) == given


async def test_whatever_a_page_says_it_is_served(served: WebProgram, client: ClientSession) -> None:
    """An absurd size and messages that mean nothing neither end the program nor hang it."""
    nonsense: list[Any] = [
        ["resize", {"width": 1 << 40, "height": "x"}],
        ["resize"],
        ["stdin", 3],
        "ping",
        [],
        {},
        ["resize", None],
    ]
    shown = b""
    async with client.ws_connect(f"{_here(served)}/ws/{TOKEN}?width=20000&height=20000", origin=_here(served)) as connection:
        for said in nonsense:
            await connection.send_json(said)
        await connection.send_str("no JSON")
        await connection.send_json(["resize", {"width": 100, "height": 30}])
        while b"weather" not in shown:
            shown += await connection.receive_bytes(timeout=60)


async def test_a_browser_shows_the_program(served: WebProgram) -> None:
    """Chromium loads the page, which draws what the program shows; a key that is pressed there reaches the program."""
    async with chromium() as page:
        await page.open(served.address)
        await page.until("document.body.classList.contains('-first-byte')")
        await page.until("document.querySelectorAll('.xterm canvas').length > 0")
        await page.press("q")
        await page.until("document.body.classList.contains('-closed')")

        assert [problem for problem in page.problems if "Content Security Policy" in problem] == []


async def test_a_browser_without_the_token_shows_the_refusal(served: WebProgram) -> None:
    """Without the token there is no program on the page."""
    async with chromium() as page:
        await page.open(f"{_here(served)}/")
        await page.until("document.body.innerText.includes('The token is wrong or missing')")
        assert await page.evaluate("document.querySelector('.textual-terminal') === null")


@pytest.fixture
def command(stocked: Shelf) -> Iterator[subprocess.Popen[str]]:
    """`catalog tui --web`, running."""
    process = subprocess.Popen(
        _command(stocked.folder / "catalog", "--web", "--read-only"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    yield process
    process.kill()
    process.communicate()


async def test_the_command_says_what_to_open(command: subprocess.Popen[str], client: ClientSession) -> None:
    """The address that is printed opens the read-only program, another token does not; an interrupt ends all."""
    assert command.stdout
    line = command.stdout.readline()
    found = re.fullmatch(r"Open (http://127\.0\.0\.1:(\d+))/\?token=(\S{40,})\n", line)
    assert found, line
    here, token = found[1], found[3]
    async with client.get(line.removeprefix("Open ").strip()) as answer:
        assert answer.status == 200
    async with client.get(f"{here}/?token={token[:-1]}") as answer:
        assert answer.status == 403
    shown = b""
    async with client.ws_connect(f"{here}/ws/{token}?width=120&height=30", origin=here) as connection:
        while b"read-only" not in shown:
            shown += await connection.receive_bytes(timeout=60)
        programs = _children(command)
        command.send_signal(signal.SIGINT)
        rest, errors = await asyncio.to_thread(command.communicate, timeout=30)

    assert command.returncode == 0
    assert token not in rest + errors
    await _all_end(programs)


async def test_nothing_is_left_of_a_server_that_was_killed(command: subprocess.Popen[str], client: ClientSession) -> None:
    """The program behind a page ends when nobody serves it any more."""
    assert command.stdout
    here, token = command.stdout.readline().removeprefix("Open ").strip().split("/?token=")
    async with client.ws_connect(f"{here}/ws/{token}?width=120&height=30", origin=here) as connection:
        shown = b""
        while b"read-only" not in shown:
            shown += await connection.receive_bytes(timeout=60)
        programs = _children(command)
        command.kill()

    await _all_end(programs)


def _children(process: subprocess.Popen[str]) -> list[Path]:
    """The processes that one has started, where the system tells: each has a folder as long as it lives."""
    told = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    found = [Path("/proc") / number for number in told.read_text().split()] if told.exists() else []
    assert found or not told.exists()
    return found


async def _all_end(processes: list[Path]) -> None:
    async with asyncio.timeout(30):
        while any(process.exists() for process in processes):
            await asyncio.sleep(0.05)


def test_a_taken_port_is_said(stocked: Shelf) -> None:
    """Where the port is not free, the command says so and ends."""
    with socket.create_server((HOST, 0)) as taken:
        port = str(taken.getsockname()[1])
        done = CliRunner().invoke(cli, ["--catalog", str(stocked.folder), "tui", "--web", "--port", port])

    assert done.exit_code != 0
    assert f"Port {port} cannot be used" in done.output
