"""From a trained run to a model package, and back."""
