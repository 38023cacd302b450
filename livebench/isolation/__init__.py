"""Runs submissions in a process of their own, or in a sandbox: samples in, numbers out."""
