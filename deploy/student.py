"""One student of a class, over the hub's API and a kernel's websocket, as JupyterLab does it."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketClosedError, WebSocketError, websocket_connect

AsyncHTTPClient.configure(None, max_clients=1000)
BROKEN = (OSError, HTTPClientError, WebSocketClosedError, WebSocketError)
NOT_NOW = {429, 502, 503, 504, 599}  # the hub starts others first; the proxy is restarted


class CellError(Exception):
    """A cell that ended in an error; its name comes first."""


class KernelDied(CellError):
    """The kernel's process ended, whoever ended it."""


def may_pass(error: Exception) -> bool:
    """Whether the same request may succeed later. A new proxy says 404 until it knows the hub."""
    response = getattr(error, "response", None)
    from_proxy = response is not None and "X-JupyterHub-Version" not in response.headers
    code = getattr(error, "code", 599)
    return code in NOT_NOW or (code == 404 and from_proxy)


@dataclass
class Record:
    """What one student met: seconds of each step, what failed, MB of memory in the end.

    ``run_again`` counts cells whose request or answer was lost with a connection.
    """

    student: str
    seconds: list[tuple[str, float]] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)
    memory: dict[str, float] = field(default_factory=dict)
    reconnects: int = 0
    run_again: int = 0


class Student:
    """Logs in, has a server and a kernel, runs cells. Every wait ends after ``patience`` seconds.

    Args:
        hub: the address of the hub, without ``/hub``.
        name: of the student; the account is made if there is none.
        token: of a service or an administrator who may make users and start servers.
        step_done: called after each step, for a progress bar.
    """

    def __init__(
        self, hub: str, name: str, token: str, patience: float = 600,
        step_done: Callable[[], object] = lambda: None,
    ) -> None:  # fmt: skip
        self.hub, self.name, self.patience, self.step_done = hub, name, patience, step_done
        self.record = Record(name)
        self._admin, self._token, self._kernel = token, "", ""
        self._session, self._socket = uuid.uuid4().hex, None

    @contextmanager
    def step(self, name: str):
        """Measure a step; an error in it is noted, and goes on."""
        start = time.monotonic()
        try:
            yield
        except Exception as error:
            self.record.failures.append((name, f"{type(error).__name__}: {error}"[:200]))
            raise
        self.record.seconds.append((name, time.monotonic() - start))
        self.step_done()

    async def ask(self, method: str, path: str, body=None, token: str = ""):
        """One request to the hub or, with a path below ``/user/``, to a server; again if told so.

        Returns:
            What came as JSON, or ``None``.
        """
        deadline = time.monotonic() + self.patience
        while True:
            request = HTTPRequest(
                self.hub + path, method, {"Authorization": f"token {token or self._token}"},
                json.dumps(body) if body is not None else None, allow_nonstandard_methods=True,
                connect_timeout=30, request_timeout=self.patience,
            )  # fmt: skip
            try:
                response = await AsyncHTTPClient().fetch(request)
                return json.loads(response.body) if response.body else None
            except BROKEN as error:
                if not may_pass(error) or time.monotonic() > deadline:
                    raise
            await asyncio.sleep(1)

    async def log_in(self) -> None:
        """Make the account where there is none, and get a token of the student's own."""
        user = f"/hub/api/users/{self.name}"
        try:
            await self.ask("POST", user, token=self._admin)
        except HTTPClientError as error:
            if error.code != 409:  # there is one
                raise
        made = {"note": "load test", "expires_in": 24 * 3600}
        self._token = (await self.ask("POST", f"{user}/tokens", made, self._admin))["token"]

    async def start_server(self) -> None:
        """Ask for a server until it is ready."""
        user, deadline = f"/hub/api/users/{self.name}", time.monotonic() + self.patience
        try:
            await self.ask("POST", f"{user}/server", token=self._admin)
        except HTTPClientError as error:
            if error.code != 400:  # it runs already
                raise
        while not (await self.ask("GET", user, token=self._admin)).get("server"):
            if time.monotonic() > deadline:
                raise TimeoutError(f"no server after {self.patience:g} s")
            await asyncio.sleep(0.5)

    def api(self, path: str) -> str:
        """A path of this student's server."""
        return f"/user/{self.name}/api/{path}"

    async def start_kernel(self) -> None:
        """Start a kernel, connect to it, and wait until it answers."""
        self._kernel = (await self.ask("POST", self.api("kernels"), {"name": "python3"}))["id"]
        await self._connect()
        await self.run("pass")

    async def run(self, code: str, *, endless: bool = False) -> str:
        """Run a cell and return what it printed.

        Raises:
            CellError: the cell ended in an error.
            KernelDied: the kernel ended.
            TimeoutError: no answer within ``patience``, unless the cell is to be ``endless``.
        """
        return await asyncio.wait_for(self._run(code), None if endless else self.patience)

    async def kernel_again(self) -> None:
        """After its death, wait until the server has started the kernel again."""
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline:
            with suppress(KernelDied, TimeoutError):
                await asyncio.wait_for(self._run("pass"), 10)
                return
            await self._connect()
        raise TimeoutError(f"no kernel {self.patience:g} s after the other died")

    async def interrupt(self) -> None:
        """The button ■."""
        await self.ask("POST", self.api(f"kernels/{self._kernel}/interrupt"), {})

    async def save(self, file: str, text: str) -> None:
        """Save a file in the student's home."""
        body = {"type": "file", "format": "text", "content": text}
        await self.ask("PUT", self.api(f"contents/{file}"), body)

    async def saved(self, file: str) -> str:
        """What the file holds."""
        return (await self.ask("GET", self.api(f"contents/{file}")))["content"]

    async def leave(self) -> None:
        """Stop the server, with its kernels."""
        if self._socket is not None:
            self._socket.close()
        await self.ask("DELETE", f"/hub/api/users/{self.name}/server", token=self._admin)

    async def _connect(self) -> None:
        """Open the websocket; the same session again gets what it missed meanwhile."""
        path = self.api(f"kernels/{self._kernel}/channels?session_id={self._session}")
        address = "ws" + self.hub.removeprefix("http") + path
        deadline = time.monotonic() + self.patience
        while True:
            request = HTTPRequest(
                address, headers={"Authorization": f"token {self._token}"}, connect_timeout=30
            )
            try:
                self._socket = await websocket_connect(request)
                return
            except BROKEN as error:
                if not may_pass(error) or time.monotonic() > deadline:
                    raise
            await asyncio.sleep(0.5)

    async def _run(self, code: str) -> str:
        asked, printed = uuid.uuid4().hex, []
        header = {"msg_id": asked, "msg_type": "execute_request", "version": "5.3",
                  "session": self._session, "username": self.name, "date": ""}  # fmt: skip
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {},
                   "allow_stdin": False, "stop_on_error": True}  # fmt: skip
        request = json.dumps({"header": header, "parent_header": {}, "metadata": {},
                              "content": content, "channel": "shell", "buffers": []})  # fmt: skip
        silence = None  # in seconds; after a broken connection what was sent may be lost
        try:
            await self._socket.write_message(request)
        except WebSocketClosedError:
            self.record.reconnects += 1
            await self._connect()
            await self._socket.write_message(request)
        while True:
            try:
                message = await asyncio.wait_for(self._socket.read_message(), silence)
            except TimeoutError:
                kernel = await self.ask("GET", self.api(f"kernels/{self._kernel}"))
                if kernel["execution_state"] != "idle":
                    continue
                self.record.run_again += 1
                return await self._run(code)
            if message is None:
                self.record.reconnects += 1
                await self._connect()
                silence = 10
                continue
            if isinstance(message, bytes):  # a widget's picture
                continue
            message = json.loads(message)
            content = message["content"]
            if message["msg_type"] == "status" and content["execution_state"] in (
                "restarting", "dead", "autorestarting"
            ):  # fmt: skip
                raise KernelDied("the kernel died")
            if message["parent_header"].get("msg_id") != asked:
                continue
            if message["msg_type"] == "stream":
                printed.append(content["text"])
            if message["msg_type"] == "execute_reply":
                if content["status"] != "ok":
                    raise CellError(f"{content.get('ename')}: {content.get('evalue')}")
                return "".join(printed)
