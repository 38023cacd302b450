import os
import time

from attempt import Attempt


class Mine(Attempt):
    def attempt(self):
        for _ in range(100):
            if os.fork() == 0:
                time.sleep(1000)
        return True
