"""EfficientNet-Lite0 on pictures of 112 x 112: a quarter of the work. An encoder of one's own, as
`--encoder small_lite0:encode` names it."""

from __future__ import annotations

import numpy as np

from livebench.frames.decode import View
from livebench.frames.encoders import load_encoder


class SmallLite0:
    """The bundled encoder's network with a smaller view."""

    view = View(112)
    pixels = "(x - 127) / 128, mean over space"

    def __init__(self) -> None:
        self._whole = load_encoder("efficientnet-lite0")
        self.weights_sha256 = self._whole.weights_sha256

    def __call__(self, pictures: np.ndarray) -> np.ndarray:
        """float32 [pictures, 1280]."""
        return self._whole.encode(pictures)


encode = SmallLite0()
