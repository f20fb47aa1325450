"""The classifiers: classifiers trained on real images, kept with digest and accuracy, that read samples.

The one that reports never takes part in training a generator; the one that selects does so in `clarify` alone. Metrics
name them by their digests.
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
