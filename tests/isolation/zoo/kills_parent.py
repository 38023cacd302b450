import os
import signal

from attempt import Attempt


class Mine(Attempt):
    def attempt(self):
        os.kill(os.getppid(), signal.SIGKILL)
        return False
