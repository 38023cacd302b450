"""Submissions: who competes, with which scorer or which scores."""
