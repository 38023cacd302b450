"""The leaderboard: rows computed from scores and answers, never from a result that somebody wrote."""
