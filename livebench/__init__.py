"""LiveBench: benchmark and leaderboard harness for automatic live commenting."""

__version__ = "0.1.0"
