"""A report as text for a terminal and as Markdown: the same tables, laid out twice."""

from __future__ import annotations

from collections.abc import Callable

from livebench.human.analysis.correlation import Correlations
from livebench.human.analysis.report import HumanReport
from livebench.human.analysis.resample import Estimate
from livebench.human.sheets.key import CRITERIA
from livebench.scoring.metrics import METRICS
from livebench.scoring.significance import format_p
from livebench.tables import markdown_cell, markdown_code, markdown_table, text_table

Cells = tuple[list[str], list[list[str]]]
"""Header and rows of a table."""


def two_digits(number: float | None) -> str:
    return "undefined" if number is None else f"{round(number, 9):.2f}"


def with_interval(estimate: Estimate) -> str:
    """ "3.55 [3.38, 3.72]"; what is undefined, or has no interval, with the reason."""
    if estimate.value is None:
        why = estimate.why
        return why if why.startswith("undefined") else f"undefined: {why}"
    text = two_digits(estimate.value)
    if estimate.low is not None and estimate.high is not None:
        text += f" [{two_digits(estimate.low)}, {two_digits(estimate.high)}]"
    return f"{text} ({estimate.why})" if estimate.why else text


def _p_or_reason(p: float | None) -> str:
    return "undefined: no difference" if p is None else format_p(p)


def means_cells(report: HumanReport) -> Cells:
    """The layout of Table 5."""
    rows = [
        [means.system, *(two_digits(means.criteria[criterion].value) for criterion in CRITERIA)]
        for means in report.systems
    ]
    return ["model", *(criterion.capitalize() for criterion in CRITERIA)], rows


def intervals_cells(report: HumanReport) -> Cells:
    """The means with intervals, and over how many moments they are."""
    rows = []
    for means in report.systems:
        counts = sorted({estimate.n for estimate in means.criteria.values()})
        moments = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
        rows.append([means.system, *(with_interval(means.criteria[c]) for c in CRITERIA), moments])
    return ["model", *CRITERIA, "moments"], rows


def _tests_cells(report: HumanReport) -> Cells:
    header = ["pair", "criterion", "difference", "moments"]
    rows = [
        [
            f"{pair.first} - {pair.second}",
            pair.criterion,
            with_interval(pair.difference),
            str(pair.difference.n),
            *map(_p_or_reason, (pair.wilcoxon, pair.wilcoxon_holm)),
            *map(_p_or_reason, (pair.permutation, pair.permutation_holm)),
        ]
        for pair in report.comparisons
    ]
    return [*header, "Wilcoxon p", "Holm", "permutation p", "Holm"], rows


def _agreement_cells(report: HumanReport) -> Cells:
    names = [f"{pair.first}, {pair.second}" for pair in report.agreement[0].pairs]
    rows = []
    for agreement in report.agreement:
        mean, alpha = agreement.mean, agreement.alpha
        rows.append(
            [
                agreement.criterion,
                *(f"{with_interval(p.spearman)} n={p.spearman.n}" for p in agreement.pairs),
                f"{with_interval(mean)} pairs={mean.n}",
                f"{with_interval(alpha)} n={alpha.n}",
            ]
        )
    return ["Spearman", *names, "mean", "Krippendorff's alpha"], rows


def _raters_cells(report: HumanReport) -> Cells:
    rows = []
    for rater in report.raters:
        for criterion in CRITERIA:
            scale, repeats = rater.scales[criterion], rater.repeats[criterion]
            agreed = repeats.why
            if repeats.equal is not None and repeats.within_one is not None and not agreed:
                equal, close = 100 * repeats.equal, 100 * repeats.within_one
                agreed = f"equal {equal:.0f}%, within 1 {close:.0f}%, "
                agreed += f"Spearman {two_digits(repeats.spearman)}"
            numbers = [
                two_digits(scale.mean),
                two_digits(scale.sd),
                " ".join(map(str, scale.counts)),
            ]
            rows.append([rater.rater, criterion, *numbers, f"{agreed} (n={repeats.n})"])
    return ["rater", "criterion", "mean", "sd", "how often 1 2 3 4 5", "items rated twice"], rows


def _order_cells(report: HumanReport) -> Cells:
    """What each rater alone makes of the systems."""
    rows = [
        [
            rater.rater,
            means.system,
            *(two_digits(rater.scales[c].systems[means.system]) for c in CRITERIA),
        ]
        for rater in report.raters
        for means in report.systems
    ]
    return ["rater", "model", *CRITERIA], rows


def report_remarks(report: HumanReport) -> list[str]:
    """What a reader must know before the numbers."""
    counts, careless = report.counts, report.careless
    if careless:
        remarks = [
            f"{name} looks careless, and is still in every number here: {reason}."
            for name, reasons in careless.items()
            for reason in reasons
        ]
        remarks.append(
            "To see the numbers without a rater leave out the file, and say so where you publish them."
        )
    elif len(report.raters) > 1:
        remarks = ["No rater looks careless."]
    else:
        remarks = ["One rater: there is nobody to agree with."]
    if report.absent:
        remarks.append(f"No file was given for {', '.join(report.absent)}.")
    missing = ", ".join(f"{name} {number}" for name, number in counts.missing.items() if number)
    if missing:
        remarks.append(f"Ratings missing: {missing}; --missing {report.policy}.")
    if counts.dropped:
        remarks.append(f"{len(counts.dropped)} of {counts.items} items dropped for all raters.")
    if counts.shared:
        remarks.append(
            f"{counts.shared} of {counts.items} comments were written by several systems: rated once, "
            "counted for each."
        )
    return remarks


_SECTIONS: tuple[tuple[str, str, Callable[[HumanReport], Cells]], ...] = (
    ("Means", "Mean over moments of the mean over raters, 1 to 5.", means_cells),
    (
        "Means with 95% intervals",
        "Studentised bootstrap over moments, those of a video kept together: other moments, the same "
        "raters.",
        intervals_cells,
    ),
    (
        "Paired tests",
        "Difference of means with 95% interval; two-sided p of Wilcoxon's signed ranks and of a "
        "permutation of signs, by video; Holm over all rows.",
        _tests_cells,
    ),
    (
        "Agreement",
        "Over items, 95% intervals by bootstrap over moments. Pooled: the ratings of all criteria as "
        "one list; it is also above 0 because criteria differ in their means.",
        _agreement_cells,
    ),
    ("Raters", "First ratings, and second ones of the items that came twice.", _raters_cells),
    ("Means by rater", "Does each rater alone order the systems alike?", _order_cells),
)


def _heading(report: HumanReport) -> str:
    counts = report.counts
    repeats = ", ".join(f"{name} {number}" for name, number in counts.repeats.items())
    return (
        f"{counts.moments} moments of {counts.videos} videos, {counts.items} comments, "
        f"{len(report.raters)} raters; rated twice: {repeats}."
    )


def as_text(report: HumanReport) -> str:
    """The report for a terminal."""
    parts = [f"Human evaluation {report.name}: {_heading(report)}", *report_remarks(report)]
    parts.append(report.signature)
    for title, explanation, cells in _SECTIONS:
        parts += ["", title, explanation, text_table(*cells(report))]
    return "\n".join(parts) + "\n"


def as_markdown(report: HumanReport) -> str:
    """The report as Markdown."""
    parts = [
        f"# Human evaluation: {markdown_cell(report.name)}",
        markdown_cell(_heading(report), 1000),
    ]
    parts += [
        "\n".join(f"- {markdown_cell(remark, 1000)}" for remark in report_remarks(report)),
        markdown_code(report.signature),
    ]
    for title, explanation, cells in _SECTIONS:
        parts += [f"## {title}", explanation, markdown_table(*cells(report))]
    return "\n\n".join(parts) + "\n"


def correlations_as(correlations: Correlations, *, markdown: bool) -> str:
    """What `human-eval correlate` says: human means and metrics by system, then the correlations."""
    table = markdown_table if markdown else text_table
    criteria = list(next(iter(correlations.human.values())))
    systems = [
        [
            name,
            *(two_digits(correlations.human[name][criterion]) for criterion in criteria),
            *(metric.format(correlations.metrics[name][metric.name]) for metric in METRICS),
        ]
        for name in correlations.systems
    ]
    rows = []
    for row in correlations.rows:
        estimate = Estimate(row.value, row.low, row.high, len(systems), row.why)
        p = ["-" if p is None else format_p(p) for p in (row.p, row.p_holm)]
        rows.append([row.criterion, row.metric, row.coefficient, with_interval(estimate), *p])
    how = "every order counted" if correlations.exact else "random orders"
    negated = " and ".join(metric.name for metric in METRICS if not metric.higher_is_better)
    parts = [
        correlations.conclusion,
        table(["model", *criteria, *(metric.name for metric in METRICS)], systems),
        f"Over n = {len(systems)} systems; {negated} is negated, so that 1 always means the same order; "
        f"95% intervals by bootstrap over moments; two-sided permutation p ({how}), Holm over all rows "
        "with the same coefficient.",
        table(["human means", "metric", "coefficient", "value", "p", "Holm"], rows),
        markdown_code(correlations.signature) if markdown else correlations.signature,
    ]
    return "\n\n".join(parts) + "\n"
