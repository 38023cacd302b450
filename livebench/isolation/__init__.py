"""Runs the code of submissions in a process of its own, or in a sandbox: samples in, numbers out."""
