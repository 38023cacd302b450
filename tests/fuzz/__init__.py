"""Malformed files of every format that LiveBench reads; `python -m tests.fuzz --files 10000`."""
