from pathlib import Path

from attempt import Attempt


class Mine(Attempt):
    def attempt(self):
        left = Path("/var/tmp/livebench-zoo")
        left.write_text("remember me")
        left.unlink()
        return True
