"""The one exception for everything that a user can cause and mend."""


class LiveBenchError(Exception):
    """What is wrong, where (file and record), and what to do: one line, without a traceback.

    Anything that is not a `LiveBenchError` is a defect of LiveBench and keeps its traceback.
    """
