"""The site: static pages that fetch nothing, made from the same rows as LEADERBOARD.md."""
