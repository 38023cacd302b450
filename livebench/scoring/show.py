"""How numbers are written, wherever a person reads them."""

from __future__ import annotations

from livebench.scoring.metrics import METRICS, Interval

DIGITS = {"R@1": 2, "R@5": 2, "R@10": 2, "MR": 2, "MRR": 4}


def number(metric: str, value: float) -> str:
    """A value with the digits of its metric; the same text for values equal to within 1e-9."""
    return f"{round(value, 9):z.{DIGITS[metric]}f}"


def interval(metric: str, found: Interval) -> str:
    """The 95% interval, as "11.02 to 13.61"."""
    return f"{number(metric, found.low)} to {number(metric, found.high)}"


def p_value(p: float) -> str:
    """A p with four digits; never 0."""
    return f"{p:.4f}" if p >= 0.00005 else "below 0.0001"


def table(rows: dict[str, dict[str, Interval]]) -> str:
    """Metrics in columns and a line for each row: value and interval."""
    cells = [["", *METRICS]]
    for name, metrics in rows.items():
        values = [f"{number(m, metrics[m].value)} [{interval(m, metrics[m])}]" for m in METRICS]
        cells.append([name, *values])
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in cells
    )
    return "\n".join(line.rstrip() for line in lines)
