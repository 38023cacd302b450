class Mine:
    def __init__(self, port=0):
        pass

    def score(self, video_ctx, comments, candidate):
        return float("nan") if len(candidate.text) % 7 == 3 else 0.0
