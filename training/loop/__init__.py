"""The training loop, its monitor, alarms, journal and signal handling."""
