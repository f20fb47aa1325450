"""What is trained after a run: directions, encoders, and a finetuning of classes."""
