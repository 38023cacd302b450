"""How much wider are intervals over groups, such as series, than over videos?

    python benchmarks/groups.py SET DATASET SUBMISSION:RUN ...

From the committed scores in the setting `comments`, by sum; the text of the set is not needed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from livebench.candidates.candidate_set import CandidateSet
from livebench.data.dataset import Dataset
from livebench.scoring.answers import Answers
from livebench.scoring.metrics import HEADLINE, best_metrics, intervals
from livebench.submissions.load import Submission
from livebench.submissions.validate import read_scores


def main(folder: str, dataset: str, *submissions: str) -> None:
    candidate_set = CandidateSet(Path(folder))
    answers = Answers(candidate_set)
    group_of = {
        video.video_id: video.group or video.video_id for video in Dataset(Path(dataset)).videos
    }
    groups = [group_of[video] for video in answers.videos]
    print(f"{len(set(answers.videos))} videos, {len(set(groups))} groups")
    for named in submissions:
        path, _, run_name = named.rpartition(":")
        submission = Submission(Path(path))
        run = next(one for one in submission.card.runs if one.name == run_name)
        file = submission.scores_path(candidate_set.name, run, "comments")
        sums = read_scores(file, answers.sample_ids, candidate_set.manifest.hash).sums
        values = HEADLINE.column(best_metrics(sums, answers.correct))[:, None]
        one, other = (intervals(values, units)[0] for units in (answers.videos, groups))
        wider = (other.high - other.low) / (one.high - one.low)
        print(
            f"| {submission.card.name} | {HEADLINE.format_with_interval(one)} | "
            f"{HEADLINE.format_interval(other)} | {wider:.1f} |"
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
