"""What a sweep has finished, one line each, in a plain file that a crash cannot spoil."""

import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from lenet_helpers.words import LessonError

Settings = Mapping[str, Any]


class SweepFileError(LessonError, ValueError):
    """A file that does not hold results of this job with these settings."""


def in_json(value: object) -> str:
    """``value`` as JSON on one line, NumPy's numbers as plain ones; or a `TypeError`."""
    return json.dumps(value, ensure_ascii=False, default=_plain)


def key(settings: Settings) -> str:
    """A text that is the same for the same settings, in whatever order they are."""
    return in_json(sorted(settings.items()))


class SweepFile:
    """The finished combinations of a sweep: a first line that says of what, then one line each.

    Lines are only ever added. If the last one was cut short by a crash, it is dropped, so that
    its combination counts as not yet run. The first has the full name of ``job`` and, in any order,
    the ``names`` of the settings that are varied.
    """

    def __init__(self, path: str | Path, job: Callable, names: Iterable[str]) -> None:
        self.path = Path(path)
        name = getattr(job, "__qualname__", type(job).__qualname__)
        self._header = {"sweep": f"{job.__module__}.{name}", "settings": sorted(names)}

    def read(self) -> dict[str, tuple[dict, str]]:
        """Result and error of each finished combination, by its `key`; or a `SweepFileError`."""
        content = self.path.read_bytes() if self.path.exists() else b""
        *lines, cut = content.split(b"\n")
        if not lines and not in_json(self._header).encode().startswith(cut):
            raise self._foreign(1)
        found = {}
        for number, line in enumerate(lines, start=1):
            try:
                row = json.loads(line)
                if number == 1:
                    header = {name: row[name] for name in self._header}
                else:
                    found[key(row["settings"])] = dict(row["result"]), str(row["error"])
            except (ValueError, KeyError, TypeError) as error:
                raise self._foreign(number) from error
        if lines and header != self._header:
            other, own = (" ".join(map(str, each.values())) for each in (header, self._header))
            raise SweepFileError(
                f"{self.path} 是另一组实验的结果：{other}；这里要的是 {own}。"
                "请换一个文件名，或使用原来的网格。",
                f"{self.path} holds another sweep, {other}, and this one is {own}. "
                "Name another file, or use the grid of that one.",
            )
        if cut:
            os.truncate(self.path, len(content) - len(cut))
        return found

    def append(self, *rows: Settings) -> None:
        """Write finished combinations, and do not return before they are on the disk.

        Without any, this makes the file ready; an `OSError` if it cannot be written.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open(self.path, "ab") as file:
            for row in rows if file.tell() else (self._header, *rows):
                file.write(in_json(row).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def _foreign(self, line: int) -> SweepFileError:
        return SweepFileError(
            f"{self.path} 第 {line} 行不是实验结果，文件保持原样。请换一个文件名，或移走这个文件。",
            f"Line {line} of {self.path} is no result of a sweep; the file is left as it is. "
            "Name another file, or move this one away.",
        )


def _plain(value: object) -> object:
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{type(value).__name__} has no form in JSON")
