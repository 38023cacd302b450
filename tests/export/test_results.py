"""`livebench export results`: the numbers of the results, read back by the hub's own library."""

from __future__ import annotations

import json
import re

import pytest
import yaml

SCORER = """
class Mine:
    def score(self, video_ctx, comments, candidate):
        return {sign} * len(candidate.text) + 9 * any(one.text == candidate.text for one in comments)
"""
METRICS = ("R@1", "R@5", "R@10", "MR", "MRR")


@pytest.fixture
def scored(submission, run, small, copy_set):
    """Two submissions with results in the settings `blind` and `comments`."""
    copy_set(small)
    names = {"longer_one": 1, "shorter": -1}
    paths = [
        submission(
            name,
            code=SCORER.format(sign=sign),
            name=f"{name} & <b>",
            settings=["comments"],
            url="https://example.org/m",
            licence="Apache-2.0",
            limits="Knows lengths alone.",
            training_data="none",
        )
        for name, sign in names.items()
    ]
    for setting in ("blind", "comments"):
        assert run("evaluate", *paths, "--setting", setting, "--in-process", "--quiet").status == 0
    return paths


def results_of(path, small, setting):
    file = path / "results" / small.name / "default" / f"{setting}.json"
    return json.loads(file.read_text("utf-8"))


def cells(metric, values):
    digits = 4 if metric == "MRR" else 2
    return [f"{values[metric][name] + 1e-12:.{digits}f}" for name in ("value", "low", "high")]


def test_tables_and_cards(scored, run, small, attest, tmp_path):
    hub = pytest.importorskip("huggingface_hub")
    paths, signers = scored, attest(scored[0])
    done = run("export", "results", *paths, "--out", "out", *signers)
    assert done.status == 0, done
    assert done.out == "out: 4 rows on 1 sets\n"
    out = tmp_path / "out"
    table, tex = ((out / name).read_text("utf-8") for name in ("results.md", "results.tex"))
    assert table.count("\n|") == 8  # header, rule, and in two settings two rows and chance
    lines = [line for line in tex.splitlines() if line.endswith("\\\\")]
    assert [line.count(" & ") for line in lines] == [8] * 7
    assert "longer\\_one \\& \\textless{}b\\textgreater{}" in tex
    assert "<b>" not in table
    assert tex.count("{") == tex.count("}")
    for path in paths:
        for setting in ("blind", "comments"):
            values = results_of(path, small, setting)["metrics"]["best"]
            for metric in METRICS:
                value, low, high = cells(metric, values)
                assert f"{value} [{low}, {high}]" in table
                assert f"{value} {{\\tiny [{low}, {high}]}}" in tex
        signature = results_of(path, small, "comments")["signature"]
        without = re.sub(r"\|(score|v):[^|]*", "", signature)
        assert f"`{without}`" in table
        content = hub.ModelCard.load(out / path.name / "README.md")
        name, found = hub.repocard_data.model_index_to_eval_results(
            content.data.to_dict()["model-index"]
        )
        assert name == f"{path.name} & <b>"
        assert (content.data.license, content.data.language) == ("apache-2.0", ["zh"])
        assert len(found) == 10
        by_name = {(one.dataset_config, one.metric_name): one for one in found}
        values = results_of(path, small, "comments")["metrics"]["best"]
        for metric in METRICS:
            one = by_name["comments", metric]
            shown = [float(cell) for cell in cells(metric, values)]
            assert [one.metric_value, one.metric_args["low"], one.metric_args["high"]] == shown
            assert one.dataset_type == f"livebench-danmaku/{small.name}"
            assert one.metric_args["signature"] == signature
        assert "Knows lengths alone." in content.text
        assert "| trained on | nothing |" in content.text
        text = (out / path.name / ".eval_results" / f"{small.name}.yaml").read_text("utf-8")
        entries = hub.parse_eval_result_entries(yaml.safe_load(text))
        assert [(one.task_id, one.source_url) for one in entries] == [
            ("blind", "https://example.org/m"),
            ("comments", "https://example.org/m"),
        ]
        assert entries[1].value == float(cells("MRR", values)[0])
        assert entries[1].dataset_id == f"livebench-danmaku/{small.name}"
        assert signature in entries[1].notes
    # The only attested one is ranked, where anything is seen.
    ranked = [line for line in table.splitlines() if line.endswith("|      1 |")]
    assert len(ranked) == 1 and "longer" in ranked[0] and "comments" in ranked[0]
    bib = (out / "livebench.bib").read_text("utf-8")
    assert re.findall("@(\\w+){", bib) == ["misc", "inproceedings"]
    assert "\\cite{livebench-danmaku}" in tex and "{livebench-danmaku," in bib
    assert bib.count("{") == bib.count("}")


def test_owner_and_refusals(scored, run, refused, submission, small, tmp_path, monkeypatch):
    paths = scored
    assert run("export", "results", paths[1], "--out", "one", "--hub", "me").status == 0
    text = (tmp_path / "one" / "shorter" / ".eval_results" / f"{small.name}.yaml").read_text()
    assert f"id: me/{small.name}" in text
    message = refused("export", "results", submission("bare"), paths[0], "--out", "two")
    assert "has no row on these sets; run `livebench evaluate" in message
    monkeypatch.setitem(__import__("sys").modules, "huggingface_hub", None)
    assert "install the extra `hub`" in refused("export", "results", paths[0], "--out", "two")
    assert not (tmp_path / "two").exists()
