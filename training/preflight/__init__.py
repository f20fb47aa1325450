"""Checks before training: data set, device, speed and memory."""
