import os
from pathlib import Path

from attempt import Attempt


class Mine(Attempt):
    def attempt(self):
        # Something that stands in LiveBench's memory, and not in that of bubblewrap.
        wanted = b"livebench." + b"scoring.evaluation"
        parent = Path(f"/proc/{os.getppid()}")
        with (parent / "maps").open() as maps, (parent / "mem").open("rb") as memory:
            for line in maps:
                place, rights = line.split()[:2]
                if rights.startswith("rw"):
                    start, end = (int(one, 16) for one in place.split("-"))
                    memory.seek(start)
                    if end - start < 1 << 28 and wanted in memory.read(end - start):
                        return True
        return False
