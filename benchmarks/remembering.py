"""What do scorers gain that remember other samples, on two versions of each candidate set?

    python benchmarks/remembering.py OLD NEW [SET ...]

OLD and NEW are folders of sets with their text. Those of version 1 are in the repository's history:
`git archive d5bb87d candidates | tar -x -C OLD`, and `livebench build-candidates --restore` in a
checkout of that commit. The scorers of tests/audit/memory_zoo.py have all samples in memory, while
LiveBench scores each block by a fresh copy. Prints a table in Markdown: MRR with its 95% interval.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from livebench.candidates.candidate_set import CandidateSet
from livebench.records import SampleRecord
from livebench.scoring.metrics import HEADLINE, best_metrics, intervals
from livebench.scoring.scorer import Comment, Sample, VideoContext

sys.path.append(str(Path(__file__).parents[1] / "tests" / "audit"))
from memory_zoo import ZOO, TitleWords

SCORERS = {**ZOO, "words of its title": TitleWords}


def sample_of(record: SampleRecord) -> Sample:
    """A sample as a scorer sees it, with the id of its video as its title."""
    around = [Comment(one.text, one.tokens, one.time - record.time) for one in record.context]
    both = zip(record.candidates, record.candidate_tokens, strict=True)
    frames = np.empty((0, 0), np.float32), np.empty(0, np.int64)
    video = VideoContext(record.time, *frames, record.video_id, "")
    return Sample(video, around, [Comment(*one) for one in both])


def measured(path: Path) -> Iterator[tuple[str, str]]:
    """The name of each scorer, and its MRR on a set; "chance" first."""
    candidate_set = CandidateSet(path)
    samples = [sample_of(record) for record in candidate_set.samples()]
    answers = list(candidate_set.answers())
    correct = np.array([answer.types for answer in answers]) == "correct"
    videos = [answer.video_id for answer in answers]

    def mrr(scores: np.ndarray) -> str:
        values = HEADLINE.column(best_metrics(scores, correct))
        (interval,) = intervals(values[:, None], videos)
        return HEADLINE.format_with_interval(interval)

    yield "chance", mrr(np.zeros(correct.shape))
    for name, make in SCORERS.items():
        for in_order in (False, True):
            rows = make(in_order).score_samples(samples)
            yield f"{name}{', in order' * in_order}", mrr(np.array(rows, float))


def main() -> None:
    """Print the table."""
    old, new = map(Path, sys.argv[1:3])
    for name in sys.argv[3:] or sorted(path.parent.name for path in new.glob("*/manifest.json")):
        print(f"\n{name}\n\n| scorer | version 1 | version 2 |\n| --- | --: | --: |")
        for (scorer, first), (_, second) in zip(
            measured(old / name), measured(new / name), strict=True
        ):
            print(f"| {scorer} | {first} | {second} |", flush=True)


if __name__ == "__main__":
    main()
