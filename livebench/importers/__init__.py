"""Importers: one file a source, all with the same result: a dataset folder."""
