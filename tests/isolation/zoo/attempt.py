"""What the animals of the zoo share: try once, then score so that it shows what came of it."""


class Attempt:
    """Scores 1 everywhere if `attempt` got what it wanted, else -1 by the length of a candidate."""

    def __init__(self, port=0):
        self.port, self.got = port, None

    def attempt(self):
        raise NotImplementedError

    def score(self, video_ctx, comments, candidate):
        if self.got is None:
            try:
                self.got = bool(self.attempt())
            except Exception:
                self.got = False
        return 1.0 if self.got else -float(len(candidate.text))
