"""Facts about each data set that a configuration may name: terms, classes, domains."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["idx", "stacked", "images", "pairs", "unpaired"]


@dataclass(frozen=True, kw_only=True)
class Published:
    """A data set as its authors published it, or a kind of your own.

    Attributes:
        title: its name in running text.
        kind: its file layout: four IDX files, the same to be stacked by threes, single images, A and B side by
            side, or two unpaired sets.
        source: authors and year.
        terms: licence or terms of use.
        weights_licence: licence of weights trained on it.
        classes: the name of each label, 0 first; None if there are no labels.
        domains: the content of A and B; None if there is one set of images.
        test_labels_md5: MD5 of the unpacked `t10k-labels-idx1-ubyte`, which distinguishes IDX sets.
    """

    title: str
    kind: Kind
    source: str
    terms: str
    classes: tuple[str, ...] | None = None
    domains: tuple[str, str] | None = None
    test_labels_md5: str | None = None
    weights_licence: str = "Apache-2.0"


_FASHION = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
_OWN_SOURCE = "your own images"
_OWN_TERMS = "your own: say under which terms the images may be used before you publish what is learned from them"

PUBLISHED: dict[str, Published] = {
    "mnist": Published(
        title="MNIST",
        kind="idx",
        source="Y. LeCun, C. Cortes, C. Burges: The MNIST database of handwritten digits",
        terms="CC BY-SA 3.0",
        classes=tuple("0123456789"),
        test_labels_md5="27ae3e4e09519cfbb04c329615203637",
    ),
    "fashion-mnist": Published(
        title="Fashion-MNIST",
        kind="idx",
        source="H. Xiao, K. Rasul, R. Vollgraf: Fashion-MNIST, Zalando Research, 2017",
        terms="MIT, (c) 2017 Zalando SE",
        classes=_FASHION,
        test_labels_md5="15d484375f8d13e6eb1aabb0c3f46965",
    ),
    "stacked-mnist": Published(
        title="stacked MNIST",
        kind="stacked",
        source="three digits of MNIST (Y. LeCun, C. Cortes, C. Burges) as red, green and blue",
        terms="CC BY-SA 3.0",
    ),
    "celeba": Published(
        title="CelebA",
        kind="images",
        source="Z. Liu, P. Luo, X. Wang, X. Tang: Deep Learning Face Attributes in the Wild, ICCV 2015",
        terms=(
            "non-commercial research only; the CelebA agreement forbids passing the images on and commercial use of "
            "data derived from them; photographs of real people"
        ),
        weights_licence="non-commercial research only, as the data",
    ),
    "facades": Published(
        title="CMP facades",
        kind="pairs",
        source="R. Tylecek, R. Sara: CMP Facade Database, 2013, as prepared by P. Isola et al., CVPR 2017",
        terms="no licence text is known: research use, cite the authors",
        domains=("photo", "labels"),
        weights_licence="research use, as the data",
    ),
    "monet2photo": Published(
        title="monet2photo",
        kind="unpaired",
        source="paintings from WikiArt and photos from Flickr, as prepared by J.-Y. Zhu et al., ICCV 2017",
        terms="paintings: public domain; photos: each belongs to its author, research use",
        domains=("painting by Monet", "photo"),
        weights_licence="research use, as the data",
    ),
    "horse2zebra": Published(
        title="horse2zebra",
        kind="unpaired",
        source="photos from ImageNet, as prepared by J.-Y. Zhu et al., ICCV 2017",
        terms="ImageNet terms: non-commercial research and education; each photo belongs to its author",
        domains=("horse", "zebra"),
        weights_licence="non-commercial research and education, as the data",
    ),
    "images": Published(title="your own images", kind="images", source=_OWN_SOURCE, terms=_OWN_TERMS),
    "pairs": Published(title="your own pairs", kind="pairs", source=_OWN_SOURCE, terms=_OWN_TERMS, domains=("A", "B")),
    "unpaired": Published(
        title="your own unpaired images",
        kind="unpaired",
        source=_OWN_SOURCE,
        terms=_OWN_TERMS,
        domains=("A", "B"),
    ),
}
"""The data sets by name, as in a configuration's `dataset`."""

FACADE_COLORS: dict[str, tuple[int, int, int]] = {
    "background": (0, 0, 222),
    "wall": (0, 48, 255),
    "window": (0, 128, 255),
    "door": (0, 207, 255),
    "window head": (32, 255, 224),
    "sill": (112, 254, 142),
    "balcony": (192, 255, 63),
    "shutter": (255, 240, 0),
    "decoration": (255, 159, 0),
    "cornice": (255, 80, 0),
    "pillar": (254, 0, 0),
    "shop": (174, 0, 1),
}
"""The labels of the CMP facades and their colours, as measured in the published label maps."""

OWN = ("images", "pairs", "unpaired")
"""The entries of `PUBLISHED` for images of your own."""
