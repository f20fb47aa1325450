"""Training after a run: latent directions, encoders and class fine-tuning."""
