"""Writes model packages from trained runs, and reads them back."""
