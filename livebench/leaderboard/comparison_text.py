"""A comparison in words that a reviewer can paste: Markdown."""

from __future__ import annotations

from livebench.leaderboard.comparison import Compared
from livebench.leaderboard.markdown import cell
from livebench.scoring.metrics import HEADLINE, METRICS, Metric
from livebench.scoring.paired import SIGNIFICANCE_LEVEL, Difference, Wins
from livebench.scoring.significance import RESAMPLES, format_p


def describe(found: Compared, comparisons: int) -> str:
    """Heading, two sentences, a table of metrics, who wins where, and the samples that differ most.

    Args:
        comparisons: how many were asked for together, for which p was corrected.
    """
    comparison, first, second = found.comparison, cell(found.first), cell(found.second)
    lines = [
        f"### {first} and {second} on {found.set_name}, setting `{found.setting}`",
        "",
        _conclusion(found, comparisons),
        "",
        f"| | {first} | {second} | difference | 95% interval | p |",
        "| --- | --: | --: | --: | --: | --: |",
        *(_metric(metric, comparison.metrics[metric.name]) for metric in METRICS),
        "",
        f"{first} ranks a correct comment higher in "
        f"{_wins(comparison.by_sample, comparison.samples, 'samples', second)}; by the mean reciprocal "
        f"rank of a video it is ahead in "
        f"{_wins(comparison.by_video, comparison.videos, 'videos', second)}.",
        "",
        f"Intervals: bootstrap over videos. p: two-sided, paired permutation test that flips the signs "
        f"of whole videos, {RESAMPLES:,} times (all ways, where there are fewer), seed 0; in the table "
        f"not corrected for several metrics.",
        "",
    ]
    if comparison.largest:
        lines += [
            f"The {len(comparison.largest)} samples that differ most in reciprocal rank, and the rank "
            "of the best-placed correct comment (ties and runs are means):",
            "",
            f"| sample | category | {first} | {second} |",
            "| --- | --- | --: | --: |",
            *(
                f"| {cell(one.sample_id, 100)} | {cell(one.category)} | {one.first_rank:.4g} | "
                f"{one.second_rank:.4g} |"
                for one in comparison.largest
            ),
            "",
        ]
    return "\n".join([*lines, f"`{found.signature}`", ""])


def _conclusion(found: Compared, comparisons: int) -> str:
    comparison = found.comparison
    mrr = comparison.metrics[HEADLINE.name]
    where = f"On {comparison.samples:,} samples of {comparison.videos:,} videos"
    values = [
        f"{cell(name)} reaches {HEADLINE.name} {HEADLINE.format(one.value)} "
        f"(95% interval {HEADLINE.format_interval(one)})"
        for name, one in ((found.first, mrr.first), (found.second, mrr.second))
    ]
    together = (
        f", after Holm over {comparisons} comparisons {format_p(found.p_holm)}"
        if comparisons > 1
        else ""
    )
    if found.p_holm >= SIGNIFICANCE_LEVEL:
        verdict = "cannot be told from 0 at 5%"
    else:
        better = found.first if mrr.difference.value > 0 else found.second
        verdict = f"is significant at 5%: {cell(better)} is better"
    return (
        f"{where}, {values[0]}, and {values[1]}. The difference of "
        f"{HEADLINE.format(mrr.difference.value)} "
        f"(95% interval {HEADLINE.format_interval(mrr.difference)}) "
        f"{verdict} (p = {format_p(mrr.p)}{together}).".replace("= below", "below")
    )


def _metric(metric: Metric, found: Difference) -> str:
    cells = [
        metric.name,
        metric.format(found.first.value),
        metric.format(found.second.value),
        metric.format(found.difference.value),
        metric.format_interval(found.difference),
        format_p(found.p),
    ]
    return f"| {' | '.join(cells)} |"


def _wins(wins: Wins, total: int, things: str, second: str) -> str:
    return (
        f"{wins.first:,} of {total:,} {things}, {second} in {wins.second:,} (equal: {wins.equal:,})"
    )
