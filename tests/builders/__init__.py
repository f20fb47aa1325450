"""Inputs of the tests: data sets, image files, ONNX graphs and model packages, all made in code.

Nothing here reads a data set or trains a network.
"""

from tests.builders.datasets import digits, write_digits, write_faces, write_idx, write_pairs, write_unpaired, write_zip
from tests.builders.digests import digest
from tests.builders.graphs import (
    SIDE,
    Z_DIM,
    discriminator_graph,
    encoder_graph,
    fragile_graph,
    generator_graph,
    mlp_graph,
    slow_graph,
)
from tests.builders.images import image_file, pixels, same_pixels, write_images
from tests.builders.packages import CLASSES, N_CLASSES, rewrite_manifest, write_package, write_translator
from tests.builders.translators import affine_graph, strided_graph, stylising_graph

__all__ = [
    "CLASSES",
    "N_CLASSES",
    "SIDE",
    "Z_DIM",
    "affine_graph",
    "digest",
    "digits",
    "discriminator_graph",
    "encoder_graph",
    "fragile_graph",
    "generator_graph",
    "image_file",
    "mlp_graph",
    "pixels",
    "rewrite_manifest",
    "same_pixels",
    "slow_graph",
    "strided_graph",
    "stylising_graph",
    "write_digits",
    "write_faces",
    "write_idx",
    "write_images",
    "write_package",
    "write_pairs",
    "write_translator",
    "write_unpaired",
    "write_zip",
]
