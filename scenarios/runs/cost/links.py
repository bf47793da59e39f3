"""What channels and digital links take: memory of a batch, and time of a block."""

import math

from diffsem.link import MODULATIONS
from diffsem.scenarios.links.kinds import Channel
from diffsem.scenarios.links.streets import subcarriers_of
from diffsem.scenarios.schema.channels import BlockFadingKeys, EstimatedCsi, GridKeys, TracedChannel
from diffsem.scenarios.schema.nodes import Eavesdropper, Legitimate

# Core seconds: of a coded bit through 20 iterations of LDPC decoding, and of one uncoded.
CODED_BIT_SECONDS, BIT_SECONDS = 2e-6, 1.5e-7
# Bytes: of a coded bit's messages, and of a symbol's distance to a point of its constellation.
CODED_BIT_BYTES, POINT_BYTES = 160, 40
# Of a channel model's statistics, as in `OfdmChannel`; paths and sinusoids of a path, as in Sionna.
COVARIANCE_DRAWS, PATHS, SINUSOIDS = 4096, 24, 20
COMPLEX = 8


def block_cost(bits: int, code_rate: float | None, modulation: str) -> tuple[float, float, int]:
    """Bytes and core seconds of a block over a digital link, and its real symbols."""
    coded, per_symbol = bits / (code_rate or 1), MODULATIONS[modulation]
    points = coded / per_symbol * 2**per_symbol * POINT_BYTES
    symbols = math.ceil(2 * coded / per_symbol)
    if code_rate is None:
        return coded * 16 + points, coded * BIT_SECONDS, symbols
    return coded * CODED_BIT_BYTES + points, coded * CODED_BIT_SECONDS, symbols


def channel_memory(
    node: Legitimate | Eavesdropper, channel: Channel, sender: Legitimate, batch: int, symbols: int
) -> float:
    """Bytes that a batch of a node's channel takes, `symbols` real ones an image."""
    pairs = node.receive_antennas * sender.transmit_antennas
    streams = sender.transmit_antennas if sender.precoding == "streams" else 1
    pilots = node.csi.pilots if isinstance(node.csi, EstimatedCsi) else 0
    uses = math.ceil(symbols / 2 / streams)
    if isinstance(channel.keys, GridKeys | TracedChannel):
        tones = channel.keys.subcarriers if isinstance(channel.keys, GridKeys) else subcarriers_of(channel.keys)
        return _grid_memory(node, tones, batch, pairs, streams, pilots, uses)
    coherence = channel.keys.coherence if isinstance(channel.keys, BlockFadingKeys) else None
    blocks, length = 1, uses
    if coherence is not None:
        length = coherence - pilots * sender.transmit_antennas
        blocks = math.ceil(uses / length)
    # Gains are held for whole blocks.
    return batch * blocks * pairs * COMPLEX * (4 * length + 3 * pilots)


def _grid_memory(
    node: Legitimate | Eavesdropper, subcarriers: int, batch: int, pairs: int, streams: int, pilots: int, uses: int
) -> float:
    ofdm_symbols = math.ceil(uses / subcarriers) + pilots
    grid = ofdm_symbols * subcarriers
    draws = batch
    estimator = 0.0
    if isinstance(node.csi, EstimatedCsi):
        if node.csi.estimator == "lmmse":
            draws = max(batch, COVARIANCE_DRAWS)
            estimator = 3.0 * COMPLEX * (ofdm_symbols * subcarriers**2 + ofdm_symbols**2 * subcarriers)
        else:
            estimator = 3.0 * COMPLEX * streams * (pilots * subcarriers) * grid
    fading = draws * pairs * COMPLEX * PATHS * (grid + ofdm_symbols * SINUSOIDS)
    return fading + batch * pairs * COMPLEX * 6 * grid + estimator
