"""What the models share: vocabulary, prefix forests, attention, training, scoring, checkpoints."""
