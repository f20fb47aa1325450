"""Offline training of generative adversarial networks, from data to an exported model package."""
