"""A program that downloads files below a folder; `download` runs, watches and can end it.

    python fetch.py FOLDER SECONDS PATH URL,URL… PATH URL,URL…

It needs nothing but Python, so that it starts at once. Of a file's addresses the first that answers
in so many SECONDS is taken. When its standard input closes, because its parent has died, it removes
the folder and ends.
"""

import os
import shutil
import sys
import threading
import urllib.request
from pathlib import Path

CHUNK = 2**14


def fetch(path: Path, urls: list[str], seconds: float) -> None:
    """Download one file from the first address that has it; an `OSError` says why none has."""
    failures = []
    for url in urls:
        try:
            with urllib.request.urlopen(url, timeout=seconds) as answer, path.open("wb") as file:
                while chunk := answer.read1(CHUNK):  # what has come, not all that may come
                    file.write(chunk)
                    file.flush()
                if answer.length:
                    raise OSError(f"{answer.length} bytes are missing")
                return
        except Exception as error:  # a server can answer anything; the next address may do better
            failures.append(f"{url}: {error}")
    raise OSError("; ".join(failures))


def end_with_the_parent(folder: Path) -> None:
    """Wait until standard input closes, then leave nothing behind."""
    os.read(0, 1)  # not through sys.stdin, whose lock would be held when this program ends
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


if __name__ == "__main__":
    folder, seconds = Path(sys.argv[1]), float(sys.argv[2])
    threading.Thread(target=end_with_the_parent, args=[folder], daemon=True).start()
    try:
        for path, urls in zip(sys.argv[3::2], sys.argv[4::2], strict=True):
            fetch(Path(path), urls.split(","), seconds)
    except OSError as error:
        sys.exit(str(error))
