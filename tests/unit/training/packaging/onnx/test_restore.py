from dataclasses import replace

import pytest
import torch

from service.repository import manifest
from training.config import (
    ConvDiscriminator,
    ConvGenerator,
    MlpDiscriminator,
    MlpGenerator,
    ResnetGenerator,
    UnetGenerator,
)
from training.networks import dcgan, mlp, resnet, unet
from training.packaging.onnx import export, restore

ROWS = 300
DIGIT, COLOUR = (1, 28, 28), (3, 16, 16)
LATENTS = torch.randn(ROWS, 8, generator=torch.Generator().manual_seed(0))
CLASSES = torch.eye(10)[torch.arange(ROWS) % 10]
IMAGES = torch.rand(ROWS, *COLOUR, generator=torch.Generator().manual_seed(1)) * 2.0 - 1.0
PERCEPTRON = MlpGenerator(z_dim=8, hidden=(16, 32), batch_norm=True, init_range=0.0, bias_from_marginals=False)
GENERATOR = ConvGenerator(z_dim=8, widths=(16, 8))
CLASSED = replace(GENERATOR, kernel=5, dense=(12,), norm_affine=False, bias=True, output="sigmoid")
NORMED = ConvDiscriminator(widths=(8, 16))
SPECTRAL = replace(NORMED, batch_norm=False, bias=True, spectral_norm=True)

NETWORKS = {
    "perceptron": (lambda: mlp.Generator(PERCEPTRON, DIGIT), (LATENTS,)),
    "dcgan": (lambda: dcgan.Generator(GENERATOR, COLOUR), (LATENTS,)),
    "class-conditional dcgan": (lambda: dcgan.Generator(CLASSED, DIGIT, 10), (LATENTS, CLASSES)),
    "maxout discriminator": (lambda: mlp.Discriminator(MlpDiscriminator(hidden=(16, 16)), COLOUR), (IMAGES,)),
    "discriminator with folded norms": (lambda: dcgan.Discriminator(NORMED, COLOUR), (IMAGES,)),
    "discriminator with spectral norms": (lambda: dcgan.Discriminator(SPECTRAL, COLOUR), (IMAGES,)),
    "unet": (lambda: unet.Generator(UnetGenerator(ngf=4, depth=3)), (IMAGES[:16],)),
    "resnet": (lambda: resnet.Generator(ResnetGenerator(ngf=4, blocks=2)), (IMAGES[:16],)),
    "resnet that adds": (
        lambda: resnet.Generator(ResnetGenerator(ngf=4, blocks=2, smooth=True, residual=True)),
        (IMAGES[:16],),
    ),
}


@torch.no_grad()
def trained(make, inputs):
    """A network whose weights and statistics have moved away from their start."""
    torch.manual_seed(2)
    network = make()
    for weight in network.parameters():
        weight.add_(torch.randn_like(weight) * (0.3 * weight.abs().mean() + 0.01))
    for norm in (part for part in network.modules() if isinstance(part, restore.BatchNorm)):
        norm.momentum = None
    network.train()
    network(*inputs)
    if any("parametrizations" in name for name, _ in network.named_parameters()):
        for _ in range(500):  # each pass improves the estimate of the spectral norm
            network(*(part[:2] for part in inputs))
    return network.eval()


def finished(network):
    """Spectral norms multiplied out, as they are exported."""
    for part in network.modules():
        if torch.nn.utils.parametrize.is_parametrized(part, "weight"):
            torch.nn.utils.parametrize.remove_parametrizations(part, "weight")
    return network


def exported(network, inputs, weights="float32"):
    axes = ("N", 3, "H", "W") if isinstance(network, resnet.Generator | unet.Generator) else None
    shapes = [axes or ("N", *part.shape[1:]) for part in inputs]
    described = tuple(manifest.Tensor(name=f"in{i}", shape=shape) for i, shape in enumerate(shapes))
    with torch.no_grad():
        out = network(*(part[:8] for part in inputs))
    outputs = manifest.Tensor(name="out", shape=axes or ("N", *out.shape[1:]))
    examples = {tensor.name: part[:16] for tensor, part in zip(described, inputs, strict=True)}
    return export.build(network, examples, "network.onnx", described, outputs, weights).model


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_gives_again_what_its_graph_gives(name):
    make, inputs = NETWORKS[name]
    before = finished(trained(make, inputs))
    after = make()
    restore.load(after, exported(before, inputs), inputs)
    with torch.no_grad():
        expected = before(*inputs)
        untrained = make().eval()(*inputs)
        has_dropout = name in ("maxout discriminator", "unet")
        drawn = after.train(not has_dropout)(*inputs)
    scale = float(expected.abs().max())
    assert float((drawn - expected).abs().max()) < 1e-3 * max(1.0, scale)
    assert float((untrained - expected).abs().max()) > 0.01 * scale


@pytest.mark.parametrize(("weights", "tolerance"), [("float16", 2e-3), ("int8", 0.1)])
def test_weights_are_restored_from_how_they_are_stored(weights, tolerance):
    make, inputs = NETWORKS["unet"]
    before = trained(make, inputs)
    after = make()
    restore.load(after, exported(before, inputs, weights), inputs)
    with torch.no_grad():
        assert float((after.eval()(*inputs) - before(*inputs)).abs().max()) < tolerance


@pytest.mark.parametrize(
    ("name", "other", "told"),
    [
        ("dcgan", lambda: dcgan.Generator(replace(GENERATOR, widths=(32, 8)), COLOUR), "give the recipe the package's"),
        ("resnet", lambda: resnet.Generator(ResnetGenerator(ngf=4, blocks=1)), "give the recipe the package's"),
        ("unet", lambda: resnet.Generator(ResnetGenerator(ngf=4, blocks=2)), "in the recipe, but"),
        ("perceptron", lambda: mlp.Generator(replace(PERCEPTRON, hidden=(16, 32, 784)), DIGIT), "is not in the"),
        ("perceptron", lambda: mlp.Generator(replace(PERCEPTRON, hidden=(16,)), DIGIT), "in the recipe, but"),
    ],
)
def test_a_graph_of_another_network_is_refused_in_one_sentence(name, other, told):
    make, inputs = NETWORKS[name]
    model = exported(trained(make, inputs), inputs)
    with pytest.raises(restore.RestoreError, match=told):
        restore.load(other(), model, inputs)
