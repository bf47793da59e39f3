"""Where the randomness of a batch comes from."""

import zlib

import numpy as np

from diffsem.link.results.point import Point


def derive_seed(seed: int, point: Point, batch: int, role: str) -> int:
    """Seed of one role in one batch of one point, the same for every system; 0 <= seed < 2**62.

    It hangs on the point's own values, not on its place in the sweep: a point gives the same rows in any sweep. All
    eavesdroppers of a point share their noise.
    """
    sequence = np.random.SeedSequence(
        [seed, point.timestep, zlib.crc32(repr(float(point.snr_db)).encode()), batch, zlib.crc32(role.encode())]
    )
    return int(sequence.generate_state(1, np.uint64)[0] >> 2)
