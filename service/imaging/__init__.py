"""Pixels and image codecs."""
