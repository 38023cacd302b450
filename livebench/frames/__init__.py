"""From video files to frame vectors: finding, decoding, encoding, and putting them into a dataset."""
