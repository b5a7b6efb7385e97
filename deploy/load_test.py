"""A class's lesson on a hub: N students at once, with faults in between; what each step took.

Any hub will do, if a token may make users and start their servers (jupyterhub_config.py gives one
where LENET_LOAD_TEST_TOKEN is set; an administrator gets one at /hub/token):

    LENET_LOAD_TEST_TOKEN=... python deploy/load_test.py http://127.0.0.1:8000 --students 20

Each student logs in, starts a server and a kernel, runs the cells of the class hour with pauses,
trains, trains again and stops, looks inside, saves a file and reads it in the end. Three more
misbehave, unless ``--no-faults``: one fills the memory, one loops for ever, one's kernel is killed
again and again; each also tries to reach what is another's. The first of the students named must
notice none of it. ``load_test.md``, ``.csv`` and ``.png`` hold the results.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import csv
import datetime
import json
import math
import os
import platform
import random
import shlex
import statistics
import sys
import time
from pathlib import Path

import psutil
from student import CellError, KernelDied, Record, Student
from tornado.httpclient import HTTPClientError
from tqdm import tqdm

HERE = Path(__file__).resolve().parent
LESSON = HERE.parent / "notebooks" / "lenet_in_one_class.ipynb"
NAMED = {"mnist": "torch, data", "run": "train", "look-inside": "look inside"}
STEPS = ("log in", "server", "kernel", "a cell", *NAMED.values(), "stop", "save", "read again")
STOPPED = "KeyboardInterrupt"
WORKED, NOT_MADE = "IT WORKED", "A FAULT COULD NOT BE MADE"
FILE = "load_test.txt"
MEMORY = """
import json, os, re
def own(pid):
    text = open(f"/proc/{pid}/smaps_rollup").read()
    return int(re.search(r"Anonymous:\\s+(\\d+)", text)[1]) / 1000
print(json.dumps({"kernel": own(os.getpid()), "server": own(os.getppid())}))
"""
FILL = "hoard = []\nwhile True: hoard.append(bytearray(b'x' * 2**26))"


def cells() -> list[tuple[str, str]]:
    """Id and code of the cells of the main line, up to the look inside."""
    found = []
    for cell in json.loads(LESSON.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code" and "optional" not in cell["metadata"].get("tags", []):
            found.append((cell["id"], "".join(cell["source"])))
    return found


async def lesson(student: Student, options, started: asyncio.Event) -> None:
    """The class hour of one student; what fails is in the record, and ends it."""
    chance = random.Random(student.name)

    async def pause() -> None:
        await asyncio.sleep(options.pause * chance.uniform(0.2, 1.8))

    with contextlib.suppress(Exception):  # it is in the record
        await asyncio.sleep(options.arrival * chance.random())
        with student.step("log in"):
            await student.log_in()
        with student.step("server"):
            await student.start_server()
        with student.step("save"):
            await student.save(FILE, student.name)
        with student.step("kernel"):
            await student.start_kernel()
        if options.dataset:
            await student.run(f"import os; os.environ['LENET_DATASET'] = {options.dataset!r}")
        for name, code in cells():
            await pause()
            if name == "run":
                started.set()
            with student.step(NAMED.get(name, "a cell")):
                await student.run(code)
            if name == "sliders":
                await train_and_stop(student, options.stop_after)
        student.record.memory = json.loads(await student.run(MEMORY))
        with student.step("read again"):
            if await student.saved(FILE) != student.name:
                raise ValueError("what was saved is lost")


async def train_and_stop(student: Student, after: float) -> None:
    """Train once more, as the sliders do, and press ■ after so many seconds."""
    training = asyncio.create_task(student.run("train_anew(train_iter, test_iter, 0.9, 500)"))
    await asyncio.sleep(after)
    with student.step("stop"):
        await student.interrupt()
        try:
            await training
        except CellError as error:
            if not str(error).startswith(STOPPED):
                raise
        else:
            raise AssertionError("500 epochs ended before they were stopped")


async def misbehave(kind: str, student: Student, victim: str, started, over) -> list[list[str]]:
    """While the others train: do it again and again. Returns rows of what was tried."""
    await student.log_in()
    await student.start_server()
    await student.start_kernel()
    await started.wait()
    tried = await trespass(student, victim)
    times, ends = 0, set()
    while not over.is_set():
        times += 1
        try:
            if kind == "fills the memory":
                await student.run(FILL)
            elif kind == "kernel killed":
                await student.run("import os; os.kill(os.getpid(), 9)")
            else:
                loop = asyncio.create_task(student.run("while True: pass", endless=True))
                await over.wait()
                await student.interrupt()
                await loop
        except KernelDied:
            ends.add("the kernel died and was started again")
            await student.kernel_again()
        except CellError as error:
            ends.add(str(error).split(":")[0])
            with contextlib.suppress(CellError):
                await student.run("hoard = None")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), 10)
    return [*tried, [f"{kind}, {times} times", ", ".join(sorted(ends))]]


async def trespass(student: Student, victim: str) -> list[list[str]]:
    """Try to reach what is another's: rows of what was tried and how it ended."""
    rows = []
    for what, method, path in (
        ("list another's kernels", "GET", f"/user/{victim}/api/kernels"),
        ("read another's file", "GET", f"/user/{victim}/api/contents/{FILE}"),
        ("a token for another", "POST", f"/hub/api/users/{victim}/tokens"),
    ):
        code = 404  # the proxy's, while it is restarted: that is no refusal
        while code == 404:
            await asyncio.sleep(1)
            try:
                await student.ask(method, path, {} if method == "POST" else None)
                code = WORKED
            except HTTPClientError as error:
                code = error.code
        rows.append([what, code if code == WORKED else f"refused, {code}"])
    for what, code in (
        ("list another's home folder", f"import os; os.listdir(os.path.expanduser('~{victim}'))"),
        ("write there", f"import os; open(os.path.expanduser('~{victim}/{FILE}'), 'w')"),
        ("end another's processes", "import psutil; [p.kill() for p in psutil.process_iter()"
                                    f" if p.username() == '{victim}'] or 1 / 0"),
        ("read another's environment", "import psutil; [p.environ() for p in psutil.process_iter()"
                                       f" if p.username() == '{victim}'] or 1 / 0"),
    ):  # fmt: skip
        try:
            await student.run(code)
            rows.append([what, WORKED])
        except CellError as error:
            rows.append([what, str(error).split(":")[0]])
    return rows


async def watch_memory(over: asyncio.Event) -> list[float]:
    """GB in use on this machine, second by second."""
    used = []
    while not over.is_set():
        used.append(psutil.virtual_memory().used / 1e9)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), 1)
    return used


async def halfway(command: str, started: asyncio.Event, delay: float) -> None:
    """Run a command of the shell while the class trains, to restart the proxy for instance."""
    await started.wait()
    await asyncio.sleep(delay)
    process = await asyncio.create_subprocess_shell(command)
    if await process.wait():
        raise RuntimeError(f"{command!r} ended with {process.returncode}")


async def class_hour(options) -> tuple[list[Record], list[list[str]], list[float]]:
    """All students at once: their records, what the others tried, and the memory in use."""
    token = os.environ["LENET_LOAD_TEST_TOKEN"]
    names = [f"{options.prefix}{number:02}" for number in range(1, options.students + 1)]
    started, over = asyncio.Event(), asyncio.Event()
    with tqdm(total=len(names) * (len(cells()) + 6), unit="step", file=sys.stderr) as bar:
        students = [Student(options.hub, name, token, options.patience, bar.update)
                    for name in names]  # fmt: skip
        rogues = {} if options.no_faults else {
            kind: Student(options.hub, f"{options.prefix}rogue-{number}", token, options.patience)
            for number, kind in enumerate(("fills the memory", "loops for ever", "kernel killed"))
        }  # fmt: skip
        watching = asyncio.create_task(watch_memory(over))
        wrong = [asyncio.create_task(misbehave(kind, rogue, names[0], started, over))
                 for kind, rogue in rogues.items()]  # fmt: skip
        if options.halfway:
            wrong.append(asyncio.create_task(halfway(options.halfway, started, options.pause)))
        try:
            await asyncio.gather(*(lesson(student, options, started) for student in students))
            started.set()
            over.set()
            tried = []
            for done in await asyncio.gather(*wrong, return_exceptions=True):
                broken = isinstance(done, BaseException)
                tried += [[NOT_MADE, repr(done)]] if broken else done or []
        finally:
            leaving = (each.leave() for each in (*students, *rogues.values()))
            await asyncio.gather(*leaving, return_exceptions=True)
    return [student.record for student in students], tried, await watching


def percentile(values: list[float], percent: float) -> float:
    """The smallest value that at least so many per cent of them don't exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def table(records: list[Record]) -> list[str]:
    """A row for each step, in Markdown."""
    lines = [
        "| step | how often | p50, s | p95, s | longest, s | failures |",
        "|---|---|---|---|---|---|",
    ]
    for step in STEPS:
        seconds = [s for record in records for name, s in record.seconds if name == step]
        failed = sum(name == step for record in records for name, _ in record.failures)
        if seconds or failed:
            times = (
                [percentile(seconds, 50), percentile(seconds, 95), max(seconds)] if seconds else []
            )
            shown = [f"{value:.2f}" for value in times] or ["–"] * 3
            lines.append(f"| {step} | {len(seconds)} | {' | '.join(shown)} | {failed} |")
    return lines


def report(options, records: list[Record], tried: list[list[str]], used: list[float]) -> str:
    """The results as Markdown."""
    failures = [f"{r.student}, {step}: {why}" for r in records for step, why in r.failures]
    lines = [
        "# A class on one hub", "",
        f"{datetime.date.today()}; {platform.system()}, {os.cpu_count()} cores, "
        f"{psutil.virtual_memory().total / 1e9:.0f} GB; {len(records)} students"
        f"{'' if options.no_faults else ' and three who misbehave'}, "
        f"{options.dataset or 'the data sets of the lesson'}, {options.pause:g} s of pause before "
        f"each cell on average, arriving within {options.arrival:g} s. {options.remark}".rstrip(),
        "", *table(records), "",
        f"Failures: {len(failures)}. Websockets that were opened again: "
        f"{sum(record.reconnects for record in records)}; cells that were lost with one and run "
        f"again: {sum(record.run_again for record in records)}.",
        *(f"- {line}" for line in failures), "",
    ]  # fmt: skip
    for what in ("kernel", "server"):
        if sizes := [record.memory[what] for record in records if record.memory]:
            lines.append(f"A student's {what} in the end, MB of its own: median "
                         f"{statistics.median(sizes):.0f}, largest {max(sizes):.0f}.")  # fmt: skip
    lines += [f"Memory in use on the machine of the test: {used[0]:.1f} GB before, "
              f"{max(used):.1f} GB at most.", "",
              "![Seconds of each step](load_test.png)", ""]  # fmt: skip
    if tried:
        rows = sorted({(what, end) for what, end in tried})
        lines += ["| what another student tried, while the others trained | how it ended |",
                  "|---|---|", *(f"| {what} | {end} |" for what, end in rows), ""]  # fmt: skip
    command = shlex.join(["python", "deploy/load_test.py", *sys.argv[1:]])
    return "\n".join([*lines, f"Repeat it: `{command}`"]) + "\n"


def plot(records: list[Record], file: Path) -> None:
    """A strip for each step: a dot is one student's time."""
    from matplotlib.figure import Figure

    figure = Figure((8, 4), layout="constrained")
    axes = figure.add_subplot(xscale="log", xlabel="seconds (log)")
    for row, step in enumerate(STEPS):
        seconds = [max(s, 0.001) for r in records for name, s in r.seconds if name == step]
        axes.plot(seconds, [row] * len(seconds), "o", ms=4, alpha=0.4, color="tab:blue")
        if seconds:
            axes.plot(percentile(seconds, 50), row, "k|", ms=14, mew=2)
            axes.plot(percentile(seconds, 95), row, "r|", ms=14, mew=2)
    axes.set_yticks(range(len(STEPS)), STEPS)
    axes.set_title(f"{len(records)} students; black p50, red p95")
    axes.invert_yaxis()
    axes.grid(alpha=0.4)
    figure.savefig(file, dpi=100)


def main() -> int:
    """Run the class and write the three files; 1 if a student met a failure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("hub", help="the hub's address, as http://127.0.0.1:8000")
    parser.add_argument("--students", type=int, default=20)
    parser.add_argument("--prefix", default="load-test-", help="of the students' names")
    parser.add_argument("--pause", type=float, default=10, help="seconds before a cell, on average")
    parser.add_argument("--arrival", type=float, default=30, help="all come within these seconds")
    parser.add_argument("--stop-after", type=float, default=3, help="seconds of training")
    parser.add_argument("--patience", type=float, default=600, help="seconds a step may take")
    parser.add_argument("--dataset", default="", help="digits, or nothing: as the lesson chooses")
    parser.add_argument("--halfway", help="a shell command to run while the class trains")
    parser.add_argument("--no-faults", action="store_true", help="nobody misbehaves")
    parser.add_argument("--remark", default="", help="a sentence for the head of the report")
    parser.add_argument("--out", type=Path, default=HERE, help="folder for the results")
    options = parser.parse_args()
    options.hub = options.hub.rstrip("/")
    if "LENET_LOAD_TEST_TOKEN" not in os.environ:
        parser.error("LENET_LOAD_TEST_TOKEN is not set: the hub's token for making users")
    began = time.monotonic()
    records, tried, used = asyncio.run(class_hour(options))
    with open(options.out / "load_test.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["student", "step", "seconds"])
        writer.writerows([r.student, step, f"{s:.3f}"] for r in records for step, s in r.seconds)
    plot(records, options.out / "load_test.png")
    text = report(options, records, tried, used)
    (options.out / "load_test.md").write_text(text, encoding="utf-8")
    print(text, f"\n{time.monotonic() - began:.0f} s in all.", sep="")
    return int(
        any(r.failures for r in records) or any({NOT_MADE, WORKED} & {*row} for row in tried)
    )


if __name__ == "__main__":
    sys.exit(main())
