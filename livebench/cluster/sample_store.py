"""The samples of a set on a worker's disk, each found by its id: memory holds one block."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence

import msgspec

from livebench.candidates.candidate_set import CandidateSet
from livebench.records import SampleRecord


class SampleStore:
    """The samples of a candidate set, unpacked once into a temporary file that ends with it.

    Raises:
        LiveBenchError: they are absent, or not the frozen ones.
    """

    def __init__(self, candidate_set: CandidateSet) -> None:
        candidate_set.check_text()
        self._file = tempfile.TemporaryFile(prefix="livebench-samples-")  # noqa: SIM115 (kept open)
        self._places: dict[str, tuple[int, int]] = {}
        encode, place = msgspec.json.Encoder().encode, 0
        for record in candidate_set.samples():
            line = encode(record)
            self._file.write(line)
            self._places[record.sample_id] = place, len(line)
            place += len(line)

    def records(self, names: Sequence[str]) -> list[SampleRecord]:
        """The samples of these ids."""
        found = []
        for name in names:
            place, size = self._places[name]
            self._file.seek(place)
            found.append(msgspec.json.decode(self._file.read(size), type=SampleRecord))
        return found
