import sys

from attempt import Attempt


class Mine(Attempt):
    def attempt(self):
        for _ in range(1 << 10):
            sys.stdout.write("x" * (1 << 20))
        return False
