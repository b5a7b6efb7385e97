"""Downloading through torchvision from a mirror on this machine that behaves well or badly."""

import errno
import gzip
import os
import re
import socket
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from torchvision import datasets

from lenet_helpers import DataUnavailableError, datasets_at_hand, load_data
from lenet_helpers.data import downloads
from lenet_helpers.data.batches import load_for_run, read_once
from lenet_helpers.data.catalog import FILES
from lenet_helpers.data.progress import Watch
from lenet_helpers.runs import TrainingPanel
from tests.conftest import assert_holds, idx_bytes, wait_until

FIRST_FILE, LAST_FILE = f"{FILES[0]}.gz", f"{FILES[-1]}.gz"  # with the last, good ones are there
NOBODY = "http://127.0.0.1:1/"  # where no server listens
HTML = b"<!doctype html><title>Welcome to the hotel's Wi-Fi</title>"
DOWNLOAD = downloads.download  # which the fixture `isolated` takes away


class Mirror:
    """What the stand-in serves and what it was asked for."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.answers = {}  # how to answer a request for a file, if not with its content
        self.test_is_over = threading.Event()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        name = handler.path.rsplit("/", 1)[-1]
        self.requests.append(name)
        self.answers.get(name, send)(handler, self.files.get(name, HTML))

    def hang(self, handler, content: bytes) -> None:
        """Send half of it, and then nothing until the test is over."""
        send(handler, content[: len(content) // 2], length=len(content))
        self.test_is_over.wait(60)

    def trickle(self, handler, content: bytes) -> None:
        """Send a byte at a time, which no limit on a server's silence ever notices."""
        send(handler, b"", length=len(content))
        for byte in content:
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()
            if self.test_is_over.wait(0.01):
                return


def send(handler, content: bytes, length: int | None = None, status: int = 200) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(content) if length is None else length))
    handler.end_headers()
    handler.wfile.write(content)


@pytest.fixture
def mirror(tiny_sets, monkeypatch):
    """A web server on this machine that stands in for the mirrors of MNIST."""
    mirror = Mirror()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            with suppress(ConnectionError):
                mirror.answer(self)

        def log_message(self, *_):
            pass

    for stem, content in tiny_sets["mnist"].contents.items():
        mirror.files[f"{stem}.gz"] = gzip.compress(content, mtime=0)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    monkeypatch.setenv("no_proxy", "*")
    mirrors = [NOBODY, f"http://127.0.0.1:{server.server_port}/"]
    monkeypatch.setattr(datasets.MNIST, "mirrors", mirrors)
    monkeypatch.setattr(downloads, "download", DOWNLOAD)
    monkeypatch.setattr(downloads, "TIMEOUT_S", 5)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield mirror
    mirror.test_is_over.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def cache(isolated, tiny_sets):
    """A cache that holds another data set already."""
    tiny_sets["fashion_mnist"].write_below(isolated)
    return isolated


@pytest.fixture
def nothing_kept():
    read_once.cache_clear()
    yield
    read_once.cache_clear()


def fetching() -> bool:
    return any(thread.name == "lenet-download" for thread in threading.enumerate())


def load():
    return load_data("mnist", device="cpu")


def snapshot(folder) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def assert_whole(cache, tiny_sets) -> None:
    """The four files are in the cache, and nothing is left of downloading them."""
    assert snapshot(cache / "MNIST" / "raw") == tiny_sets["mnist"].contents
    assert not list(cache.glob("download-*"))


def assert_refused(cache, reason: str = "") -> None:
    """Loading fails with advice in both languages, and the cache is as it was."""
    before = snapshot(cache)
    with pytest.raises(DataUnavailableError) as caught:
        load()
    assert snapshot(cache) == before
    assert not list(cache.glob("download-*"))
    assert datasets_at_hand()["mnist"] is None
    zh, en = caught.value.words
    assert zh.startswith("无法下载 MNIST")
    assert en.startswith("MNIST could not be downloaded")
    for text in (zh, en):
        assert "LENET_DATA" in text
        assert "load_data('digits')" in text
        assert reason in text


# What goes well


def test_download_goes_into_the_cache_once_and_is_read(mirror, cache, tiny_sets, capsys):
    assert_holds(load(), tiny_sets["mnist"].arrays)
    assert re.search(r"\b100(\.0)?%", capsys.readouterr().err)
    assert_whole(cache, tiny_sets)
    asked = len(mirror.requests)
    load()
    assert len(mirror.requests) == asked
    assert len(datasets.MNIST(cache, train=True)) == 50  # torchvision itself finds it


def test_who_has_waited_for_a_download_does_not_repeat_it(mirror, cache, nothing_kept):
    with ThreadPoolExecutor() as pool:
        runs = pool.map(lambda size: load_for_run("mnist", size, "cpu"), (1, 2))
    assert [len(train_iter) for train_iter, _ in runs] == [50, 25]
    assert sorted(mirror.requests) == sorted(mirror.files)


def test_incomplete_set_in_the_cache_is_completed(mirror, cache, tiny_sets):
    folder = tiny_sets["mnist"].write_below(cache)
    (folder / FILES[0]).unlink()
    (folder / FILES[1]).write_bytes(b"half a file")
    load()
    assert_whole(cache, tiny_sets)


# What goes wrong: the server


def captive_portal(handler, content):
    """A hotel's Wi-Fi: every request is sent on to a page to log in on."""
    if handler.path.endswith("/login"):
        send(handler, HTML)
        return
    handler.send_response(302)
    handler.send_header("Location", "/login")
    handler.end_headers()


def other_content(content: bytes):
    return lambda handler, _: send(handler, content)


BAD_ANSWERS = {  # and what is said of them
    "breaks off": (lambda handler, content: send(handler, content[:20], length=90), "70 bytes are"),
    "flipped bit": (
        lambda handler, content: send(
            handler, content[:-9] + bytes([content[-9] ^ 1]) + content[-8:]
        ),
        "",
    ),
    "nothing": (other_content(b""), ""),
    "no archive": (other_content(HTML), ""),
    "other data": (other_content(gzip.compress(idx_bytes(np.zeros(20, np.uint8)))), FILES[-1]),
    "captive portal": (captive_portal, ""),
    "no http": (lambda handler, content: handler.wfile.write(b"\x00\x01\x02 no HTTP\r\n\r\n"), ""),
    "closes": (lambda handler, content: handler.connection.shutdown(socket.SHUT_RDWR), ""),
    "404": (lambda handler, content: send(handler, HTML, status=404), "404"),
    "503": (lambda handler, content: send(handler, HTML, status=503), "503"),
}


@pytest.mark.parametrize(("answer", "reason"), BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_damaged_download_is_not_kept(mirror, cache, answer, reason):
    mirror.answers[LAST_FILE] = answer
    assert_refused(cache, reason)
    assert LAST_FILE in mirror.requests


def test_machine_without_a_network_is_explained(mirror, cache, monkeypatch):
    monkeypatch.setattr(datasets.MNIST, "mirrors", [NOBODY])
    assert_refused(cache, reason="refused")
    monkeypatch.setattr(datasets.MNIST, "mirrors", ["http://nowhere.invalid/"])
    assert_refused(cache, reason="nowhere.invalid")


@pytest.mark.parametrize("half", [False, True], ids=["at once", "after half a file"])
def test_server_that_hangs_is_given_up(mirror, cache, monkeypatch, half):
    monkeypatch.setattr(downloads, "TIMEOUT_S", 0.3)
    mirror.answers[LAST_FILE] = mirror.hang if half else lambda *_: mirror.test_is_over.wait(20)
    assert_refused(cache, reason="timed out")
    assert not mirror.test_is_over.is_set()


def test_endless_download_is_given_up_with_its_rate(mirror, cache, monkeypatch):
    monkeypatch.setattr(downloads, "PATIENCE_S", 0.5)
    mirror.answers[FIRST_FILE] = mirror.trickle
    assert_refused(cache, reason="kB/s")
    assert f"{FILES[1]}.gz" not in mirror.requests


# What goes wrong: this machine


@pytest.mark.parametrize("error", [DataUnavailableError, KeyboardInterrupt])
def test_who_watches_sees_bytes_rate_and_time_left_and_can_end_it(mirror, cache, error):
    seen, before = [], snapshot(cache)

    def enough() -> bool:
        assert list(cache.iterdir()) == [
            cache / "FashionMNIST"
        ]  # so a killed kernel leaves nothing
        if not seen or seen[-1].received <= 20:
            return False
        if error is KeyboardInterrupt:
            raise error
        return True

    mirror.answers[FIRST_FILE] = mirror.trickle
    with pytest.raises(error, match="was stopped" if error is DataUnavailableError else None):
        load_for_run("mnist", 16, "cpu", watch=Watch(seen.append, enough))
    wait_until(lambda: not fetching())
    assert snapshot(cache) == before and not list(cache.glob("download-*"))
    received = [progress.received for progress in seen]
    assert received == sorted(received) and received[-1] > 20
    last = seen[-1]
    assert last.title.en == "MNIST" and last.total == 12_000_000 and last.rate > 0
    assert last.seconds_left == pytest.approx((last.total - last.received) / last.rate)
    mirror.answers.clear()
    assert len(load()[0].labels) == 50


def test_failure_while_moving_into_the_cache_leaves_no_set_to_be_found(mirror, cache, monkeypatch):
    original, calls = os.replace, count(1)

    def replace(source, target):
        if next(calls) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        original(source, target)

    before = snapshot(cache)
    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(DataUnavailableError, match="No space left on device"):
        load()
    assert datasets_at_hand()["mnist"] is None
    assert not list(cache.glob("download-*"))
    assert before.items() <= snapshot(cache).items()
    assert len(load()[0].labels) == 50


@pytest.mark.parametrize("part", [".", ".."], ids=["cache", "folder above"])
def test_file_in_the_place_of_the_cache_is_explained(mirror, isolated, part):
    path = isolated if part == "." else isolated.parent
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("I am no folder")
    with pytest.raises(DataUnavailableError, match="LENET_DATA"):
        load()
    assert path.read_text() == "I am no folder"
    assert mirror.requests == []


@pytest.mark.parametrize(
    ("module", "name", "error"),
    [
        (tempfile, "TemporaryFile", OSError(errno.EROFS, "Read-only file system")),
        (Path, "write_bytes", OSError(errno.ENOSPC, "No space left on device")),
        (os, "replace", PermissionError(errno.EACCES, "Permission denied")),
    ],
)
def test_cache_that_takes_no_files_is_explained(mirror, cache, monkeypatch, module, name, error):
    def refuse(*_, **__):  # as root may write everywhere, it is not tried with a real folder
        raise error

    monkeypatch.setattr(module, name, refuse)
    assert_refused(cache, reason=error.strerror)
    assert bool(mirror.requests) == (module is not tempfile)  # else nobody has to wait


# Two at once


def start_kernel() -> int:
    """A copy of this process that loads MNIST and ends with the number of its images."""
    kernel = os.fork()
    if kernel == 0:
        status = 1
        try:
            status = len(load()[0].labels)
        finally:
            os._exit(status)
    return kernel


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows starts processes in another way")
def test_two_kernels_downloading_at_once_both_get_the_data(mirror, cache, tiny_sets):
    """Each in a process of its own; they meet in the cache, where each finds or puts whole files.

    The server answers the last file only when both have asked for it, so that neither can be
    finished before the other has begun.
    """
    both = threading.Barrier(2, timeout=20)
    met = []

    def wait(handler, content):
        if not met:
            both.wait()
            met.append(True)
        send(handler, content)

    mirror.answers[LAST_FILE] = wait
    kernels = [start_kernel() for _ in range(2)]
    statuses = [os.waitstatus_to_exitcode(os.waitpid(kernel, 0)[1]) for kernel in kernels]
    assert statuses == [50, 50]
    assert met
    assert_whole(cache, tiny_sets)


def test_file_that_another_kernel_holds_on_windows_is_left_there(
    mirror, cache, tiny_sets, monkeypatch
):
    """There a file that is open cannot be replaced; the other kernel has put the same one."""
    original_fetch = downloads.fetch

    def replace(source, target):
        raise PermissionError(errno.EACCES, "The file is used by another process")

    def fetch_while_another_kernel_is_faster(dataset, watch):
        tiny_sets["mnist"].write_below(cache)
        return original_fetch(dataset, watch)

    monkeypatch.setattr(os, "replace", replace)
    monkeypatch.setattr(downloads, "fetch", fetch_while_another_kernel_is_faster)
    assert len(load()[0].labels) == 50
    assert_whole(cache, tiny_sets)


def test_runs_wait_for_no_other_sets_download_and_can_be_stopped_while_they_wait(
    mirror, cache, tmp_path, tiny_sets, nothing_kept
):
    mirror.answers[FIRST_FILE] = mirror.trickle
    stops = [threading.Event() for _ in range(3)]
    with ThreadPoolExecutor() as pool:

        def begin(stop):
            watch = Watch(lambda progress: None, stop.is_set)
            return pool.submit(load_for_run, "mnist", 16, "cpu", watch=watch)

        try:
            downloads_it = begin(stops[0])
            wait_until(fetching)
            waits, goes_on = map(begin, stops[1:])
            assert len(load_for_run("digits", 32, "cpu")[0].labels) == 1438
            stops[1].set()
            with pytest.raises(DataUnavailableError, match="was stopped"):
                waits.result(60)
            tiny_sets["mnist"].write_below(tmp_path)
            (tmp_path / "MNIST").rename(cache / "MNIST")  # brought on a stick, say
            assert len(goes_on.result(60)[0].labels) == 50
            assert fetching() and mirror.requests == [FIRST_FILE]  # still at it
            stops[0].set()
            with pytest.raises(DataUnavailableError, match="was stopped"):
                downloads_it.result(60)
        finally:
            for stop in stops:
                stop.set()


def test_panel_shows_rate_and_time_left_and_stops_at_once(mirror, cache, nothing_kept):
    mirror.answers[FIRST_FILE] = mirror.trickle
    panel = TrainingPanel("mnist")
    panel.train_button.click()
    wait_until(lambda: "min left" in panel.progress.numbers.value)
    for text in ("正在下载 MNIST：", "每秒", "约剩", "of 12 MB", "kB/s"):
        assert text in panel.progress.numbers.value
    panel.stop_button.click()
    assert panel.wait(0) and not panel.train_button.disabled
    wait_until(lambda: not fetching())
    assert "Stopped" in panel.message.value and panel.error is None
    panel.close()
    wait_until(lambda: all(t.name != "lenet-training" for t in threading.enumerate()))
