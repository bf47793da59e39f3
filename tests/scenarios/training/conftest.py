"""A training session of one's own: few random images, small networks, and a link of the scenario's own words."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

import diffsem.models as models
from diffsem.scenarios.contracts.network import Dimensions, NetworkSpec
from diffsem.scenarios.contracts.setup import Setup
from diffsem.scenarios.contracts.transmitter import TransmitterSpec
from diffsem.scenarios.datasets.source import Dataset, DataSource, LabelledImages, Sizes
from diffsem.scenarios.links.kinds import find_channels
from diffsem.scenarios.links.wiretap import build_link
from diffsem.scenarios.schema.scenario import Scenario
from diffsem.scenarios.training.session import TrainingSession

IMAGE, FEATURE, CLASSES = (28, 28, 1), (8, 8, 1), 10


@pytest.fixture
def networks():
    """Specifications of a pair, of denoisers and of a classifier that is fine-tuned, under names of one's own."""

    def classifier(name):
        return NetworkSpec(
            name, lambda sizes: models.build_classifier(sizes.image_shape, sizes.feature_shape, sizes.classes)
        )

    def unet(name, *context):
        return NetworkSpec(
            name,
            lambda sizes: models.UNet(sizes.feature_shape, sizes.denoiser_channels, *context),
            precision="execution",
        )

    encoder = NetworkSpec("sender", lambda sizes: models.build_encoder(sizes.image_shape, sizes.feature_shape))
    return SimpleNamespace(
        encoder=encoder,
        classifier=classifier("receiver"),
        tuned=classifier("tuned"),
        unet=unet("unet"),
        label_unet=unet("label-unet", CLASSES),
        student=unet("student"),
        label_student=unet("label-student", CLASSES),
        transmitter=TransmitterSpec("mine", encoder),
    )


@pytest.fixture
def make_session(tmp_path, rng):
    """Call with keys of the scenario: gives a TrainingSession on 160 random images."""

    def labelled(count):
        return LabelledImages(rng.integers(0, 256, (count, *IMAGE), np.uint8), np.arange(count) % CLASSES)

    dataset = Dataset(pair=labelled(96), surrogate=labelled(64), test=labelled(20))
    sizes = Sizes(IMAGE, FEATURE, lambda: CLASSES, 0.5, ("shift",), reference_shift=2)
    source = DataSource(
        "synthetic", sizes, lambda data_dir: (dataset.pair, dataset.test), lambda: 20, lambda: 160, {"few": lambda: few}
    )
    few = labelled(20)

    def make(**keys):
        content = {"name": "mine", "dataset": "mnist", "timesteps": [0], "legitimate": {"snr_db": [10]}} | keys
        scenario = Scenario.model_validate(content)
        dimensions = Dimensions(IMAGE, FEATURE, CLASSES, 0.5, denoiser_channels=8)
        judge = NetworkSpec("judge", lambda sizes: models.build_strong_classifier(sizes.image_shape, sizes.classes))
        setup, channels = Setup(scenario, dimensions, judge), find_channels(scenario)
        return TrainingSession(setup, source, dataset, tmp_path, partial(_link, setup, channels))

    return make


def _link(setup, channels, transmitter, encoder):
    return build_link(setup, transmitter, encoder, channels)
