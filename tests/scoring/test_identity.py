"""A result names what made it: device, number format and versions."""

from __future__ import annotations

import pytest

from livebench import __version__
from livebench.records import parse_json
from livebench.scoring.result import Result, signature_of

PLAIN = """
class Mine:
    def score(self, video_ctx, comments, candidate):
        return -len(candidate.text)
"""
SAYS = """
class Mine:
    device, dtype = "tpu:1\\x1b[2J" + 200 * "x", "int8"
    def score(self, video_ctx, comments, candidate):
        return -len(candidate.text)
"""
TORCH = """
import torch
class Mine:
    def __init__(self):
        self.net = torch.nn.Linear(1, 1, dtype=torch.float64)
    def score(self, video_ctx, comments, candidate):
        return -len(candidate.text)
"""


@pytest.mark.parametrize(
    ("code", "options", "device", "dtype", "torch"),
    [
        (PLAIN, (), "cpu", "", False),
        (SAYS, (), "tpu:1[2J" + 91 * "x" + "…", "int8", False),
        (TORCH, (), "cpu", "float64", True),
        (TORCH, ("--in-process",), "cpu", "float64", True),
    ],
    ids=["plain", "says so", "torch", "torch in process"],
)
def test_a_result_says_what_it_was_computed_with(
    run, submission, frozen, code, options, device, dtype, torch
):
    path = submission(code=code)
    arguments = ("--candidates", frozen.path, "--setting", "comments", *options)
    done = run("evaluate", "--submission", path, *arguments)
    assert done.status == 0, done
    file = path / "results" / frozen.name / "default" / "comments.json"
    manifest = parse_json(file, Result).manifest
    assert (manifest.device, manifest.dtype) == (device, dtype)
    assert ("torch" in manifest.versions) == torch
    assert manifest.versions["livebench"] == __version__
    assert manifest.from_changed_code == manifest.dirty


def test_a_signature_without_its_version():
    whole = signature_of("set:a@b", "both", made_by="1.2")
    assert whole == f"{signature_of('set:a@b', 'both', made_by='')}|v:1.2"
