"""How many threads one loop takes, from what the clocks say; knows neither torch nor the system."""

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

# In seconds. Windows counts a process's time in steps of 1/64 s and needs a longer look.
LOOK = 0.2 if sys.platform == "win32" else 0.05
LONG_LOOK = max(0.3, LOOK)
SHORTEST_WAIT, LONGEST_WAIT = 0.1, 1.2


class Clocks(NamedTuple):
    """Seconds: on the clock, of work by this thread, by this process, and of all cores' idleness.

    As a difference, `ThreadCount` divides the last three by the first: they become cores.
    """

    wall: float
    thread: float
    process: float
    idle: float


@dataclass
class ThreadCount:
    """Decides how many threads one loop takes: ``count``, to begin with and then at each moment.

    A loop whose threads get less of the processors than they ask for goes on with as many as it
    got. It tries more once cores lie idle; a try in vain makes it wait longer for the next.
    ``wall`` is the clock; ``read`` reads all clocks in the loop's own thread.
    """

    count: int
    wall: Callable[[], float]
    read: Callable[[], Clocks]
    asked: float = -math.inf  # when

    def begin(self, most: int, free: int | None) -> None:
        """A loop begins, while others leave ``free`` cores over (``None`` where nobody tells).

        It looks before its first batch: a crowded one can take a second.
        """
        if self.wall() - self.asked < LOOK:
            return  # it goes on where another ended
        if free is not None:
            self.count = max(1, min(most, free))
        self._look = self._long_look = self.read()
        self._wait, self._next_try, self._trying = SHORTEST_WAIT, 0.0, False

    def ask(self, most: int, others: int = 0) -> int:
        """From 1 to ``most``, for the next batch; this process's other loops take ``others``."""
        self.count = min(self.count, most)
        if most > 1:
            self.asked = self.wall()
            if self.asked - self._look.wall >= LOOK:
                self._judge(self.read(), most, others)
        return self.count

    def _judge(self, now: Clocks, most: int, others: int) -> None:
        short, long = _cores(self._look, now), _cores(self._long_look, now)
        self._look = now
        asked = self.count + others
        missing = asked - short.process
        others_have_them = missing >= 0.5 and short.idle < missing / 2
        # A quota: cores are missing though some lie idle, and this thread itself waits.
        waiting = asked - long.process >= 0.5 and long.thread < 0.75
        refused = waiting and long.wall >= LONG_LOOK
        idle = long.wall >= SHORTEST_WAIT and long.idle > 0.75
        if self.count > 1 and (others_have_them or refused):
            self._wait = min(2 * self._wait, LONGEST_WAIT) if self._trying else SHORTEST_WAIT
            self._next_try, self._trying = now.wall + self._wait, False
            got = round(short.process * self.count / asked)
            self.count, self._long_look = min(max(1, got), self.count - 1), now
        elif self.count < most and now.wall >= self._next_try and idle:
            self.count = min(most, self.count + max(1, int(long.idle)))
            self._long_look, self._trying = now, True
        elif long.wall >= LONG_LOOK:
            self._long_look, self._trying = now, False


def _cores(before: Clocks, now: Clocks) -> Clocks:
    wall = now.wall - before.wall
    return Clocks(wall, *((b - a) / wall for a, b in zip(before[1:], now[1:], strict=True)))
