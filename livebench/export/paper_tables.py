"""Tables of results for papers, in Markdown and LaTeX: the same numbers in both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from livebench.export.citation import bibtex_key
from livebench.scoring.metrics import METRICS, Interval, Metric
from livebench.tables import Markdown, markdown_cell, markdown_code, markdown_table


@dataclass(frozen=True)
class PaperRow:
    """A submission in a setting, or chance (`folder` is empty).

    Attributes:
        ranks: those that the tests allow, such as "1-3"; empty if it has none.
        runs: trainings that the values are means over.
    """

    setting: str
    name: str
    folder: str
    metrics: Mapping[str, Interval]
    score: str
    ranks: str
    runs: int


@dataclass(frozen=True)
class PaperTable:
    """The rows of a set, setting by setting, chance last in each."""

    set_name: str
    protocol: str
    version: int
    samples: int
    videos: int
    rows: list[PaperRow]
    signatures: list[str]

    @property
    def explanation(self) -> str:
        """What a reader of the numbers must know, in plain words."""
        seeds = " and training seeds" if any(row.runs > 1 for row in self.rows) else ""
        return (
            f"{self.samples:,} samples of {self.videos} videos, protocol {self.protocol} version "
            f"{self.version}. Values of the best-placed correct candidate, recalls in per cent, with "
            f"95% intervals over videos{seeds}; ties count by expectation. Rank: those that the tests "
            "allow among attested models and baselines of the leaderboard, by MRR. Chance is exact."
        )


_COLUMNS = ("setting", "model", "score", *(metric.name for metric in METRICS), "rank")


def markdown(table: PaperTable) -> str:
    """Heading, table, explanation, signatures."""
    rows = [
        [
            row.setting,
            row.name,
            row.score,
            *(_markdown_value(metric, row) for metric in METRICS),
            row.ranks,
        ]
        for row in table.rows
    ]
    return "\n".join(
        [
            f"### {markdown_cell(table.set_name)}",
            "",
            markdown_table(_COLUMNS, rows, left=3),
            "",
            markdown_cell(table.explanation, 1000),
            "",
            *(f"- {markdown_code(signature)}" for signature in table.signatures),
        ]
    )


def _markdown_value(metric: Metric, row: PaperRow) -> str:
    interval = row.metrics[metric.name]
    value = metric.format(interval.value)
    return Markdown(f"{value} {_bounds(metric, interval)}") if row.folder else value


def _bounds(metric: Metric, interval: Interval) -> str:
    return f"[{metric.format(interval.low)}, {metric.format(interval.high)}]"


def latex(table: PaperTable) -> str:
    """A `table*` for `booktabs`; label tab:livebench-SET."""
    lines = [
        "\\begin{table*}",
        "\\centering\\footnotesize",
        f"\\begin{{tabular}}{{lll{'r' * len(METRICS)}c}}",
        "\\toprule",
        f"{' & '.join(map(_tex, _COLUMNS))} \\\\",
    ]
    setting = ""
    for row in table.rows:
        if row.setting != setting:
            lines.append("\\midrule")
        shown = row.setting if row.setting != setting else ""
        setting = row.setting
        values = [_latex_value(metric, row) for metric in METRICS]
        ranks = _tex(row.ranks).replace("-", "--") or "--"
        name = _tex(row.name) if row.folder else f"\\emph{{{_tex(row.name)}}}"
        lines.append(f"{' & '.join([_tex(shown), name, _tex(row.score), *values, ranks])} \\\\")
    signatures = "; ".join(f"\\texttt{{{_tex(signature)}}}" for signature in table.signatures)
    signatures = signatures.replace("\\textbar{}", "\\textbar{}\\allowbreak{}")
    lines += [
        "\\bottomrule",
        "\\end{tabular}",
        f"\\caption{{LiveBench (danmaku)~\\cite{{{bibtex_key()}}}, set {_tex(table.set_name)}. "
        f"{_tex(table.explanation)} Signatures: {signatures}.}}",
        f"\\label{{tab:livebench-{table.set_name}}}",
        "\\end{table*}",
        "",
    ]
    return "\n".join(lines)


def _latex_value(metric: Metric, row: PaperRow) -> str:
    interval = row.metrics[metric.name]
    value = metric.format(interval.value)
    if not row.folder:
        return f"\\emph{{{value}}}"
    return f"{value} {{\\tiny {_bounds(metric, interval)}}}"


_TEX = {
    "\\": "\\textbackslash{}",
    "~": "\\textasciitilde{}",
    "^": "\\textasciicircum{}",
    "|": "\\textbar{}",
    "<": "\\textless{}",
    ">": "\\textgreater{}",
    **{mark: f"\\{mark}" for mark in "&%$#_{}"},
}


def _tex(text: str) -> str:
    """Text in which no mark means anything to LaTeX."""
    return "".join(_TEX.get(mark, mark) for mark in text)
