"""From a scenario's words to the points of its sweep."""

import math

import numpy as np

from diffsem.link import Point
from diffsem.scenarios.links.streets import offsets_db, standing
from diffsem.scenarios.schema.channels import TracedChannel
from diffsem.scenarios.schema.scenario import Scenario

# Places of a map that share a transmission, the encoder's pass over it and what receivers make of it.
PLACES_A_POINT = 32


def sweep_points(scenario: Scenario) -> list[Point]:
    """The points of a scenario, or of each of its variants, timestep by timestep and SNR by SNR; of a map by places."""
    own = scenario.eavesdropper.snr_db
    points = []
    for timestep in scenario.timesteps:
        for snr_db in scenario.legitimate.snr_db:
            if own == "same":
                points.append(Point(timestep, snr_db, (snr_db,)))
            elif isinstance(own, tuple):
                points.append(Point(timestep, snr_db, own))
            elif isinstance(own, str):
                points += _on_map(scenario, timestep, snr_db)
            else:
                points.append(Point(timestep, snr_db, (own.after(snr_db),)))
    return points


def _on_map(scenario: Scenario, timestep: int, snr_db: float) -> list[Point]:
    receiver, eavesdropper = scenario.legitimate.channel, scenario.eavesdropper.channel
    assert isinstance(receiver, TracedChannel)
    assert isinstance(eavesdropper, TracedChannel)
    numbers, own_snr_db = standing(eavesdropper, "").numbers, snr_db + offsets_db(receiver, eavesdropper)
    return [
        Point(timestep, snr_db, tuple(own_snr_db[part].tolist()), tuple(numbers[part].tolist()))
        for part in np.array_split(np.arange(len(numbers)), math.ceil(len(numbers) / PLACES_A_POINT))
    ]


def places_a_point(scenario: Scenario) -> int | None:
    """Places of the largest point of a map; None if there is no map."""
    channel = scenario.eavesdropper.channel
    if not isinstance(channel, TracedChannel) or channel.place != "map":
        return None
    count = len(standing(channel, "eavesdropper.channel").numbers)
    return math.ceil(count / math.ceil(count / PLACES_A_POINT))


def fixed_place(scenario: Scenario) -> int:
    """The number of the eavesdropper's only place, the column `place` of all rows; -1 without a street."""
    channel = scenario.eavesdropper.channel
    return int(standing(channel, "eavesdropper.channel").numbers[0]) if isinstance(channel, TracedChannel) else -1
