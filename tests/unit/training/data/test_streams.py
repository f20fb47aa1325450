from dataclasses import replace

import pytest
import torch

from tests.builders import digest
from tests.unit.training.tiny import TINY
from training.config import CycleganConfig, DcganConfig, ImageInput, Pix2pixConfig, ResnetGenerator
from training.data import DataError, ImageSet, PairSet, Sampler, open_stream

SMALL = ImageInput(load_px=12, crop_px=8)
OWN = DcganConfig(dataset="images", images=SMALL, total_nimg=100, batch_size=6)
PAIRS = Pix2pixConfig(dataset="pairs", images=SMALL, total_nimg=100, batch_size=6, generator=ResnetGenerator())
UNPAIRED = CycleganConfig(dataset="unpaired", images=SMALL, total_nimg=100, batch_size=6)


def images(count, seed=0):
    generator = torch.Generator().manual_seed(seed)
    pixels = torch.randint(0, 256, (count, 12, 12, 3), dtype=torch.uint8, generator=generator)
    return ImageSet(pixels.permute(0, 3, 1, 2), torch.arange(count))


STREAMS = {
    "idx": (replace(TINY, batch_size=6), images(20)),
    "images": (OWN, images(20)),
    "aligned": (PAIRS, PairSet(images(20), images(20, seed=1))),
    "unpaired": (UNPAIRED, PairSet(images(9), images(20, seed=1))),
}
every_stream = pytest.mark.parametrize(("config", "data"), STREAMS.values(), ids=STREAMS)


@every_stream
@pytest.mark.parametrize("taken", [0, 1, 5])
def test_a_stream_goes_on_where_its_state_stood(config, data, taken):
    first, second = open_stream(config, data), open_stream(config, data)
    for _ in range(taken):
        first.next()
    second.load_state_dict(first.state_dict())
    torch.manual_seed(taken)  # torch's own numbers play no part
    assert [digest(first.next()) for _ in range(6)] == [digest(second.next()) for _ in range(6)]


@every_stream
def test_the_shares_of_all_processes_are_the_batch_of_one(config, data):
    alone = open_stream(config, data)
    shares = [open_stream(config, data, rank, 3) for rank in range(3)]
    for _ in range(5):
        parts = [share.next() for share in shares]
        for field, whole in enumerate(alone.next()):
            together = torch.stack([part[field] for part in parts], dim=1).flatten(0, 1)
            assert torch.equal(together, whole)


@every_stream
def test_an_epoch_is_as_long_as_the_larger_set(config, data):
    assert open_stream(config, data).images_per_epoch == 20


@every_stream
def test_runs_of_other_seeds_see_other_batches(config, data):
    streams = [open_stream(replace(config, seed=seed), data) for seed in (0, 1)]
    assert digest(streams[0].next()) != digest(streams[1].next())


def test_idx_images_come_as_they_are_in_the_samplers_order():
    config, data = STREAMS["idx"]
    stream, sampler = open_stream(config, data), Sampler(20, 6, config.seed)
    for _ in range(5):
        assert digest(stream.next()) == digest(data.batch(sampler.next_indices()))


def test_images_come_as_crops_with_their_labels():
    config, data = STREAMS["images"]
    batch = open_stream(config, data).next()
    assert batch.images.shape == (6, 3, 8, 8)
    assert batch.labels.tolist() == Sampler(20, 6, config.seed).next_indices().tolist()


def test_both_halves_of_a_pair_are_cropped_and_mirrored_alike():
    stream = open_stream(PAIRS, PairSet(images(20), images(20)))
    for _ in range(5):
        real_a, real_b = stream.next()
        assert torch.equal(real_a, real_b)


def test_unpaired_domains_go_their_own_ways():
    same = images(20)
    stream = open_stream(UNPAIRED, PairSet(same, same))
    assert all(not torch.equal(*stream.next()) for _ in range(5))


def test_the_smaller_domain_starts_anew_while_the_larger_goes_on():
    config, data = STREAMS["unpaired"]
    stream = open_stream(config, data)
    for _ in range(3):
        batch = stream.next()
        assert batch.real_A.shape == batch.real_B.shape == (6, 3, 8, 8)
    assert stream.state_dict() == {"A": {"epoch": 2, "position": 6}, "B": {"epoch": 0, "position": 18}}


@pytest.mark.parametrize("config", [OWN, UNPAIRED])
def test_a_batch_larger_than_a_set_is_refused(config):
    data = images(5) if config is OWN else PairSet(images(9), images(5))
    with pytest.raises(DataError, match="batch size is 6, but the data set holds 5 images"):
        open_stream(config, data)
