class Mine:
    def __init__(self, port=0):
        pass

    def score(self, video_ctx, comments, candidate):
        held = []
        while True:
            held.append(bytearray(100 << 20))
