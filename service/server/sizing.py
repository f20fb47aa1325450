"""How many workers run, and each worker's share of the limits."""

from service.inference.cpu import available_cores
from service.settings import MAX_PARALLEL, Settings

_QUEUED_REQUESTS = 4  # of the largest size, per worker: the system may give one worker every client's connection


def worker_count(settings: Settings) -> int:
    """Number of worker processes: the setting, or one per core.

    The interpreter runs Python on one core at a time: two processes handle 1.9 times as many small requests. On a GPU
    `__main__` sets one, since each worker would hold a copy of every network in the GPU's memory.
    """
    return settings.workers or min(MAX_PARALLEL, available_cores())


def worker_share(settings: Settings) -> Settings:
    """One worker's share of the limits that apply to all workers together; at least what one request may take.

    Each worker's queue holds the rows of four of the largest requests; `max_queue_bytes`, which bounds their memory, is
    divided.
    """
    minimum = {
        "max_queue_rows": min(settings.max_queue_rows, _QUEUED_REQUESTS * settings.max_images),
        "max_queue_bytes": settings.max_queue_bytes // MAX_PARALLEL,
        "max_uploads_bytes": settings.max_upload_bytes,
        "max_held_pixels": settings.max_image_pixels,
        "max_requests": 1,
    }
    count = worker_count(settings)
    return settings.model_copy(
        update={name: max(value, getattr(settings, name) // count) for name, value in minimum.items()}
    )
