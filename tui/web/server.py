"""Serves the program to browsers of this machine that know a token."""

from __future__ import annotations

import asyncio
import secrets
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp_jinja2
from aiohttp import web
from aiohttp.typedefs import Handler
from textual_serve.server import Server

from .session import Session

HOST = "127.0.0.1"
_NAMES = (HOST, "localhost")
_PAGES = Path(__file__).parent
_TOKEN_BYTES = 32


class WebProgram(Server):
    """One program for each page that is loaded; every one runs as a process of its own.

    Only requests that name this machine are answered, so that no page from elsewhere can reach it under another name; the
    page and the connection to the program need the token, which is made anew at each start.
    """

    def __init__(self, command: Sequence[str], port: int, token: str) -> None:
        super().__init__("", host=HOST, port=port, title="catalog", templates_path=str(_PAGES))
        self._program = command
        self._token = token
        self._sessions: set[Session] = set()

    @property
    def address(self) -> str:
        """What to open in a browser; it holds the token."""
        return f"{self.public_url}/?token={self._token}"

    async def make_app(self) -> web.Application:
        """Make the web application."""
        app = web.Application(middlewares=[self._guard])
        aiohttp_jinja2.setup(app, loader=_loader())
        app.add_routes(
            [
                web.get("/", self.handle_index, name="index"),
                web.get("/ws/{token}", self.handle_websocket, name="websocket"),
                web.static("/static", self.statics_path),
                web.static("/page", _PAGES / "page"),
            ]
        )
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer only who may ask, and let the page load nothing from elsewhere."""
        self._check(request)
        response = await handler(request)
        if not response.prepared:
            response.headers.update(self._page_headers())
        return response

    def _check(self, request: web.Request) -> None:
        allowed = {f"{name}:{self.port}" for name in _NAMES}
        origin = request.headers.get("Origin")
        if request.host not in allowed:
            raise web.HTTPForbidden(text="This server answers only under the name of this machine.")
        if origin is not None and origin not in {f"http://{host}" for host in allowed}:
            raise web.HTTPForbidden(text="This server answers only its own pages.")
        if request.path.startswith(("/static/", "/page/")):
            return
        is_page = request.path == "/"
        given = request.query.get("token", "") if is_page else request.match_info.get("token", "")
        if not secrets.compare_digest(given.encode(), self._token.encode()):
            raise web.HTTPForbidden(text="The token is wrong or missing: open the address that `catalog tui --web` printed.")
        if not is_page and origin is None:
            raise web.HTTPForbidden(text="This server answers only its own pages.")

    def _page_headers(self) -> dict[str, str]:
        sockets = " ".join(f"ws://{name}:{self.port}" for name in _NAMES)
        return {
            "Content-Security-Policy": (
                "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; "
                f"img-src 'self' data:; connect-src {sockets}; frame-ancestors 'none'; base-uri 'none'"
            ),
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        }

    @aiohttp_jinja2.template("app_index.html")
    async def handle_index(self, request: web.Request) -> dict[str, Any]:
        """Give the page; it connects under the name that it was asked for."""
        path = request.app.router["websocket"].url_for(token=self._token)
        size = request.query.get("fontsize", "")
        return {
            "font_size": int(size) if size.isascii() and size.isdigit() and len(size) < 4 else 16,
            "app_websocket_url": f"ws://{request.host}{path}",
            "config": {"static": {"url": "/static/"}},
            "application": {"name": self.title},
        }

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Run a program for a page."""
        page = web.WebSocketResponse(heartbeat=15)
        await page.prepare(request)
        session = Session(self._program, page)
        self._sessions.add(session)
        try:
            await session.serve(request.query.get("width"), request.query.get("height"))
        finally:
            self._sessions.discard(session)
        return page

    async def end(self) -> None:
        """End every program, all at once."""
        await asyncio.gather(*(session.stop() for session in [*self._sessions]))

    def kill(self) -> None:
        """End every program without asking it."""
        for session in self._sessions:
            session.kill()


def _loader() -> Any:
    from jinja2 import FileSystemLoader  # noqa: PLC0415 - comes with aiohttp_jinja2

    return FileSystemLoader(str(_PAGES))


def serve(command: Sequence[str], port: int, tell: Callable[[str], None]) -> None:
    """Serve until interrupted; ``port`` 0 takes any that is free. ``tell`` is given the address to open.

    Raises:
        OSError: when the port is taken.
    """
    with socket.create_server((HOST, port)) as listener:
        program = WebProgram(command, listener.getsockname()[1], secrets.token_urlsafe(_TOKEN_BYTES))
        asyncio.run(_serve(program, listener, tell))


async def _serve(program: WebProgram, listener: socket.socket, tell: Callable[[str], None]) -> None:
    # Without a log: aiohttp's would write the token with each request.
    runner = web.AppRunner(await program.make_app(), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        tell(program.address)
        await _asked_to_end(program)
        await program.end()
    finally:
        program.kill()
        await runner.cleanup()


async def _asked_to_end(program: WebProgram) -> None:
    """Wait for an interrupt; another one after it waits for no program."""
    stopped = asyncio.Event()

    def stop() -> None:
        if stopped.is_set():
            program.kill()
        stopped.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])):
        with suppress(NotImplementedError):
            loop.add_signal_handler(number, stop)
    await stopped.wait()
