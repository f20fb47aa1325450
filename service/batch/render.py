"""Seeds drawn to files, each with the bytes that `GET .../sample?seed=` gives."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice

from service import answers, drawing, images, latents
from service.answers import Picture
from service.batch import packages
from service.batch.errors import BatchError
from service.drawing import Drawing
from service.images import StillFormat
from service.model import LoadedModel
from service.schemas import ClassReference
from service.settings import Settings

SUFFIXES: dict[StillFormat, str] = {"png": ".png", "jpeg": ".jpg", "webp": ".webp"}

_BATCHES = 4  # of the network, asked for together: fewer turns of the event loop, a quarter more pictures a second
