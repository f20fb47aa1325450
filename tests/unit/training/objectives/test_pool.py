"""The pool of past fakes."""

import pytest
import torch

from training.objectives.pool import ImagePool

CPU = torch.device("cpu")


def numbered(start, count=1):
    """Images of one number each."""
    return torch.arange(start, start + count, dtype=torch.float32).view(-1, 1, 1, 1).expand(-1, 3, 2, 2)


def numbers(images):
    assert images.shape[1:] == (3, 2, 2)
    return images[:, 0, 0, 0].int().tolist()


def test_a_pool_that_fills_gives_back_what_it_is_given():
    pool, state = ImagePool(5), torch.get_rng_state()
    assert numbers(pool.query(numbered(0, 3))) == [0, 1, 2]
    assert numbers(pool.query(numbered(3, 2))) == [3, 4]
    assert torch.equal(torch.get_rng_state(), state)


def test_a_full_pool_gives_each_image_or_a_past_one_with_equal_probability():
    torch.manual_seed(0)
    pool, kept, returned_new = ImagePool(10), set(range(10)), 0
    pool.query(numbered(0, 10))
    for number in range(10, 2_010):
        (given,) = numbers(pool.query(numbered(number)))
        if given == number:
            returned_new += 1
        else:  # its place in the pool is the new one's: no image is shown twice from the pool
            assert given in kept
            kept = kept - {given} | {number}
    assert returned_new == pytest.approx(1_000, abs=4 * 500**0.5)
    assert {int(image[0, 0, 0]) for image in pool.state_dict()["images"]} == kept


def test_every_place_of_the_pool_is_exchanged():
    torch.manual_seed(0)
    pool = ImagePool(8)
    pool.query(numbered(0, 8))
    given = {number for start in range(8, 208) for number in numbers(pool.query(numbered(start)))}
    assert set(range(8)) < given


def test_a_pool_of_size_0_gives_back_its_input_and_draws_nothing():
    pool, state, given = ImagePool(0), torch.get_rng_state(), numbered(0, 4)
    assert pool.query(given) is given
    assert pool.state_dict() == {"images": []}
    assert torch.equal(torch.get_rng_state(), state)


def test_what_is_kept_does_not_change_with_the_batch_it_came_from():
    pool, given = ImagePool(2), numbered(1, 2).clone()
    pool.query(given)
    given.zero_()
    assert [int(image[0, 0, 0]) for image in pool.state_dict()["images"]] == [1, 2]


def test_a_pool_goes_on_where_its_state_stood():
    first, second = ImagePool(4), ImagePool(4)
    first.query(numbered(0, 7))
    second.load_state_dict(first.state_dict(), CPU)
    drawn = []
    for pool in (first, second):
        torch.manual_seed(5)
        drawn.append([numbers(pool.query(numbered(start, 3))) for start in range(10, 40, 3)])
    assert drawn[0] == drawn[1]
