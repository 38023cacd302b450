import os
import signal
from pathlib import Path

from attempt import Attempt


class Mine(Attempt):
    def attempt(self):
        # The parent is the process that this one is a copy of.
        stat = Path(f"/proc/{os.getppid()}/stat").read_text()
        os.kill(int(stat.rpartition(")")[2].split()[1]), signal.SIGKILL)
        return False
