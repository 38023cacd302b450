"""Candidate sets: samples built from a dataset by a protocol, then frozen."""
