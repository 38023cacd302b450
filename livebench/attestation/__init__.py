"""What a maintainer vouches for: a signed list of hashes of a submission, its scores and its results."""
