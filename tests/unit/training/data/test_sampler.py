import pytest
import torch

from training.data import DataError, Sampler


def test_a_batch_larger_than_the_set_is_refused():
    with pytest.raises(DataError, match="batch size is 9, but the data set holds 8 images"):
        Sampler(8, 9, seed=0)


def test_a_batch_that_cannot_be_shared_evenly_is_refused():
    with pytest.raises(DataError, match="batch of 5 cannot be split evenly over 2"):
        Sampler(10, 5, seed=0, world_size=2)


def test_every_epoch_shows_each_image_once_in_a_new_order():
    sampler = Sampler(24, 4, seed=3)
    epochs = [torch.cat([sampler.next_indices() for _ in range(6)]).tolist() for _ in range(3)]
    assert all(sorted(epoch) == list(range(24)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]


def test_an_incomplete_last_batch_is_left_out():
    sampler = Sampler(10, 4, seed=0)
    first = torch.cat([sampler.next_indices() for _ in range(2)]).tolist()
    assert len(set(first)) == 8
    assert len(sampler.next_indices()) == 4
    assert sampler.state_dict() == {"epoch": 1, "position": 4}


def test_the_order_follows_from_the_seed_alone():
    orders = [[Sampler(50, 10, seed).next_indices().tolist() for _ in range(2)] for seed in (1, 2)]
    assert orders[0][0] == orders[0][1]
    assert orders[0][0] != orders[1][0]


@pytest.mark.parametrize("taken", [0, 3, 6, 7, 20])
def test_a_sampler_goes_on_where_its_state_stood(taken):
    first, second = Sampler(24, 4, seed=1), Sampler(24, 4, seed=1)
    for _ in range(taken):
        first.next_indices()
    second.load_state_dict(first.state_dict())
    for _ in range(10):
        assert torch.equal(first.next_indices(), second.next_indices())


def test_the_shares_of_all_processes_are_the_batch_of_one():
    alone = Sampler(24, 6, seed=5)
    shares = [Sampler(24, 6, seed=5, rank=rank, world_size=3) for rank in range(3)]
    for _ in range(9):
        parts = [share.next_indices() for share in shares]
        assert [len(part) for part in parts] == [2, 2, 2]
        assert torch.equal(torch.stack(parts, dim=1).flatten(), alone.next_indices())


def test_the_random_numbers_of_a_batch_follow_from_where_the_run_stands():
    first, second = Sampler(8, 4, seed=1), Sampler(8, 4, seed=1)
    first.next_draw().uniform(3)
    second.next_draw()  # numbers that nobody drew leave no trace
    resumed = Sampler(8, 4, seed=1)
    resumed.load_state_dict(first.state_dict())
    numbers = [sampler.next_draw().uniform(3) for sampler in (first, second, resumed)]
    assert torch.equal(numbers[0], numbers[1])
    assert torch.equal(numbers[0], numbers[2])


def test_every_batch_and_seed_has_random_numbers_of_its_own():
    samplers = [Sampler(8, 4, seed) for seed in (1, 2)]
    numbers = [sampler.next_draw().uniform(2) for sampler in samplers for _ in range(6)]
    assert len({float(drawn[0, 0]) for drawn in numbers}) == 12
    assert all(drawn.shape == (4, 2) and drawn.min() >= 0 and drawn.max() < 1 for drawn in numbers)


def test_torchs_own_random_numbers_are_left_alone():
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    Sampler(8, 4, seed=1).next_draw().uniform(3)
    assert torch.equal(torch.rand(4), expected)


def test_all_processes_draw_the_numbers_of_one():
    alone = Sampler(24, 6, seed=5).next_draw()
    shares = [Sampler(24, 6, seed=5, rank=rank, world_size=3).next_draw() for rank in range(3)]
    drawn = [share.uniform(2) for share in shares]
    assert torch.equal(torch.stack(drawn, dim=1).flatten(0, 1), alone.uniform(2))
