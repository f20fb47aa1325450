"""Metrics of samples, each calibrated by tests; none needs downloaded weights."""
