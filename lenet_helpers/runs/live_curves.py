"""The curves of a run, drawn while it trains."""

from __future__ import annotations

from lenet_helpers.live_plot import LiveAnimator
from lenet_helpers.panels import PictureBox
from lenet_helpers.runs.curves import nothing_trained
from lenet_helpers.runs.records import Point, Run


class LiveCurves(PictureBox):
    """Training loss, training accuracy and test accuracy, drawn as `LiveAnimator` does."""

    def begin(self, epochs: float) -> None:
        """Show empty axes for so many epochs."""
        self._animator = LiveAnimator(
            xlabel="epoch", legend=["train loss", "train acc", "test acc"], show=self.show
        )
        self._animator.axes[0].plot([0, 0], [0, 1], alpha=0)  # the axis holds at least 0 to 1
        self.extend(epochs)

    def extend(self, epochs: float) -> None:
        """Make room for as many epochs in all."""
        self._animator.axes[0].set_xlim(0, epochs)
        self._animator.add(0, (None, None, None))  # something to draw, if only the axes
        self._animator.draw()

    def add(self, point: Point) -> None:
        """Add a point; it is drawn now or soon."""
        self._animator.add(round(point.epoch, 2), point[1:])

    def finish(self, run: Run) -> None:
        """Draw what has not been drawn yet, the run's last point included."""
        if run.points:
            self.add(run.last)
        self._animator.draw()

    def clear(self) -> None:
        """Show that nothing has been trained."""
        self.show(nothing_trained())
