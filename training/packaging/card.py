"""The model card of a package, in Markdown, from its manifest alone."""

from service.repository.manifest import Manifest, Metric


def render(described: Manifest) -> str:
    """Render the README.md of a package."""
    about, trained = described.data, described.training
    networks = "\n".join(
        f"| {name} | {network.parameters:,} | {network.weights} | `{network.sha256[:12]}` |"
        for name, network in described.networks.items()
    )
    metrics = "\n".join(_row(metric) for metric in described.metrics)
    protocols = "\n".join(f"- **{metric.name}**: {metric.protocol}." for metric in described.metrics)
    return f"""# {described.name}, version {described.version}

{described.description}

![{_caption(described)}]({described.preview})

| | |
| --- | --- |
| method | {described.method}{_architecture(described)} |
{_translation(described)}| images | {_size(described)} |
| data | {about.name}{_count(about.images)} |
| source | {about.source} |
| terms of the data | {about.terms} |
| licence of the weights | {described.licence} |
| recipe | `{trained.recipe}`, seed {trained.seed} |
| images seen | {trained.images_seen:,}{_origin(trained.init_from)} |
| trained on | {trained.device} |

## Networks

| network | parameters | stored as | sha256 |
| --- | --- | --- | --- |
{networks}

## Metrics

| metric | value | standard error | real data | published |
| --- | --- | --- | --- | --- |
{metrics}

{protocols}
{_weaknesses(described)}
{_samples(described)}To reproduce: `python -m training evaluate models/{described.name}/{described.version} --data PATH`
"""


def _architecture(described: Manifest) -> str:
    return f": {described.architecture}" if described.architecture else ""


def _count(images: int | None) -> str:
    return "" if images is None else f", {images:,} training images"


def _size(described: Manifest) -> str:
    about = described.image
    return f"{about.height} x {about.width} px, {'grey' if about.channels == 1 else 'RGB'}"


def _caption(described: Manifest) -> str:
    return "64 samples, seeds 0 to 63" if described.latent else "inputs and their translations"


def _translation(described: Manifest) -> str:
    about = described.translation
    if about is None:
        return ""
    inverse = f"; the inverse is {about.inverse}" if about.inverse else ""
    return f"| translates | {about.source} to {about.target}{inverse} |\n"


def _weaknesses(described: Manifest) -> str:
    sentences = "\n".join(f"- {sentence}" for sentence in described.weaknesses)
    return f"\n## Known weaknesses\n\n{sentences}\n" if sentences else ""


def _samples(described: Manifest) -> str:
    return "Samples use the seeds 0, 1, 2 ..., as the service generates them. " if described.latent else ""


def _origin(init_from: str | None) -> str:
    return f", continued from {init_from}" if init_from else ""


def _row(metric: Metric) -> str:
    error = "" if metric.standard_error is None else f"{metric.standard_error:.2f}"
    floor = "" if metric.floor is None else f"{metric.floor:.4g}"
    return f"| {metric.name} | {metric.value:.4g} | {error} | {floor} | {metric.reference or ''} |"
