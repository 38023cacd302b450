"""The simulated world: its videos, what its viewers write, and the oracle that knows both."""
