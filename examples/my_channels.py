"""A channel of one's own: Nakagami-m block fading.

A scenario names it as `channel: {kind: "my_channels:NAKAGAMI", m: 2.0}`. It declares its keys and builds a layer;
pilots, correlated nodes, beams and several antennas come with `BlockFadingChannel`.
"""

from dataclasses import asdict, dataclass
from typing import Annotated

import keras
import numpy as np
import tensorflow as tf
from pydantic import Field
from sionna.phy import config

from diffsem.channels import BlockFadingChannel, Csi
from diffsem.scenarios import Antennas, BlockFadingKeys, ChannelKind


class NakagamiKeys(BlockFadingKeys):
    """Nakagami-m block fading of unit mean energy and uniform phase; `coherence` comes from `BlockFadingKeys`."""

    m: Annotated[float, Field(ge=0.5, le=100)] = Field(
        default=1.0, description="shape; 1 is Rayleigh fading, more is milder, 0.5 is the worst"
    )


# Registered, so that Keras can store a channel that draws them.
@keras.saving.register_keras_serializable("my_channels")
@dataclass(frozen=True)
class NakagamiGains:
    """Gains sqrt(G) exp(j phi): G is a gamma variable of shape m and mean 1, phi uniform (Nakagami, 1960).

    Parameters
    ----------
    m : float
    """

    m: float

    def __call__(self, count, receive_antennas, transmit_antennas):
        """[count, receive antennas, transmit antennas], complex64, from Sionna's stream, which every run seeds."""
        shape = [count, receive_antennas, transmit_antennas]
        # A stateless draw takes a seed of two numbers; the stream itself draws no gamma variables.
        seed = config.tf_rng.make_seeds()[:, 0]
        amplitude = tf.sqrt(tf.random.stateless_gamma(shape, seed, self.m) / self.m)
        phase = config.tf_rng.uniform(shape, maxval=2 * np.pi)
        return tf.complex(amplitude * tf.cos(phase), amplitude * tf.sin(phase))

    def get_config(self):
        return asdict(self)

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def build(keys: NakagamiKeys, antennas: Antennas, csi: Csi) -> BlockFadingChannel:
    return BlockFadingChannel(
        transmit_antennas=antennas.transmit,
        streams=antennas.streams,
        receive_antennas=antennas.receive,
        coherence=keys.coherence,
        csi=csi,
        draw_gains=NakagamiGains(keys.m),
    )


NAKAGAMI = ChannelKind("nakagami", NakagamiKeys, build)
