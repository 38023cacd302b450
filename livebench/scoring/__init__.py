"""Scoring: the interface of a scorer, ranks and their ties, metrics, intervals, and the runner."""
