"""Downloading through torchvision from a mirror on this machine that behaves well or badly."""

import errno
import gzip
import hashlib
import os
import re
import signal
import socket
import subprocess
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from torchvision import datasets

from lenet_helpers import DataUnavailableError, datasets_at_hand, load_data
from lenet_helpers.data import batches, choice, downloads, load_for_run, places
from lenet_helpers.data.catalog import FILES
from lenet_helpers.runs import TrainingPanel
from tests.conftest import wait_until

LAST_FILE = f"{FILES[-1]}.gz"  # damage comes late: three good files are there by then
HTML = b"<!doctype html><title>Welcome to the hotel's Wi-Fi</title>"


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
            with suppress(ConnectionError):  # torchvision asks once without reading the answer
                mirror.answer(self)

        def log_message(self, *_):
            pass

    for stem, content in tiny_sets["mnist"].contents.items():
        mirror.files[f"{stem}.gz"] = gzip.compress(content, mtime=0)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(datasets.MNIST, "mirrors", [f"http://127.0.0.1:{server.server_port}/"])
    monkeypatch.setattr(datasets.MNIST, "resources", resources(mirror.files))
    monkeypatch.setattr(choice, "download", downloads.download)
    monkeypatch.setattr(downloads, "TIMEOUT_S", 5)
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
    )
    thread.start()
    yield mirror
    mirror.test_is_over.set()
    server.shutdown()
    thread.join()
    server.server_close()


def resources(files: dict[str, bytes]) -> list[tuple[str, str]]:
    """What torchvision knows of the files: their names and checksums."""
    return [(name, hashlib.md5(content).hexdigest()) for name, content in files.items()]


@pytest.fixture
def cache(isolated, tiny_sets):
    """A cache that holds another data set already."""
    tiny_sets["fashion_mnist"].write_below(isolated)
    return isolated


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
    train_iter, test_iter = load()
    read = train_iter.images, train_iter.labels, test_iter.images, test_iter.labels
    for array, expected in zip(read, tiny_sets["mnist"].arrays, strict=True):
        np.testing.assert_array_equal(array, expected)
    assert train_iter.place == choice.DOWNLOADED
    assert re.search(r"\b100(\.0)?%", capsys.readouterr().err)  # by tqdm, or by torch without it
    assert_whole(cache, tiny_sets)
    asked = len(mirror.requests)
    assert load()[0].place == places.FROM_CACHE
    assert len(mirror.requests) == asked
    assert len(datasets.MNIST(cache, train=True)) == 50  # torchvision itself finds it


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


def status(number: int):
    return lambda handler, content: send(handler, HTML, status=number)


BAD_ANSWERS = {  # and what is said of them
    "breaks off": (lambda handler, content: send(handler, content[:20], length=len(content)), ""),
    "flipped bit": (
        lambda handler, content: send(
            handler, content[:-9] + bytes([content[-9] ^ 1]) + content[-8:]
        ),
        "",
    ),
    "nothing": (lambda handler, content: send(handler, b""), ""),
    "captive portal": (captive_portal, ""),
    "no http": (lambda handler, content: handler.wfile.write(b"\x00\x01\x02 no HTTP\r\n\r\n"), ""),
    "closes": (lambda handler, content: handler.connection.shutdown(socket.SHUT_RDWR), ""),
    "404": (status(404), "404"),
    "503": (status(503), "503"),
}


@pytest.mark.parametrize(("answer", "reason"), BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_damaged_download_is_not_kept(mirror, cache, answer, reason):
    mirror.answers[LAST_FILE] = answer
    assert_refused(cache, reason)
    assert LAST_FILE in mirror.requests


def test_machine_without_a_network_is_explained(mirror, cache, monkeypatch):
    monkeypatch.setattr(datasets.MNIST, "mirrors", ["http://127.0.0.1:1/"])  # nobody listens
    assert_refused(cache, reason="refused")
    monkeypatch.setattr(datasets.MNIST, "mirrors", ["http://nowhere.invalid/"])
    assert_refused(cache, reason="nowhere.invalid")


@pytest.mark.parametrize("bytes_before", [None, 100], ids=["at once", "after 100 bytes"])
def test_server_that_hangs_is_given_up(mirror, cache, monkeypatch, bytes_before):
    def hang(handler, content):
        if bytes_before:
            send(handler, content[:bytes_before], length=len(content) + 1)
        mirror.test_is_over.wait(20)

    monkeypatch.setattr(downloads, "TIMEOUT_S", 0.3)
    mirror.answers[LAST_FILE] = hang
    assert_refused(cache, reason="timed out")
    assert not mirror.test_is_over.is_set()


@pytest.mark.parametrize("packed", [True, False], ids=["other data", "no archive"])
def test_wrong_file_under_a_right_md5_is_refused(mirror, cache, monkeypatch, idx_bytes, packed):
    """The checksum that torchvision compares is of the file; ours is of what is in it."""
    content = gzip.compress(idx_bytes(np.zeros(20, np.uint8))) if packed else HTML
    mirror.files[LAST_FILE] = content
    monkeypatch.setattr(datasets.MNIST, "resources", resources(mirror.files))
    assert_refused(cache, reason=FILES[-1] if packed else "")


# What goes wrong: this machine


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has a disk that is full")
def test_full_disk_leaves_nothing(mirror, cache, monkeypatch):
    original = downloads.fetch

    def fetch(dataset, root):
        raw = places.raw_folder(root, dataset)
        raw.mkdir(parents=True)
        (raw / f"{FILES[2]}.gz").symlink_to("/dev/full")
        original(dataset, root)

    monkeypatch.setattr(downloads, "fetch", fetch)
    assert_refused(cache, reason="No space left on device")


def hang(mirror):
    """Answers with half a file, and then with nothing until the test is over."""

    def answer(handler, content):
        send(handler, content[: len(content) // 2], length=len(content))
        mirror.test_is_over.wait(60)

    return answer


@pytest.fixture
def children(monkeypatch):
    """The programs that were started to download."""
    started, original = [], subprocess.Popen

    def popen(*arguments, **options):
        started.append(original(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", popen)
    return started


def test_interrupt_ends_the_download_and_leaves_nothing(mirror, cache, children):
    def interrupted():
        if LAST_FILE in mirror.requests:
            raise KeyboardInterrupt

    mirror.answers[LAST_FILE] = hang(mirror)
    before = snapshot(cache)
    watched = downloads.watching(lambda progress: None, interrupted)
    with pytest.raises(KeyboardInterrupt), watched:
        load()
    assert snapshot(cache) == before
    assert not list(cache.glob("download-*"))
    (child,) = children
    assert child.returncode is not None


def test_download_is_stopped_by_whoever_watches_it(mirror, cache, children):
    mirror.answers[LAST_FILE] = hang(mirror)
    seen = []
    stop = pytest.raises(DataUnavailableError, match="was stopped")
    with downloads.watching(seen.append, lambda: LAST_FILE in mirror.requests), stop:
        load()
    assert children[0].returncode is not None
    assert not list(cache.glob("download-*"))
    mirror.answers.clear()
    assert load()[0].place == choice.DOWNLOADED  # nobody watches any more
    assert all(progress.title.en == "MNIST" for progress in seen)


def trickle(mirror):
    """Answers with a byte at a time, which no limit on a server's silence ever notices."""

    def answer(handler, content):
        send(handler, b"", length=len(content))
        for byte in content:
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()
            if mirror.test_is_over.wait(0.01):
                return

    return answer


def test_endless_download_is_given_up_with_its_rate(mirror, cache, monkeypatch):
    monkeypatch.setattr(downloads, "PATIENCE_S", 0.5)
    mirror.answers[f"{FILES[0]}.gz"] = trickle(mirror)
    assert_refused(cache, reason="kB/s")
    assert f"{FILES[1]}.gz" not in mirror.requests


def test_progress_has_bytes_rate_and_time_left(mirror, cache):
    seen = []
    mirror.answers[f"{FILES[0]}.gz"] = trickle(mirror)

    def enough() -> bool:
        return bool(seen) and seen[-1].received > 20

    with downloads.watching(seen.append, enough), pytest.raises(DataUnavailableError):
        load()
    received = [progress.received for progress in seen]
    assert received == sorted(received) and received[-1] > 20
    last = seen[-1]
    assert last.total == 12_000_000 and last.rate > 0
    assert last.seconds_left == pytest.approx((last.total - last.received) / last.rate)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows starts processes in another way")
def test_download_ends_with_a_kernel_that_is_killed_and_leaves_nothing(mirror, cache):
    mirror.answers[LAST_FILE] = hang(mirror)
    kernel = start_kernel()
    wait_until(lambda: LAST_FILE in mirror.requests)
    os.kill(kernel, signal.SIGKILL)
    os.waitpid(kernel, 0)
    wait_until(lambda: not list(cache.glob("download-*")))


def test_failure_while_moving_into_the_cache_leaves_no_set_to_be_found(mirror, cache, monkeypatch):
    original, moved = os.replace, []

    def replace(source, target):
        moved.append(target)
        if len(moved) == 3:
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


def test_read_only_cache_is_explained_before_the_network_is_asked(mirror, cache, monkeypatch):
    def refuse(*_, **__):  # as root may write everywhere, it is not tried with a real folder
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(downloads.tempfile, "TemporaryDirectory", refuse)
    assert_refused(cache, reason="Read-only file system")
    assert mirror.requests == []


# Two kernels at once


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


def test_file_that_another_kernel_holds_on_windows_is_left_there(mirror, cache, monkeypatch):
    """There a file that is open cannot be replaced; the other kernel has put the same one."""
    original_replace, original_fetch = os.replace, downloads.fetch

    def replace(source, target):
        if target.exists():
            raise PermissionError(errno.EACCES, "The file is used by another process")
        original_replace(source, target)

    def fetch_while_another_kernel_is_faster(dataset, root):
        original_fetch(dataset, root)
        monkeypatch.setattr(downloads, "fetch", original_fetch)
        load()

    monkeypatch.setattr(os, "replace", replace)
    monkeypatch.setattr(downloads, "fetch", fetch_while_another_kernel_is_faster)
    assert len(load()[0].labels) == 50
    assert load()[0].place == places.FROM_CACHE


def test_cache_that_refuses_the_files_is_no_other_kernels_doing(mirror, cache, monkeypatch):
    def replace(source, target):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "replace", replace)
    assert_refused(cache, reason="Permission denied")


# In the training panel


@pytest.fixture
def panels(mirror, cache):
    """A panel that downloads, as slowly as can be, and one that has what it needs."""
    mirror.answers[f"{FILES[0]}.gz"] = trickle(mirror)
    batches.read_once.cache_clear()
    made = [TrainingPanel(name) for name in ("mnist", "digits")]
    for panel in made:
        panel.epochs.value, panel.device.value = 1, "cpu"
    yield made
    for panel in made:
        panel.close()
    batches.read_once.cache_clear()
    wait_until(lambda: all(t.name != "lenet-training" for t in threading.enumerate()))


def test_panel_shows_rate_and_time_left_and_stops_at_once(panels, cache, children):
    slow, _ = panels
    slow.train_button.click()
    wait_until(lambda: "min left" in slow.progress.numbers.value)
    for text in ("正在下载 MNIST：", "每秒", "约剩", "of 12 MB", "kB/s"):
        assert text in slow.progress.numbers.value
    slow.stop_button.click()
    assert slow.wait(0) and not slow.train_button.disabled
    wait_until(lambda: children[0].returncode is not None)
    wait_until(lambda: not list(cache.glob("download-*")))
    assert "Stopped" in slow.message.value and slow.error is None


def test_download_keeps_nothing_waiting_that_is_at_hand(panels, children):
    slow, quick = panels
    slow.train_button.click()
    wait_until(lambda: children)
    quick.train_button.click()
    assert quick.wait(60) and quick.runs[0].ended == "finished"
    assert len(load_for_run("digits", 32, "cpu")[0].labels) == 1438
    assert children[0].poll() is None  # still at it
    slow.stop_button.click()


def test_who_waits_for_a_download_goes_on_when_the_files_turn_up(panels, cache, tiny_sets):
    slow, other = panels
    other.dataset.value = "mnist"
    for panel in panels:
        panel.train_button.click()
    wait_until(lambda: "mnist" in downloads._RUNNING)
    tiny_sets["mnist"].write_below(cache)  # brought on a stick, say
    assert other.wait(60) and other.runs[0].ended == "finished"
    assert slow.progress.numbers.value.count("MNIST")  # still at it
    slow.stop_button.click()


def test_second_panel_that_waits_for_the_same_download_can_be_stopped(panels, children):
    slow, other = panels
    other.dataset.value = "mnist"
    slow.train_button.click()
    wait_until(lambda: children)
    other.train_button.click()
    other.stop_button.click()
    assert other.wait(0)
    slow.stop_button.click()
    assert slow.wait(0)
    wait_until(lambda: all(child.returncode is not None for child in children))
