"""Candidate sets: what a protocol makes of a dataset, frozen."""
