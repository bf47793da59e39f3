"""What the air does: symbols, noise, fading, pilots, equalisers, as Keras layers around Sionna."""

from diffsem.channels.beams import Beams, ChannelState, artificial_noise, form_beams, null_space_dimensions
from diffsem.channels.block_fading import BlockFadingChannel
from diffsem.channels.correlation import correlate
from diffsem.channels.csi import Csi
from diffsem.channels.equalizer import Equalizer, EqualizerKind
from diffsem.channels.ofdm import Multipath, OfdmChannel
from diffsem.channels.randomness import reseed
from diffsem.channels.symbols import features_to_symbols, symbols_to_features

__all__ = [
    "Beams",
    "BlockFadingChannel",
    "ChannelState",
    "Csi",
    "Equalizer",
    "EqualizerKind",
    "Multipath",
    "OfdmChannel",
    "artificial_noise",
    "correlate",
    "features_to_symbols",
    "form_beams",
    "null_space_dimensions",
    "reseed",
    "symbols_to_features",
]
