"""The card of a candidate set for the hub: its YAML by the hub's own library, its text by a template."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from livebench import __version__
from livebench.audit.set_audit import SetAudit
from livebench.candidates.candidate_set import CandidateSet
from livebench.candidates.protocol import protocol_fields
from livebench.data.dataset import Dataset
from livebench.export.citation import bibtex, bibtex_key
from livebench.export.licences import open_licence
from livebench.scoring.metrics import HEADLINE, METRICS
from livebench.sources.source import Source
from livebench.tables import Markdown, escaped, markdown_code, markdown_table

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_TAGS = ["danmaku", "live-comments", "bullet-screen", "livebench-danmaku"]


@dataclass(frozen=True)
class HubSource:
    """What is known of the dataset that a set was built from.

    Attributes:
        language, licence, origin, citation: as in dataset.toml, or in the source that LiveBench knows;
            empty if unknown.
        terms: what may be done with the comments.
        text: the dataset, if its text may be published again.
        getting: the command that makes or fetches the dataset; empty if there is none.
    """

    language: str = ""
    licence: str = ""
    origin: str = ""
    citation: str = ""
    terms: str = ""
    text: Dataset | None = None
    getting: str = ""

    @classmethod
    def of(
        cls, candidate_set: CandidateSet, dataset: Dataset | None, known: Source | None
    ) -> HubSource:
        """What the dataset says, if it is at hand; else what LiveBench knows of its source."""
        frozen = candidate_set.manifest.dataset
        language = frozen.language if isinstance(frozen.language, str) else "zh"
        getting = f"livebench get {known.name}" if known else ""
        if frozen.recipe:
            folder = f"datasets/{frozen.name}"
            getting = f"livebench {' '.join(frozen.recipe)} --out {folder}"
        terms = known.terms if known else ""
        if dataset is None:
            if known is None:
                return cls(language, getting=getting)
            return cls(
                known.language,
                known.licence,
                known.repository,
                known.citation,
                terms,
                None,
                getting,
            )
        info = dataset.info
        text = dataset if open_licence(info.licence) and not terms else None
        return cls(info.language, info.licence, info.source, info.citation, terms, text, getting)


def hub_card(
    candidate_set: CandidateSet,
    source: HubSource,
    audit: SetAudit | None,
    features: Any,
    columns: dict[str, list[str]],
    size: tuple[int, int],
) -> str:
    """README.md: YAML between dashes, then Markdown.

    Args:
        features: of all columns, as `datasets.Features`.
        columns: those of each config.
        size: the number of samples, and of bytes of the file.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(  # nosec B701 (Markdown: `escaped` takes the place of Jinja's escaping)
        loader=PackageLoader("livebench.export"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=escaped,
    )
    manifest = candidate_set.manifest
    text = environment.get_template("hub_card.md.j2").render(
        set=candidate_set,
        manifest=manifest,
        protocol=manifest.protocol,
        source=source,
        columns=columns,
        count=size[0],
        audit=audit,
        audit_table=_audit_table(audit) if audit else "",
        rules=_rules(candidate_set),
        drawn=_drawn(candidate_set, size[0]),
        code=markdown_code,
        bibtex=Markdown(bibtex(candidate_set.manifest.signature)),
        key=bibtex_key(),
        version=__version__,
    )
    return f"---\n{_yaml(candidate_set, source, features, columns, size)}\n---\n\n{text}"


def _yaml(
    candidate_set: CandidateSet,
    source: HubSource,
    features: Any,
    columns: dict[str, list[str]],
    size: tuple[int, int],
) -> str:
    from datasets import Features, SplitInfo
    from datasets.info import DatasetInfo, DatasetInfosDict
    from datasets.splits import SplitDict
    from huggingface_hub import DatasetCardData

    manifest, licence = candidate_set.manifest, open_licence(source.licence)
    split, path = manifest.split, f"data/{manifest.split}.parquet"
    count, byte_count = size
    main = list(columns)[-1]
    configs = [
        {
            "config_name": name,
            "data_files": [{"split": split, "path": path}],
            **({"columns": names} if names != list(features) else {}),
            **({"default": True} if name == main else {}),
        }
        for name, names in columns.items()
    ]
    other: Any = {"license_name": "other", "license_link": source.origin or "unknown"}
    card = DatasetCardData(
        pretty_name=f"LiveBench (danmaku): {candidate_set.name}",
        language=[source.language] if source.language else None,
        license=licence or "other",
        size_categories=[next((name for most, name in _SIZES if count < most), "n>1M")],
        task_categories=["multiple-choice", "text-ranking"],
        multilinguality=["monolingual"],
        annotations_creators=["no-annotation"],
        language_creators=["machine-generated" if manifest.dataset.recipe else "found"],
        source_datasets=["original"],
        tags=[*_TAGS, *([] if source.text else ["ids-only"])],
        configs=configs,
        **(other if not licence else {}),
    )
    DatasetInfosDict(
        {
            name: DatasetInfo(
                config_name=name,
                features=Features({column: features[column] for column in names}),
                splits=SplitDict({split: SplitInfo(split, byte_count, count)}),
                download_size=byte_count,
                dataset_size=byte_count,
            )
            for name, names in columns.items()
        }
    ).to_dataset_card_data(card)
    return str(card.to_yaml()).rstrip("\n")


def _audit_table(audit: SetAudit) -> Markdown:
    """Probes with their verdicts; of a probe and its opposite the one that gets further."""
    first = METRICS[0]
    best: dict[str, Any] = {}
    for finding in audit.findings:
        name = re.sub("^not: ", "", finding.probe)
        reached = finding.metrics[HEADLINE.name].value
        if name not in best or reached > best[name].metrics[HEADLINE.name].value:
            best[name] = finding
    rows = [
        [
            "chance",
            "",
            first.format(audit.chance[first.name]),
            HEADLINE.format(audit.chance["MRR"]),
            "",
        ]
    ] + [
        [
            finding.probe,
            finding.verdict,
            first.format(finding.metrics[first.name].value),
            HEADLINE.format_with_interval(finding.metrics[HEADLINE.name]),
            f"{finding.p:.4f}",
        ]
        for finding in best.values()
    ]
    header = ["probe", "verdict", first.name, f"{HEADLINE.name} [95% interval]", "p (Holm)"]
    return Markdown(markdown_table(header, rows, left=2))


def _rules(candidate_set: CandidateSet) -> Markdown:
    """Every choice of the protocol, and why."""
    protocol = candidate_set.manifest.protocol
    rows = [
        [name, _written(value), protocol.reasons.get(name, "")]
        for name, value in protocol_fields(protocol).items()
        if name not in ("name", "version", "summary", "source")
    ]
    return Markdown(markdown_table(["choice", "value", "why"], rows, left=3))


def _drawn(candidate_set: CandidateSet, samples: int) -> str:
    """Candidates of each type a sample."""
    types = candidate_set.manifest.types
    return ", ".join(f"{name} {number / samples:.2f}" for name, number in types.items())


def _written(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
