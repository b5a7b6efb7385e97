"""How far a download is, and who is told."""

import math
from collections.abc import Callable
from typing import NamedTuple

from lenet_helpers.words import Words


class DownloadProgress(NamedTuple):
    """How far a download is: bytes that came, of about so many, and bytes per second lately."""

    title: Words
    received: int
    total: int
    rate: float

    @property
    def seconds_left(self) -> float:
        """How long it takes from now on at this rate; infinite while nothing comes."""
        left = max(self.total - self.received, 0)
        return left / self.rate if self.rate else math.inf


class Watch(NamedTuple):
    """Who is told of a download's progress, and who is asked whether it should end."""

    report: Callable[[DownloadProgress], None]
    should_stop: Callable[[], bool]
