"""Bit-exact comparison of nested values."""

import hashlib
from typing import Any

import numpy as np


def digest(value: Any) -> str:
    """A hash of nested dicts, lists, tensors, arrays and plain values: equal where every bit is equal."""
    if isinstance(value, dict):
        value = sorted((str(key), digest(item)) for key, item in value.items())
    elif isinstance(value, list | tuple):
        value = [digest(item) for item in value]
    elif hasattr(value, "detach"):
        value = digest(value.detach().cpu().numpy())
    elif isinstance(value, np.ndarray):
        value = (str(value.dtype), value.shape, value.tobytes())
    return hashlib.sha256(repr(value).encode()).hexdigest()
