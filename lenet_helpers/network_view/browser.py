"""The browser's side of the living network."""

from collections.abc import Callable
from pathlib import Path

import anywidget
import numpy as np
import traitlets

from lenet_helpers.network_view.inline import inline

HERE = Path(__file__).parent


class BrowserView(anywidget.AnyWidget):
    """What the browser is given, and what comes back: ``state``, ``image`` and photos."""

    # As text: a path would be watched, and every view kept for ever by its watcher.
    _esm = inline(HERE / "widget.js") + "\nexport default { render };\n"
    _css = (HERE / "view.css").read_text(encoding="utf-8")
    networks = traitlets.List().tag(sync=True)
    pictures = traitlets.List().tag(sync=True)
    checkpoints = traitlets.Dict(allow_none=True).tag(sync=True)
    refusals = traitlets.List().tag(sync=True)
    draw = traitlets.Bool(True).tag(sync=True)
    language = traitlets.Unicode("both").tag(sync=True)
    state = traitlets.Dict().tag(sync=True, echo_update=False)
    image = traitlets.CBytes(b"").tag(sync=True, echo_update=False)

    def on_photo(self, act: Callable[[np.ndarray], None]) -> None:
        """Let ``act`` hear the grey levels, ``uint8 (h, w)``, of each photo that comes in."""

        def hear(_, content: object, buffers: list) -> None:
            if isinstance(content, dict) and "photo" in content:
                act(np.frombuffer(buffers[0], np.uint8).reshape(content["photo"]))

        self.on_msg(hear)
