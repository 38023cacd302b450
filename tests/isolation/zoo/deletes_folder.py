import shutil
from pathlib import Path

from attempt import Attempt


class Mine(Attempt):
    def attempt(self):
        shutil.rmtree(Path(__file__).parent, ignore_errors=True)
        return not Path(__file__).exists()
