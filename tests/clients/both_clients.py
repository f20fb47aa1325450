"""The synchronous and the asynchronous client as one, for tests."""

import asyncio
import re

import pytest
from ganvas_client import AsyncClient, Client, ProblemError
from PIL import Image


class BothClients:
    """Calls a method of both clients and compares their results."""

    def __init__(self, url: str, **options) -> None:
        self.url, self.options = url, options

    def __getattr__(self, name):
        def call(*args, **kwargs):
            async def run():
                async with AsyncClient(self.url, **self.options) as other:
                    if name == "stream":
                        return [frame async for frame in other.stream(*args, **kwargs)]
                    return await getattr(other, name)(*args, **kwargs)

            with Client(self.url, **self.options) as client:
                try:
                    result = getattr(client, name)(*args, **kwargs)
                    result = list(result) if name == "stream" else result
                except ProblemError as error:
                    with pytest.raises(type(error), match=re.escape(str(error))):
                        asyncio.run(run())
                    raise
            other = asyncio.run(run())
            assert comparable(other) == comparable(result)
            return result

        return call


def comparable(result):
    return result.tobytes() if isinstance(result, Image.Image) else result
