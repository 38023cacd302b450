from pathlib import Path

from attempt import Attempt


class Mine(Attempt):
    def attempt(self):
        found = b""
        for place in Path("/proc").glob("[0-9]*/environ"):
            try:
                found += place.read_bytes()
            except OSError:
                continue
        return b"LIVEBENCH_ZOO_TOKEN" in found
