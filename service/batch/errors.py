"""What ends a batch run, or keeps one file from being made; each is one sentence for whoever runs it."""

from service.errors import GanvasError


class BatchError(GanvasError):
    """The run cannot go on: what was asked for is wrong, or there is no room for the result."""


class BadFile(GanvasError):
    """One file cannot be made; the others can."""
