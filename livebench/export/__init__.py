"""A way out: samples and training pairs as plain files, for those who train and score elsewhere."""
