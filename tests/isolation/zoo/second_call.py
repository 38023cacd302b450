class Mine:
    def __init__(self, port=0):
        self.seen = {}

    def score(self, video_ctx, comments, candidate):
        key = video_ctx.time, tuple(comments), candidate
        self.seen[key] = self.seen.get(key, 0) + 1
        return -len(candidate.text) / self.seen[key]
