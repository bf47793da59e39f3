"""What the air does: symbols, noise, fading, equalisers, as Keras layers around Sionna."""

from diffsem.channels.awgn import AwgnChannel
from diffsem.channels.equalizer import ZeroForcingEqualizer
from diffsem.channels.randomness import reseed
from diffsem.channels.rayleigh import RayleighBlockFadingChannel
from diffsem.channels.symbols import features_to_symbols, symbols_to_features

__all__ = [
    "AwgnChannel",
    "RayleighBlockFadingChannel",
    "ZeroForcingEqualizer",
    "features_to_symbols",
    "reseed",
    "symbols_to_features",
]
