"""Datasets: what a video, a comment and a split are, and where they come from."""
