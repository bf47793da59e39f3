"""The weights that ship fit the networks of the paper's sizes, layer by layer."""

import warnings
from pathlib import Path

import h5py
import numpy as np
import pytest

from diffsem.models import (
    DenoisingAttack,
    InversionConv,
    InversionResidual,
    PadDictionaryClassifier,
    ReferenceClassifier,
    ReferenceEncoder,
    ResidualSymbolClassifier,
    SymbolClassifier,
    UNet,
    build_classifier,
    build_encoder,
    build_strong_classifier,
    mnist,
)

FOLDER = Path(__file__).parents[3] / "scenarios" / "weights"
IMAGE, FEATURE = (28, 28, 1), (8, 8, 1)
COLOUR, PLANES = (32, 32, 3), (8, 8, 3)

NETWORKS = {
    "mnist/encoder": lambda: build_encoder(IMAGE, FEATURE),
    "mnist/classifier": lambda: build_classifier(IMAGE, FEATURE, 10),
    "mnist/encoder-ibal": mnist.LinearEncoder,
    "mnist/encoder-reference": lambda: ReferenceEncoder(IMAGE, FEATURE),
    "mnist/classifier-reference": lambda: ReferenceClassifier(FEATURE, 10),
    "mnist/denoiser": lambda: UNet(FEATURE, 128),
    "mnist/denoiser-label": lambda: UNet(FEATURE, 128, 10),
    "mnist/strong-classifier": lambda: build_strong_classifier(IMAGE, 10),
    "mnist/clean-pair.inversion-mlp": lambda: mnist.InversionMLP(FEATURE, IMAGE),
    "mnist/clean-pair.inversion-conv": lambda: InversionConv(FEATURE, IMAGE),
    "mnist/clean-pair.denoise-invert": lambda: DenoisingAttack(UNet(FEATURE, 32), InversionConv((8, 8, 2), IMAGE)),
    "mnist/clean-pair.schedule-aware": lambda: DenoisingAttack(UNet(FEATURE, 32), mnist.Classifier(FEATURE)),
    "mnist/clean-pair.task-classifier": lambda: SymbolClassifier(FEATURE, 10),
    "mnist/keyed-self-noise.pad-dictionary": lambda: PadDictionaryClassifier(FEATURE, 10),
    "cifar10/encoder": lambda: build_encoder(COLOUR, PLANES),
    "cifar10/classifier": lambda: build_classifier(COLOUR, PLANES, 10),
    "cifar10/encoder-reference": lambda: ReferenceEncoder(COLOUR, PLANES),
    "cifar10/denoiser": lambda: UNet(PLANES, 128),
    "cifar10/strong-classifier": lambda: build_strong_classifier(COLOUR, 10),
    "cifar10/clean-pair.inversion-residual": lambda: InversionResidual(PLANES, COLOUR),
    "cifar10/clean-pair.residual-classifier": lambda: ResidualSymbolClassifier(PLANES, 10),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_every_weight_of_a_shipped_file_goes_into_the_network(name):
    network, path = NETWORKS[name](), FOLDER / f"{name}.weights.h5"
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # Keras only warns of layers that a file lacks
        network.load_weights(path)
    stored = []
    with h5py.File(path) as file:
        file.visititems(lambda _, node: stored.append(node[()]) if isinstance(node, h5py.Dataset) else None)
    expected = sorted(float(np.abs(values).astype(np.float64).sum()) for values in stored)
    loaded = sorted(float(np.abs(weight.numpy()).astype(np.float64).sum()) for weight in network.variables)
    np.testing.assert_allclose(loaded, expected, rtol=1e-6)
