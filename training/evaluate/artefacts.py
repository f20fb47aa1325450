"""The protocol of artefacts: faults of translations that a classifier can miss.

A generator trained against one network can also fool another one by noise. These metrics have no weights that noise
could exploit. Metrics that blur would improve have a lower bound.
"""

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from training.evaluate.measurement import Measurement
from training.metrics import borders, noise, responses, tones

Translate = Callable[[Tensor], Tensor]
"""(N, 3, H, W) float32 in [-1, 1] -> the translations, the same shape and range, in whole levels."""

BOUNDS: Mapping[str, tuple[float, float]] = {
    "chroma_noise": (0.6, 1.25),
    "luma_noise": (0.7, 1.3),
    "border_activity": (0.0, 1.15),
    "contrast": (0.8, 1.25),
}
"""The ratios within which a translation has no visible fault of that kind."""

_ENLARGED = 2
_ENLARGED_IMAGES = 12


def measure(translate: Translate, source: Tensor, target: Tensor, made: Tensor) -> list[Measurement]:
    """Measures the artefacts of one direction.

    Args:
        translate: the translator, for charts and enlarged images.
        source: (N, 3, H, W) float32 in [-1, 1], the inputs.
        target: (M, 3, H, W), real images of the target domain, of the same size.
        made: (N, 3, H, W), the translations of the inputs, in whole levels.
    """
    by = f"{len(made)} test images, {made.shape[3]} px"
    grain = noise.ratios(target, made)
    against = "mean absolute Laplacian (4 neighbours) over that of real images of the target"
    found = [
        Measurement("chroma_noise", grain.chroma, f"{against}, Cb plus Cr, {by}; 0.6 to 1.25 is wanted", floor=1.0),
        Measurement("luma_noise", grain.luma, f"{against}, Y, {by}; below 0.7 is blur", floor=1.0),
        *_enlarged(translate, source, target),
    ]
    if min(made.shape[2:]) >= borders.MIN_PX:
        found.append(_borders(source, made, by))
    return [*found, *_charts(translate, made.shape[3]), *_tones(source, target, made, by)]


def faults(source: Tensor, target: Tensor, made: Tensor) -> dict[str, float]:
    """How far translations are outside `BOUNDS`, by kind of fault: 0 is within, 1 is twice or half the bound.

    Args:
        source: (N, 3, H, W) float32 in [-1, 1], the inputs.
        target: (M, 3, H, W), real images of the target domain.
        made: (N, 3, H, W), the translations of the inputs.
    """
    grain = noise.ratios(target, made)
    ratios = {
        "chroma_noise": grain.chroma,
        "luma_noise": grain.luma,
        "contrast": tones.compare(made, source).contrast,
    }
    if min(made.shape[2:]) >= borders.MIN_PX:
        ratios["border_activity"] = max(borders.ratios(source, made))
    return {name: _outside(ratio, *BOUNDS[name]) for name, ratio in ratios.items()}


def _outside(ratio: float, low: float, high: float) -> float:
    """The binary logarithm of how far a ratio is beyond the nearer bound; at most 8."""
    ratio = max(ratio, 1e-3)
    beyond = max(ratio / high, low / ratio, 1.0)
    return min(float(torch.tensor(beyond).log2()), 8.0)


def _enlarged(translate: Translate, source: Tensor, target: Tensor) -> list[Measurement]:
    """Noise of translations of enlarged inputs, against real images at their own size."""
    some = source[:_ENLARGED_IMAGES]
    larger = F.interpolate(some, scale_factor=_ENLARGED, mode="bicubic").clamp(-1.0, 1.0)
    grain = noise.ratios(target, translate(larger))
    by = (
        f"of {len(some)} test images enlarged to {larger.shape[3]} px (bicubic), over that of real images of the "
        f"target at {target.shape[3]} px; at most 1.25 is wanted"
    )
    return [
        Measurement("chroma_noise_enlarged", grain.chroma, f"mean absolute Laplacian, Cb plus Cr, {by}", floor=1.0),
        Measurement("luma_noise_enlarged", grain.luma, f"mean absolute Laplacian, Y, {by}", floor=1.0),
    ]


def _borders(source: Tensor, made: Tensor, by: str) -> Measurement:
    found = borders.ratios(source, made)._asdict()
    sides = ", ".join(f"{side} {ratio:.2f}" for side, ratio in found.items())
    return Measurement(
        "border_activity",
        max(found.values()),
        f"mean absolute difference of luma across a side, 2 to 22 px from it, over the interior's and over that of the "
        f"inputs, median, {by}, the largest of four sides ({sides}); above 1.15 there are lines",
        floor=1.0,
    )


def _charts(translate: Translate, side_px: int) -> list[Measurement]:
    flat, ramp = responses.flat_colors(side_px), responses.ramp()
    made = translate(flat)
    return [
        Measurement(
            "flat_deviation",
            responses.deviation(made),
            f"largest standard deviation over the places of a translated flat colour, in levels, {len(flat)} colours, "
            f"{side_px} px",
            floor=0.0,
        ),
        Measurement(
            "flat_shift",
            responses.shift(flat, made),
            f"mean absolute change of a flat colour's channels, in levels, {len(flat)} colours",
        ),
        Measurement(
            "ramp_line",
            responses.largest_line(translate(ramp)),
            f"largest second difference of the columns' means of a translated grey ramp, levels 120 to 220 over "
            f"{responses.RAMP_PX} px; the ramp itself has 1 level",
            floor=1.0,
        ),
    ]


def _tones(source: Tensor, target: Tensor, made: Tensor, by: str) -> list[Measurement]:
    from_input, from_target = tones.compare(made, source), tones.compare(made, target)
    return [
        Measurement("contrast", from_input.contrast, f"standard deviation of luma over that of the inputs, {by}"),
        Measurement(
            "mean_color",
            from_target.color,
            f"distance in levels of RGB between the mean colour of translations and that of real images of the target, "
            f"{by}; from the inputs' mean colour it is {from_input.color:.1f}",
        ),
    ]
