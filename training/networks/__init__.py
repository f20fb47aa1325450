"""Networks as plain modules: each is built from its dataclass in `training.config`."""
