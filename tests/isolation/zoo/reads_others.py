from pathlib import Path

from attempt import Attempt


class Mine(Attempt):
    def attempt(self):
        own = Path(__file__).resolve().parent
        others = [one for one in own.parent.glob("*/*") if one.is_file() and one.parent != own]
        return bool(others and others[0].read_bytes())
