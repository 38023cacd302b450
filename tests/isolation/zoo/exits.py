import os


class Mine:
    def __init__(self, port=0):
        pass

    def score(self, video_ctx, comments, candidate):
        os._exit(3)
