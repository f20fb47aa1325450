"""Errors of batch runs. Each message is one sentence for the user."""

from service.errors import GanvasError


class BatchError(GanvasError):
    """The run cannot continue: its arguments are wrong, or there is no space for the result."""


class BadFile(GanvasError):
    """One file failed; the others are not affected."""
