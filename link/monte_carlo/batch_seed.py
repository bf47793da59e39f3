"""Where the randomness of a batch comes from."""

import zlib

import numpy as np

from diffsem.link.results.point import Point


def derive_seed(seed: int, point: Point, batch: int, role: str) -> int:
    """Seed of one role in one batch of one point, the same for every system; 0 <= seed < 2**62.

    It hangs on the point's own values, not on its place in the sweep: a point gives the same rows in any sweep. All
    eavesdroppers of a point share their noise.

    Examples
    --------
    Where the eavesdropper stands does not move the receiver's noise; another batch does.

    >>> from diffsem.link import Point, derive_seed
    >>> near, far = Point(240, 15.0, (15.0,)), Point(240, 15.0, (0.0,))
    >>> derive_seed(1, near, 0, "legitimate") == derive_seed(1, far, 0, "legitimate")
    True
    >>> derive_seed(1, near, 0, "legitimate") == derive_seed(1, near, 1, "legitimate")
    False
    """
    sequence = np.random.SeedSequence(
        [seed, point.timestep, zlib.crc32(repr(float(point.snr_db)).encode()), batch, zlib.crc32(role.encode())]
    )
    return int(sequence.generate_state(1, np.uint64)[0] >> 2)
