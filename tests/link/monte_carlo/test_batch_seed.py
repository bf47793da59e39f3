"""Where the randomness of a batch comes from."""

from dataclasses import replace

from diffsem.link import Point, derive_seed

POINT = Point(60, 10.0, (10.0, 0.0))


def test_seeds_differ_by_point_batch_and_role_but_not_by_eavesdropper():
    base = derive_seed(1, POINT, 0, "legitimate")
    assert base == derive_seed(1, replace(POINT, eavesdropper_snr_db=(3.0,)), 0, "legitimate")
    others = {
        derive_seed(2, POINT, 0, "legitimate"),
        derive_seed(1, replace(POINT, timestep=61), 0, "legitimate"),
        derive_seed(1, replace(POINT, snr_db=11.0), 0, "legitimate"),
        derive_seed(1, POINT, 1, "legitimate"),
        derive_seed(1, POINT, 0, "eavesdropper"),
    }
    assert len(others | {base}) == 6
    assert all(0 <= seed < 2**62 for seed in others)
