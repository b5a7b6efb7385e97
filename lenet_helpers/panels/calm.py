"""A panel that changes with every click and saves its still when the clicking has paused."""

from __future__ import annotations

import asyncio

from lenet_helpers.panels.common import Panel

SECONDS_OF_CALM = 1.0
WHOLE = {"description_width": "initial"}  # a control's style: no language of its name is cut


class CalmPanel(Panel):
    """Saves its still once nothing has changed for a second: drawing one at each click would take
    longer than all the rest."""

    _later: asyncio.TimerHandle | None = None

    def close(self) -> None:
        """Take the panel off the page; its still is not drawn any more."""
        if self._later is not None:
            self._later.cancel()
        super().close()

    def keep_still_soon(self) -> None:
        """Save the still unless this is called again within a second; without a kernel, never."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        if self._later is not None:
            self._later.cancel()
        self._later = loop.call_later(SECONDS_OF_CALM, self.keep_still)
