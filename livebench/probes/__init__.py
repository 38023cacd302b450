"""Scorers without a network: probes, which know nothing of the moment, and two simple baselines."""
