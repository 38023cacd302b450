import os

from attempt import Attempt


class Mine(Attempt):
    def attempt(self):
        # More than --memory 2 allows. Only its last byte is written: the zoo is not to fill memory.
        handle = os.memfd_create("more")
        return os.pwrite(handle, b"x", 3 << 30) == 1
