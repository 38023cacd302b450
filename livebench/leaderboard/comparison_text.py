"""A comparison in words that a reviewer can paste: Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from livebench.leaderboard.comparison import Compared
from livebench.leaderboard.moments import RankedCandidate, RankedMoment
from livebench.scoring.metrics import HEADLINE, METRICS, Interval, Metric
from livebench.scoring.paired import SIGNIFICANCE_LEVEL, Difference, Wins
from livebench.scoring.resampling import RESAMPLES
from livebench.scoring.significance import NEAR_FLIPS, format_p
from livebench.tables import markdown_cell, markdown_code


def summarise_comparisons(compared: Sequence[Compared]) -> str:
    """A table of all comparisons of two submissions: a row for each set and setting."""
    first, second = markdown_cell(compared[0].first), markdown_cell(compared[0].second)
    name = HEADLINE.name
    lines = [
        f"### {first} and {second}",
        "",
        f"| set, setting | {first} | {second} | difference in {name} | 95% interval | p | better |",
        "| --- | --: | --: | --: | --: | --: | --- |",
    ]
    for one in compared:
        headline = one.comparison.metrics[name]
        cells = [
            f"{markdown_cell(one.set_name)}, {one.setting}",
            HEADLINE.format(headline.first.value),
            HEADLINE.format(headline.second.value),
            HEADLINE.format(headline.difference.value),
            HEADLINE.format_interval(headline.difference),
            format_p(one.p_board),
            markdown_cell(_better(one)) or "not significant",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", "p: adjusted for all pairs of the board.", "", ""])


def _better(compared: Compared) -> str:
    """The folder of the one that is significantly better; empty if none is."""
    if compared.p_board >= SIGNIFICANCE_LEVEL:
        return ""
    difference = compared.comparison.metrics[HEADLINE.name].difference
    return compared.first if difference.value > 0 else compared.second


def describe_comparison(
    compared: Compared, comparisons: int, moments: Sequence[RankedMoment] = ()
) -> str:
    """Heading, two sentences, a table of metrics, who wins where, and the samples that differ most.

    Args:
        comparisons: how many were asked for together, for which p was corrected.
        moments: those of the samples that are shown with their comments.
    """
    comparison, first, second = (
        compared.comparison,
        markdown_cell(compared.first),
        markdown_cell(compared.second),
    )
    lines = [
        f"### {first} and {second} on {markdown_cell(compared.set_name)}, setting `{compared.setting}`",
        "",
        _conclusion(compared, comparisons),
        "",
        f"| | {first} | {second} | difference | 95% interval | p |",
        "| --- | --: | --: | --: | --: | --: |",
        *(_metric_row(metric, comparison.metrics[metric.name]) for metric in METRICS),
        "",
        f"{first} ranks a correct comment higher in "
        f"{_wins(comparison.by_sample, comparison.samples, 'samples', second)}; by the mean reciprocal "
        f"rank of a video it is ahead in "
        f"{_wins(comparison.by_video, comparison.videos, 'videos', second)}.",
        "",
        f"Intervals: bootstrap-t over videos, and over training seeds where there are several runs. p: "
        f"two-sided, from a paired permutation test that flips the signs of whole videos, "
        f"{RESAMPLES:,} times ({NEAR_FLIPS:,} where p is near 5%, in every way where there are fewer), "
        f"seed 0; in the table not corrected for several metrics.",
        "",
    ]
    if comparison.largest:
        lines += [
            f"The {len(comparison.largest)} samples that differ most in reciprocal rank, and the rank "
            "of the best-placed correct comment (mean over ties and runs):",
            "",
            f"| sample | category | {first} | {second} |",
            "| --- | --- | --: | --: |",
            *(
                f"| {markdown_cell(sample.sample_id, 100)} | {markdown_cell(sample.category)} | "
                f"{sample.first_rank:.4g} | {sample.second_rank:.4g} |"
                for sample in comparison.largest
            ),
            "",
            *(line for moment in moments for line in _moment(moment, (first, second))),
        ]
    return "\n".join([*lines, markdown_code(compared.signature), ""])


def _conclusion(compared: Compared, comparisons: int) -> str:
    comparison = compared.comparison
    headline = comparison.metrics[HEADLINE.name]
    where = f"On {comparison.samples:,} samples of {comparison.videos:,} videos"
    values = [
        f"{markdown_cell(name)} reaches {HEADLINE.name} {_with_interval(interval)}"
        for name, interval in (
            (compared.first, headline.first),
            (compared.second, headline.second),
        )
    ]
    better = _better(compared)
    verdict = (
        f"is significant at 5%: {markdown_cell(better)} is better"
        if better
        else "is not significant at 5%"
    )
    p = [_p(headline.p)]
    if compared.rows > 2:
        p = [
            f"{_p(compared.p_board)} for all pairs of the {compared.rows} rows of the board",
            f"{format_p(headline.p)} for this pair alone",
        ]
    if comparisons > 1:
        p.append(f"{format_p(compared.p_holm)} after Holm over {comparisons} comparisons")
    return (
        f"{where}, {values[0]}, and {values[1]}. The difference of "
        f"{_with_interval(headline.difference)} {verdict} ({'; '.join(p)})."
    )


def _p(p: float) -> str:
    return f"p = {p:.4f}" if p >= 0.00005 else "p < 0.0001"


_FIRST = 3
"""Candidates of each submission that are shown of a moment."""


def _moment(moment: RankedMoment, names: tuple[str, str]) -> list[str]:
    """A moment with text: what was written around it, and what each puts first."""
    if not any(candidate.text for candidate in moment.candidates):
        return []
    correct = [one for one in moment.candidates if one.type == "correct"]
    best = [
        (name, sorted(moment.candidates, key=lambda one: one.ranks[side])[:_FIRST])
        for side, name in enumerate(names)
    ]
    lines = [
        f"**{markdown_cell(moment.sample_id, 100)}** {markdown_cell(moment.title)}".rstrip(),
        "",
    ]
    around = " / ".join(markdown_cell(comment.text) for comment in moment.context)
    lines += [f"- around: {around or 'nothing'}"]
    lines += [f"- written: {_texts(correct)}"]
    lines += [f"- {name} puts first: {_texts(first)}" for name, first in best]
    return [*lines, ""]


def _texts(candidates: Sequence[RankedCandidate]) -> str:
    return " / ".join(
        markdown_cell(one.text) + (" (correct)" if one.type == "correct" else "")
        for one in candidates
    )


def _with_interval(interval: Interval) -> str:
    return f"{HEADLINE.format(interval.value)} (95% interval {HEADLINE.format_interval(interval)})"


def _metric_row(metric: Metric, difference: Difference) -> str:
    cells = [
        metric.name,
        metric.format(difference.first.value),
        metric.format(difference.second.value),
        metric.format(difference.difference.value),
        metric.format_interval(difference.difference),
        format_p(difference.p),
    ]
    return f"| {' | '.join(cells)} |"


def _wins(wins: Wins, total: int, things: str, second: str) -> str:
    return (
        f"{wins.first:,} of {total:,} {things}, {second} in {wins.second:,} (equal: {wins.equal:,})"
    )
