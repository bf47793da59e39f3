"""How an eavesdropper hears, and whether an attack is run under other conditions than it was trained for."""

import math
from collections.abc import Mapping
from typing import Any

from diffsem.scenarios.contracts.depends import HEARING
from diffsem.scenarios.contracts.network import Dimensions
from diffsem.scenarios.links.kinds import Channels
from diffsem.scenarios.schema.channels import BlockFadingKeys, EstimatedCsi, OverGrid
from diffsem.scenarios.schema.scenario import Scenario, value_at


def untrained_conditions(
    scenario: Scenario,
    channels: Channels,
    dimensions: Dimensions,
    trained: Mapping[str, Any],
    knows_step: bool,
    all_looks: bool = False,
) -> str:
    """In what way a sweep's eavesdropper hears otherwise than an attack was trained for; "" if it makes no difference.

    An attack that is told its noise level is trained over all of them, and where noise is the same on all symbols what
    is heard at one level is the same whatever led there. One that is not told is right for the mix of levels that it
    was trained on, and neither was trained for noise that differs from symbol to symbol unless its training had it.

    Parameters
    ----------
    scenario : Scenario
        Of the sweep.
    channels : Channels
    dimensions : Dimensions
    trained : mapping
        Values of `HEARING` in the training, by dotted key; empty if they were not kept.
    knows_step : bool
    all_looks : bool
        Whether it reads all repeated transmissions at once, so that their number matters.
    """
    if all_looks and trained and trained["eavesdropper.looks"] != scenario.eavesdropper.looks:
        return f"it reads all looks at once; trained on {trained['eavesdropper.looks']}"
    differs = noise_differs_by_symbol(scenario, channels, dimensions)
    if knows_step and not differs:
        return ""
    why = "noise differs from symbol to symbol" if differs else "it is not told the noise level"
    if not trained:
        return f"{why}; what it was trained for was not kept"
    keys = [key for key in HEARING if trained[key] != value_at(scenario, key)]
    # Of an attack that is told the level, those that change it alone do not count.
    if knows_step:
        keys = [key for key in keys if key not in ("eavesdropper.snr_db", "legitimate.snr_estimate_error_db")]
    return f"{why}; trained with another {', '.join(keys)}" if keys else ""


def noise_differs_by_symbol(scenario: Scenario, channels: Channels, dimensions: Dimensions) -> bool:
    """Whether symbols of an image reach the eavesdropper in noise of different variance; arguments as above."""
    node, transmitter, channel = scenario.eavesdropper, scenario.legitimate, channels.eavesdropper.keys
    if isinstance(channel, OverGrid) or transmitter.streams > 1:
        return True
    coherence = channel.coherence if isinstance(channel, BlockFadingKeys) else None
    estimated = isinstance(node.csi, EstimatedCsi)
    if coherence is None or (not channel.fades and not estimated):
        return False
    pilots = node.csi.pilots * transmitter.transmit_antennas if isinstance(node.csi, EstimatedCsi) else 0
    return coherence - pilots < math.ceil(math.prod(dimensions.feature_shape) / 2)
