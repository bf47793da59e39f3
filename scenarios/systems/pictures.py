"""Baselines that send every pixel: as it is, or with the quarters of the picture swapped."""

import math

import diffsem.link as link
import diffsem.models as models
from diffsem.models.costs import NetworkCost
from diffsem.scenarios.contracts.network import AS_FLOAT16, NetworkSpec
from diffsem.scenarios.contracts.system import System
from diffsem.scenarios.contracts.transmitter import TransmitterSpec


def _system(name: str, title: str, colour: str, permuted: bool) -> System:
    encoder = NetworkSpec(
        f"encoder-{name}",
        lambda sizes: models.PictureEncoder(sizes.image_shape, permuted=permuted),
        AS_FLOAT16,
        trained=False,
        cost=lambda sizes: NetworkCost(0, 8 * math.prod(sizes.image_shape)),
    )

    def receiver(setup, load):
        # The receiver knows how the quarters were swapped.
        sizes = setup.dimensions
        picture = models.Picture(sizes.image_shape, permuted, rms=sizes.pixel_rms, schedule=setup.schedule)
        classifier = models.PictureClassifier(picture, load(setup.judge))
        return link.BypassReceiver(classifier, setup.schedule.steps, setup.scenario.monte_carlo.batch_size)

    return System(
        name,
        title,
        colour,
        TransmitterSpec(name, encoder, sent_shape=lambda sizes: sizes.image_shape),
        networks=lambda setup: {setup.judge: 1},
        receiver=receiver,
    )


SYSTEMS = (
    _system("direct", "Direct", "#BABABA", permuted=False),
    _system("permutation", "Permutation", "#544F44", permuted=True),
)
