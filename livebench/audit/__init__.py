"""Audits: of a dataset, and of a candidate set."""
