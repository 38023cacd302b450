"""`livebench plot`: which figures are written, in which form, of what."""

from __future__ import annotations

import warnings

import pytest

from livebench.figures import chinese_fonts

FORMS = {"svg": b"<?xml", "pdf": b"%PDF", "png": b"\x89PNG\r\n"}
KINDS = ("anatomy", "intervals", "recall")


def where(project, *options):
    return (
        *("plot", "--submissions", project.path / "submissions"),
        *("--sets", project.path / "candidates", *options),
    )


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_three_figures_a_board(project, run, tmp_path, form):
    chosen = ("--candidates", "tiny-paper", "--setting", "both", "--format", form)
    with warnings.catch_warnings():
        if chinese_fonts():  # a submission has a Chinese name
            warnings.filterwarnings("error", message=".*Glyph.*missing")
        done = run(*where(project, "--out", tmp_path / "made", *chosen))
    assert done.status == 0, done.err
    assert done.out == f"{tmp_path / 'made'}: 3 figures\n"
    made = {path.name: path.read_bytes() for path in (tmp_path / "made").iterdir()}
    assert set(made) == {f"{kind}-tiny-paper-both.{form}" for kind in KINDS}
    assert all(content.startswith(FORMS[form]) for content in made.values())


@pytest.mark.slow
def test_only_what_is_chosen_is_drawn(project, run, tmp_path):
    """One submission more changes what shows submissions."""
    made = []
    for number, only in enumerate((["short"], ["short"], ["short", "long"])):
        out = tmp_path / str(number)
        chosen = (
            "--candidates",
            "tiny-paper",
            "--setting",
            "both",
            "--format",
            "png",
            "--out",
            out,
        )
        assert (
            run(*where(project, *chosen, *(x for n in only for x in ("--submission", n)))).status
            == 0
        )
        made.append([(out / f"{kind}-tiny-paper-both.png").read_bytes() for kind in KINDS])
    assert made[0] == made[1]
    for alone, beside in zip(made[0], made[2], strict=True):
        assert alone != beside


@pytest.mark.slow
def test_every_board(project, run, tmp_path):
    """Three settings of the one set, and comments alone of the set without frames."""
    assert run(*where(project, "--out", tmp_path / "all")).out.endswith(": 12 figures\n")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--candidates", "none"), "none: set not found; available: silent-paper, tiny-paper"),
        (("--submission", "nobody"), "nobody: submission not found; available: "),
        (
            ("--submission", "hostile", "--setting", "video"),
            "nothing to plot: no submission has scores for these sets and settings; choose others",
        ),
    ],
)
def test_nothing_to_draw(project, refused, tmp_path, options, message):
    error = refused(*where(project, "--out", tmp_path / "made", *options))
    assert error.removeprefix(f"{tmp_path / 'made'}: ").startswith(message)
    assert not (tmp_path / "made").exists()


def test_a_folder_that_is_there_is_kept(project, refused, tmp_path):
    message = refused(*where(project, "--out", tmp_path))
    assert message == f"{tmp_path}: exists already; remove it or choose another --out"
