"""The audit of a dataset as lines of text; ids and counts, never a comment or a title."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from livebench.audit.dataset_audit import DatasetAudit, Duplicate, Leak

_MOST_SHOWN = 20
"""Maximum findings shown, and videos per finding; JSON has all."""


def describe_dataset_audit(audit: DatasetAudit) -> list[str]:
    """The findings as lines of text, most important first."""
    leaks = [(leak.kind, " and ".join(leak.splits), leak) for leak in audit.leaks]
    doubles = [(double.kind, double.split, double) for double in audit.duplicates]
    return [
        f"leaks between splits: {len(leaks) or 'none'}",
        *_lines(leaks),
        f"duplicates within a split: {len(doubles) or 'none'}",
        *_lines(doubles),
        "distinct comments of a video that occur in another split, mean over videos:",
        *[
            f"  {s.split} in {s.pool}: {s.share:.1%}, {s.excess:+.1%} [{s.low:+.1%}, {s.high:+.1%}] "
            f"against videos within {s.pool}; {s.videos} videos"
            for s in audit.shared
        ],
        *_groups(audit),
        "moments (protocol paper) with a correct comment that stands verbatim in the context:",
        *[
            f"  {c.split}: {c.moments_with_copy:,} of {c.moments:,} moments"
            f"{_share(c.moments_with_copy, c.moments)}, {c.copies:,} of {c.correct:,} correct "
            f"comments{_share(c.copies, c.correct)}"
            for c in audit.in_context
        ],
    ]


def _groups(audit: DatasetAudit) -> Iterator[str]:
    """What groups share across splits; nothing of a dataset without groups."""
    if not audit.groups:
        return
    if not audit.shared_groups:
        yield f"groups: {audit.groups}, none in two splits"
        return
    yield f"groups: {audit.groups}; comments of a video that occur in another split, mean over groups:"
    for s in audit.shared_groups:
        yield (
            f"  {s.split} in {s.pool}: {s.own:.1%} in videos of its group, {s.other:.1%} in as many of "
            f"others, {s.own - s.other:+.1%} [{s.low:+.1%}, {s.high:+.1%}]; "
            f"{s.groups} groups, {s.videos} videos"
        )


def _lines(findings: Sequence[tuple[str, str, Leak | Duplicate]]) -> Iterator[str]:
    for kind, splits, finding in findings[:_MOST_SHOWN]:
        yield f"  {kind} in {splits}: {_some(finding.videos)}; {finding.detail}"
    if len(findings) > _MOST_SHOWN:
        yield f"  and {len(findings) - _MOST_SHOWN:,} more"


def _some(videos: Sequence[str]) -> str:
    hidden = len(videos) - _MOST_SHOWN
    return ", ".join(videos[:_MOST_SHOWN]) + (f" and {hidden:,} more" if hidden > 0 else "")


def _share(part: int, whole: int) -> str:
    return f" ({part / whole:.1%})" if whole else ""
