"""Independent classifiers, trained on real images, that measure samples.

The reporting classifier is never used in training a generator; the selection classifier only in `finetune-classes`.
Metrics name classifiers by their digests.
"""

from training.classifiers import attributes, classes, domains, labels
from training.classifiers.classifier import FOLDER, Classifier, ClassifierError, Role, find, load, path_of, store
from training.classifiers.train import train_classifier

__all__ = [
    "FOLDER",
    "Classifier",
    "ClassifierError",
    "Role",
    "attributes",
    "classes",
    "domains",
    "find",
    "labels",
    "load",
    "path_of",
    "store",
    "train_classifier",
]
