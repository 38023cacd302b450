"""Language models by name: prompts as data, and exact, fast log-likelihoods of comments."""
