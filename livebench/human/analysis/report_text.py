"""A report as text for a terminal and as Markdown: the same tables, laid out twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from livebench.human.analysis.correlation import Correlations
from livebench.human.analysis.report import HumanReport, table_rows
from livebench.human.analysis.resample import Estimate
from livebench.human.sheets.key import CRITERIA
from livebench.scoring.metrics import METRICS

Table = tuple[list[str], list[list[str]]]
"""Header and rows of cells."""


def value(found: float | None, digits: int = 2) -> str:
    return "undefined" if found is None else f"{round(found, 9):.{digits}f}"


def with_interval(found: Estimate, digits: int = 2) -> str:
    """ "3.55 [3.38, 3.72]"; what is undefined, or has no interval, with the reason."""
    if found.value is None:
        return found.why if found.why.startswith("undefined") else f"undefined: {found.why}"
    if found.low is None or found.high is None:
        return f"{value(found.value, digits)} ({found.why})"
    text = f"{value(found.value, digits)} [{value(found.low, digits)}, {value(found.high, digits)}]"
    return f"{text} ({found.why})" if found.why else text


def p_value(p: float | None) -> str:
    if p is None:
        return "undefined: no difference"
    return "<0.0001" if p < 0.0001 else f"{p:.4f}"


def means_table(report: HumanReport) -> Table:
    """The layout of Table 5."""
    return ["model", *(criterion.capitalize() for criterion in CRITERIA)], table_rows(report)


def intervals_table(report: HumanReport) -> Table:
    rows = []
    for one in report.systems:
        counts = sorted({found.n for found in one.criteria.values()})
        moments = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
        rows.append([one.system, *(with_interval(one.criteria[c]) for c in CRITERIA), moments])
    return ["model", *CRITERIA, "moments"], rows


def tests_table(report: HumanReport) -> Table:
    rows = [
        [
            f"{one.first} - {one.second}",
            one.criterion,
            with_interval(one.difference),
            str(one.difference.n),
            p_value(one.wilcoxon),
            p_value(one.wilcoxon_holm),
            p_value(one.permutation),
            p_value(one.permutation_holm),
        ]
        for one in report.comparisons
    ]
    names = [
        "pair",
        "criterion",
        "difference",
        "moments",
        "Wilcoxon p",
        "Holm",
        "permutation p",
        "Holm",
    ]
    return names, rows


def agreement_table(report: HumanReport) -> Table:
    pairs = [(pair.first, pair.second) for pair in report.agreement[0].pairs]
    names = [f"{first}, {second}" for first, second in pairs]
    rows = []
    for one in report.agreement:
        cells = [f"{with_interval(pair.spearman)} n={pair.spearman.n}" for pair in one.pairs]
        mean = f"{with_interval(one.mean)} pairs={one.mean.n}"
        rows.append([one.criterion, *cells, mean, f"{with_interval(one.alpha)} n={one.alpha.n}"])
    return ["Spearman", *names, "mean", "Krippendorff's alpha"], rows


def raters_table(report: HumanReport) -> Table:
    rows = []
    for one in report.raters:
        for criterion in CRITERIA:
            use, own = one.scales[criterion], one.repeats[criterion]
            twice = own.why or (
                f"equal {100 * own.equal:.0f}%, within 1 {100 * own.within_one:.0f}%, "
                f"Spearman {value(own.spearman)}"
            )
            counts = " ".join(map(str, use.counts))
            rows.append(
                [
                    one.rater,
                    criterion,
                    value(use.mean),
                    value(use.sd),
                    counts,
                    f"{twice} (n={own.n})",
                ]
            )
    return ["rater", "criterion", "mean", "sd", "how often 1 2 3 4 5", "items rated twice"], rows


def order_table(report: HumanReport) -> Table:
    """What each rater by himself makes of the systems."""
    rows = [
        [one.rater, system.system, *(value(one.scales[c].systems[system.system]) for c in CRITERIA)]
        for one in report.raters
        for system in report.systems
    ]
    return ["rater", "model", *CRITERIA], rows


def report_remarks(report: HumanReport) -> list[str]:
    """What a reader must know before the numbers."""
    counts, found = report.counts, []
    careless = report.careless
    if careless:
        found += [
            f"{name} looks careless, and is still in every number here: {reason}."
            for name, reasons in careless.items()
            for reason in reasons
        ]
        found.append(
            "To see the numbers without a rater leave out the file, and say so where you publish them."
        )
    elif len(report.raters) > 1:
        found.append("No rater looks careless.")
    else:
        found.append("One rater: there is nobody to agree with.")
    if report.absent:
        found.append(f"No file was given of {', '.join(report.absent)}.")
    missing = {name: number for name, number in counts.missing.items() if number}
    if missing:
        left = ", ".join(f"{name} {number}" for name, number in missing.items())
        found.append(f"Ratings missing: {left}; --missing {report.policy}.")
    if counts.dropped:
        found.append(f"{len(counts.dropped)} of {counts.items} items dropped for all raters.")
    if counts.shared:
        found.append(
            f"{counts.shared} of {counts.items} comments were written by several systems: rated once, "
            "counted for each."
        )
    return found


SECTIONS: tuple[tuple[str, str, Callable[[HumanReport], Table]], ...] = (
    ("Means", "Mean over moments of the mean over raters, 1 to 5.", means_table),
    (
        "Means with 95% intervals",
        "Studentised bootstrap over moments, those of a video kept together: other moments, the same "
        "raters.",
        intervals_table,
    ),
    (
        "Paired tests",
        "Difference of means with 95% interval; two-sided p of Wilcoxon's signed ranks and of a "
        "permutation of signs, by video; Holm over all rows.",
        tests_table,
    ),
    (
        "Agreement",
        "Over items, 95% intervals by bootstrap over moments. Pooled: the ratings of all criteria as "
        "one list; it is also above 0 because criteria differ in their means.",
        agreement_table,
    ),
    ("Raters", "First ratings, and second ones of the items that came twice.", raters_table),
    ("Means by rater", "Does each rater by himself order the systems alike?", order_table),
)


def heading(report: HumanReport) -> str:
    counts = report.counts
    repeats = ", ".join(f"{name} {number}" for name, number in counts.repeats.items())
    return (
        f"{counts.moments} moments of {counts.videos} videos, {counts.items} comments, "
        f"{len(report.raters)} raters; rated twice: {repeats}."
    )


def as_text(report: HumanReport) -> str:
    """The report for a terminal."""
    parts = [
        f"Human evaluation {report.name}: {heading(report)}",
        *report_remarks(report),
        report.signature,
    ]
    for title, what, table in SECTIONS:
        parts += ["", title, what, text_table(table(report))]
    return "\n".join(parts) + "\n"


def as_markdown(report: HumanReport) -> str:
    """The report as Markdown."""
    parts = [f"# Human evaluation: {report.name}", heading(report)]
    parts += [
        "\n".join(f"- {remark}" for remark in report_remarks(report)),
        f"`{report.signature}`",
    ]
    for title, what, table in SECTIONS:
        parts += [f"## {title}", what, markdown_table(table(report))]
    return "\n\n".join(parts) + "\n"


def text_table(table: Table) -> str:
    header, rows = table
    cells = [header, *rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in cells
    )
    return "\n".join(line.rstrip() for line in lines)


def markdown_table(table: Table) -> str:
    header, rows = table

    def line(cells: Sequence[str]) -> str:
        # Names of folders and numbers; a bar is the one mark that could break the table.
        return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"

    return "\n".join([line(header), line(["---"] * len(header)), *map(line, rows)])


def correlation_tables(found: Correlations) -> list[Table]:
    """Human means and metrics by system, then the correlations."""
    criteria = list(next(iter(found.human.values())))
    systems = [
        [
            name,
            *(value(found.human[name][criterion]) for criterion in criteria),
            *(metric.format(found.metrics[name][metric.name]) for metric in METRICS),
        ]
        for name in found.systems
    ]
    rows = []
    for one in found.rows:
        estimate = Estimate(one.value, one.low, one.high, len(found.systems), one.why)
        p = [p_value(one.p), p_value(one.p_holm)] if one.p is not None else ["-", "-"]
        rows.append([one.criterion, one.metric, one.coefficient, with_interval(estimate), *p])
    names = ["human means", "metric", "coefficient", "value", "p", "Holm"]
    return [(["model", *criteria, *(metric.name for metric in METRICS)], systems), (names, rows)]


def correlations_as(found: Correlations, layout: Callable[[Table], str]) -> str:
    """What `human-eval correlate` says, its tables laid out as text or as Markdown."""
    how = "every order counted" if found.exact else "random orders"
    systems, rows = correlation_tables(found)
    parts = [
        found.conclusion,
        layout(systems),
        f"Over n = {len(found.systems)} systems; MR is negated, so that 1 is the same order everywhere; "
        f"95% intervals by bootstrap over moments; two-sided permutation p ({how}), Holm over all rows "
        "with the same coefficient.",
        layout(rows),
        f"`{found.signature}`" if layout is markdown_table else found.signature,
    ]
    return "\n\n".join(parts) + "\n"
