"""The training loop, and what observes it."""
