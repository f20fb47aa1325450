"""The model card of a package, in Markdown, from its manifest alone."""

from service.manifest import Manifest, Metric


def render(described: Manifest) -> str:
    """The README.md that lies in a package's folder."""
    about, trained = described.data, described.training
    networks = "\n".join(
        f"| {name} | {network.parameters:,} | {network.weights} | `{network.sha256[:12]}` |"
        for name, network in described.networks.items()
    )
    metrics = "\n".join(_row(metric) for metric in described.metrics)
    protocols = "\n".join(f"- **{metric.name}**: {metric.protocol}." for metric in described.metrics)
    return f"""# {described.name}, version {described.version}

{described.description}

![64 samples of the seeds 0 to 63](preview.png)

| | |
| --- | --- |
| method | {described.method} |
| pictures | {described.image.height} x {described.image.width} px, {described.image.channels} channel(s) |
| data | {about.name}, {about.images:,} training images |
| source | {about.source} |
| terms of the data | {about.terms} |
| licence of the weights | {described.licence} |
| recipe | `{trained.recipe}`, seed {trained.seed} |
| images seen | {trained.images_seen:,} |
| trained on | {trained.device} |

## Networks

| network | parameters | stored as | sha256 |
| --- | --- | --- | --- |
{networks}

## Measured

| metric | value | standard error | real data | published |
| --- | --- | --- | --- | --- |
{metrics}

{protocols}

Samples are those of the seeds 0 to 9,999, as the service draws them. Again:
`python -m training evaluate models/{described.name}/{described.version} --data PATH`
"""


def _row(metric: Metric) -> str:
    error = "" if metric.standard_error is None else f"{metric.standard_error:.2f}"
    floor = "" if metric.floor is None else f"{metric.floor:.4g}"
    return f"| {metric.name} | {metric.value:.4g} | {error} | {floor} | {metric.reference or ''} |"
