import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.errors import Invalid, NotSupported
from service.http import schemas
from service.pipelines import latents, resolve
from service.pipelines.resolve import LatentResolver, ResolvedLatent
from service.repository.loader import read_manifest
from tests import builders


@pytest.fixture(scope="module")
def conditional(tmp_path_factory):
    return read_manifest(builders.write_package(tmp_path_factory.mktemp("models"), conditional=True))


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return read_manifest(builders.write_package(tmp_path_factory.mktemp("models")))


def point(seed, blend=None):
    return ResolvedLatent(latents.draw(seed, 8, "normal"), blend, seed)


@given(st.integers(2, 6), st.integers(2, 12), st.sampled_from(["slerp", "lerp"]), st.booleans())
@settings(deadline=None, max_examples=60)
def test_an_interpolation_meets_every_keyframe_after_steps_less_one_frames(count, steps, method, loop):
    keyframes = [point(seed) for seed in range(count)]
    frames = resolve.interpolate(keyframes, steps, method, loop)
    assert len(frames) == (count * (steps - 1) if loop else (count - 1) * (steps - 1) + 1)
    for index, keyframe in enumerate(keyframes):
        assert frames[index * (steps - 1)].latent.tobytes() == keyframe.latent.tobytes()


@given(weights=st.lists(st.floats(0.001, 1.0), min_size=3, max_size=3))
@settings(deadline=None, max_examples=60)
def test_a_blend_comes_back_from_its_names(conditional, weights):
    resolver = LatentResolver(conditional)
    blend = (np.array(weights) / sum(weights)).astype(np.float32)
    assert resolver.blend_of(resolver.name_of(blend)).tobytes() == blend.tobytes()


@pytest.mark.parametrize("index", range(3))
def test_a_class_alone_has_a_plain_name(conditional, index):
    resolver = LatentResolver(conditional)
    name = resolver.name_of(resolver.blend_of(index))
    assert name == builders.CLASSES[index]
    assert resolver.blend_of(name).tolist() == np.eye(3)[index].tolist()


def test_every_seed_used_is_noted_in_order(plain):
    resolver = LatentResolver(plain)
    resolver.latent(schemas.MeanLatent.model_validate({"mean": [{"seed": 3}, {"mean": [{"seed": 1}]}]}))
    resolver.seed(2)
    assert resolver.seeds == [3, 1, 2]


def test_rows_hold_classes_for_a_conditional_model_only(conditional):
    assert resolve.rows([point(1), point(2)]).keys() == {"latents"}
    fed = resolve.rows(
        [point(1, LatentResolver(conditional).blend_of(0)), point(2, LatentResolver(conditional).blend_of("star"))]
    )
    assert fed["classes"].tolist() == [[1, 0, 0], [0, 0, 1]]
    assert fed["latents"].shape == (2, 8)


def test_a_class_is_refused_before_any_latent_is_generated(plain, conditional):
    with pytest.raises(Invalid, match="no classes"):
        LatentResolver(plain, 0)
    with pytest.raises(Invalid, match="circle, square, star"):
        LatentResolver(conditional, "moon")


def test_a_model_without_directions_does_not_support_them(plain):
    with pytest.raises(NotSupported):
        LatentResolver(plain).direction("smile")
