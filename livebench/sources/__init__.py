"""Public sources of real comments: where they are, how they are fetched, how they become datasets."""
