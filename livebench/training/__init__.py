"""Training: what there is to learn under a protocol, who trains, what a checkpoint says of it."""
