"""The audit of a dataset as lines of text; ids and counts, never a comment or a title."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from livebench.audit.overlap import DatasetAudit

MOST = 20  # findings, and videos of one finding, that are shown; JSON has all


def describe(audit: DatasetAudit) -> list[str]:
    """What was found, most important first."""
    leaks = [(leak.kind, " and ".join(leak.splits), leak) for leak in audit.leaks]
    doubles = [(double.kind, double.split, double) for double in audit.duplicates]
    return [
        f"leaks between splits: {len(leaks) or 'none'}",
        *_findings(leaks),
        f"duplicates within a split: {len(doubles) or 'none'}",
        *_findings(doubles),
        "distinct comments of a video that occur in another split, mean over videos:",
        *[
            f"  {s.split} in {s.pool}: {s.share:.1%}, {s.excess:+.1%} [{s.low:+.1%}, {s.high:+.1%}] "
            f"against videos within {s.pool}; {s.videos} videos"
            for s in audit.shared
        ],
        "moments (protocol paper) with a correct comment that stands verbatim in the context:",
        *[
            f"  {c.split}: {c.moments_with_copy:,} of {c.moments:,} moments"
            f"{_share(c.moments_with_copy, c.moments)}, {c.copies:,} of {c.correct:,} correct "
            f"comments{_share(c.copies, c.correct)}"
            for c in audit.in_context
        ],
    ]


def _findings(found: Sequence[tuple]) -> Iterable[str]:
    for kind, where, finding in found[:MOST]:
        yield f"  {kind} in {where}: {_some(finding.videos)}; {finding.detail}"
    if len(found) > MOST:
        yield f"  and {len(found) - MOST:,} more"


def _some(videos: Sequence[str]) -> str:
    more = f" and {len(videos) - MOST:,} more" if len(videos) > MOST else ""
    return ", ".join(videos[:MOST]) + more


def _share(part: int, whole: int) -> str:
    return f" ({part / whole:.1%})" if whole else ""
