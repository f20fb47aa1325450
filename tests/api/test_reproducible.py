import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from service.imaging import codecs
from service.inference.session import Session
from tests import builders

SEEDS = list(range(1, 33))


@pytest.fixture(scope="module", params=["gemm-transposed", "gemm"])
def mlp(request, tmp_path_factory):
    """A package whose generator has the size of a real MLP GAN."""
    folder = tmp_path_factory.mktemp("mlp")
    graph = builders.mlp_graph(transposed=request.param == "gemm-transposed")
    builders.write_package(folder, "mlp", generator=graph, discriminator=None)
    return folder


def alone(client, seed: int, model: str = "mlp") -> bytes:
    response = client.get(f"/v1/models/{model}/sample?seed={seed}")
    assert response.status_code == 200, response.text
    return response.content


@pytest.mark.parametrize("model", ["tiny", "colour", "classes"])
def test_a_seed_gives_the_same_bytes_by_every_way_to_it(client, model):
    image = alone(client, 42, model)
    assert alone(client, 42, f"{model}@1") == image
    assert client.post(f"/v1/models/{model}/sample", json={"seeds": [42]}).content == image
    assert client.post(f"/v1/models/{model}/sample", json={"latents": [{"seed": 42}]}).content == image


def test_other_seeds_give_other_images(client):
    assert len({alone(client, seed, "tiny") for seed in range(50)}) == 50


def test_a_seed_is_byte_equal_in_every_slot_of_every_batch_size(mlp, serve):
    with serve(mlp, max_images=32, max_batch_size=32, metadata=False) as client:
        expected = {seed: alone(client, seed) for seed in SEEDS}
        for size in range(1, 33):
            # Over all sizes the seed 1 meets every slot; the others come along.
            for shift in {0, size // 2, size - 1}:
                seeds = np.roll(SEEDS[:size], shift).tolist()
                response = client.post("/v1/models/mlp/sample?format=npy", json={"seeds": seeds})
                generated = np.load(io.BytesIO(response.content))
                for seed, pixels in zip(seeds, generated, strict=True):
                    assert codecs.encode(pixels, "png") == expected[seed], (size, shift, seed)


@pytest.mark.parametrize(("widths", "step"), [((128, 256), 1), ((1200, 1200), 7)])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_row_is_the_same_in_every_slot_of_every_batch_size(threads, widths, step):
    session = Session(builders.mlp_graph(widths=widths), threads)
    latents = np.random.default_rng(3).normal(0, 1, (32, 100)).astype(np.float32)
    expected = session.run({"latents": latents[:1]})
    for size in range(1, 33):
        for slot in range(0, size, step):
            batch = np.roll(latents[:size], slot, axis=0)
            np.testing.assert_array_equal(session.run({"latents": batch})[slot : slot + 1], expected)


@pytest.mark.parametrize("settings", [{}, {"max_batch_size": 5}, {"instances": 2, "threads": 1}])
def test_a_seed_is_byte_equal_under_the_load_of_64_clients(mlp, serve, settings):
    with serve(mlp, **settings) as client:
        expected = {seed: alone(client, seed) for seed in SEEDS}
        wanted = [SEEDS[index % 32] for index in range(256)]
        with ThreadPoolExecutor(64) as clients:
            generated = list(clients.map(lambda seed: alone(client, seed), wanted))
    assert [generated[index] == expected[seed] for index, seed in enumerate(wanted)] == [True] * len(wanted)


def test_a_seed_is_byte_equal_after_a_restart(mlp, serve):
    with serve(mlp) as client:
        before = alone(client, 7)
        tag = client.head("/v1/models/mlp/sample?seed=7").headers["etag"]
    with serve(mlp, threads=1, max_batch_size=3) as client:
        assert alone(client, 7) == before
        assert client.head("/v1/models/mlp/sample?seed=7").headers["etag"] == tag
