"""From ratings to means, tests, agreement, and metrics against people."""
