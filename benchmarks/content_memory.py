"""What does a scorer gain by remembering what other samples are about?

    python benchmarks/content_memory.py CANDIDATES DATASET

scores a set in the setting `comments` (no title tells which samples are of one video), each time with
all samples in memory, in blocks by fresh copies of a process and of a sandbox, and with one sample at a
time. Prints a table in Markdown: MRR, and the gain over one sample at a time, with 95% intervals.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from zlib import crc32

import numpy as np
from scipy.sparse import csr_matrix, diags

_WIDTH = 1 << 16


def _grams(texts: Sequence[Sequence[str]]) -> csr_matrix:
    """Which character 1- to 3-grams stand in each group of texts, hashed: [groups, _WIDTH]."""
    places: list[int] = []
    ends = [0]
    for group in texts:
        marked = [f"^{text}$" for text in group]
        found = {
            one[i : i + n] for one in marked for n in (1, 2, 3) for i in range(len(one) - n + 1)
        }
        places += {crc32(gram.encode()) % _WIDTH for gram in found}
        ends.append(len(places))
    return csr_matrix((np.ones(len(places)), places, ends), (len(texts), _WIDTH))


def _unit(rows: csr_matrix) -> csr_matrix:
    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    return diags(1 / np.maximum(lengths, 1e-9)) @ rows


class Mine:
    """Prefers candidates that resemble contexts (TF-IDF).

    Args:
        own, same: weights of the similarity to the sample's own context, and to those of other samples
            with the same candidates, which are of the same video.
        memory: whether it learns from other samples; in how many an n-gram occurs, too.
        factor: of all scores.
    """

    def __init__(self, own: float, same: float, memory: bool = True, factor: float = 1.0) -> None:
        self._own, self._same = own, same
        self._memory, self._factor = memory, factor

    def score_samples(self, samples):
        if not self._memory:
            return [self._scored([sample])[0] for sample in samples]
        return self._scored(samples)

    def _scored(self, samples):
        contexts = _grams([[one.text for one in sample.comments] for sample in samples])
        each = [_grams([[one.text] for one in sample.candidates]) for sample in samples]
        weights = diags(np.ones(_WIDTH))
        if len(samples) > 1:
            seen = contexts.sum(axis=0) + sum(one.sum(axis=0) / one.shape[0] for one in each)
            weights = diags(np.log(1 + 2 * len(samples) / (0.5 + np.asarray(seen).ravel())))
        columns = _unit(contexts @ weights).T.tocsr()
        numbers: dict[frozenset[str], int] = {}
        lists = [frozenset(one.tokens for one in sample.candidates) for sample in samples]
        group = np.array([numbers.setdefault(one, len(numbers)) for one in lists])
        rows = []
        for place, candidates in enumerate(each):
            alike = (_unit(candidates @ weights) @ columns).toarray()
            same = group == group[place]
            same[place] = False
            score = self._own * alike[:, place]
            if same.any():
                score = score + self._same * alike[:, same].mean(axis=1)
            rows.append((self._factor * score).tolist())
        return rows

    def score(self, video_ctx, comments, candidate):
        from livebench.scoring.scorer import Sample

        return self._scored([Sample(video_ctx, comments, [candidate])])[0][0]


SCORERS = {
    "contexts of other samples with its list": {"own": 0, "same": 1},
    "own context": {"own": 1, "same": 0},
}
CARD = """name = "content"
authors = ["Z."]
date = 2026-01-01
description = "Remembers what other samples are about."
settings = ["comments"]
entry = "content_memory:Mine"
[[runs]]
name = "default"
arguments = {{own = {own}, same = {same}, factor = {factor}}}
"""
FACTOR = 1e-6
"""So small that no score differs by the tolerance of the check in a fresh process."""


def evaluated(folder: Path, sources: Sequence[str], *options: str) -> tuple[np.ndarray, dict]:
    """The scores [samples, candidates] that LiveBench writes, and its result."""
    from livebench.candidates.candidate_set import CandidateSet
    from livebench.scoring.answers import Answers
    from livebench.submissions.validate import read_scores

    command = [
        sys.executable,
        "-m",
        "livebench",
        "evaluate",
        "--quiet",
        "--submission",
        str(folder),
    ]
    subprocess.run(
        [*command, *sources, "--setting", "comments", *options],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    name = Path(sources[1]).name
    result = json.loads((folder / f"results/{name}/default/comments.json").read_text("utf-8"))
    ids = Answers(CandidateSet(Path(sources[1]))).sample_ids
    return read_scores(folder / f"scores/{name}/default/comments.jsonl.gz", ids).sums, result


def main() -> None:
    """Print the table."""
    sys.path.append(str(Path(__file__).parent))
    from remembering import sample_of

    from livebench.candidates.candidate_set import CandidateSet
    from livebench.scoring.metrics import HEADLINE, best_metrics, intervals

    path, dataset = map(Path, sys.argv[1:3])
    candidate_set = CandidateSet(path)
    samples = [sample_of(record) for record in candidate_set.samples()]
    answers = list(candidate_set.answers())
    correct = np.array([answer.types for answer in answers]) == "correct"
    videos = [answer.video_id for answer in answers]
    sources = ["--candidates", str(path), "--dataset", str(dataset)]

    def mrr(scores: np.ndarray) -> np.ndarray:
        return np.asarray(HEADLINE.column(best_metrics(scores, correct)))

    def shown(values: np.ndarray) -> str:
        return HEADLINE.format_with_interval(intervals(values[:, None], videos)[0])

    print("| remembers | where | MRR | gain | samples that deviate afresh |")
    print("| --- | --- | --: | --: | --: |")
    for name, weights in SCORERS.items():
        alone = mrr(np.array(Mine(**weights, memory=False).score_samples(samples)))
        print(f"| {name} | nowhere: one sample at a time | {shown(alone)} | | |")
        everything = mrr(np.array(Mine(**weights).score_samples(samples)))
        print(
            f"| | all in memory | {shown(everything)} | {shown(everything - alone)} | |", flush=True
        )
        for where, options in (("own process", ()), ("sandbox", ("--sandbox",))):
            with tempfile.TemporaryDirectory() as temporary:
                folder = Path(temporary, "submissions", "content")
                folder.mkdir(parents=True)
                shutil.copy(__file__, folder)
                card = CARD.format(**weights, factor=FACTOR)
                (folder / "submission.toml").write_text(card, "utf-8")
                scores, result = evaluated(folder, sources, *options)
            values, checked = mrr(scores), result["plausibility"]
            found = f"{checked['fresh']['samples']} of {checked['samples']}"
            print(f"| | {where}, {result['manifest']['memory']} | ", end="")
            print(f"{shown(values)} | {shown(values - alone)} | {found} |", flush=True)


if __name__ == "__main__":
    main()
