"""Which batches a sweep simulates: counted behind the programs, by real links and by ones that cost nothing."""

import math
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import pytest

from diffsem.channels import BlockFadingChannel
from diffsem.link import (
    DigitalLink,
    DigitalSystem,
    Experiment,
    Point,
    Programs,
    RandomBits,
    StoppingRule,
    simulate_points,
)
from diffsem.link.monte_carlo import point_run, simulation
from diffsem.link.monte_carlo.outcome import Outcome
from diffsem.link.monte_carlo.point_run import PointRun
from diffsem.models import NoiseSchedule

BATCH = 32


def experiment(digital, stopping, **changes):
    images, labels = np.zeros([4, 28, 28, 1], np.float32), np.zeros(4, int)
    built = Experiment(
        {}, [], [], None, None, images, labels, NoiseSchedule(), stopping, BATCH, 1, {"receiver": "awgn"}
    )
    return replace(built, digital=digital, **changes)


def bits(modulation):
    link = DigitalLink(BlockFadingChannel(math.inf), "zf", modulation, None, 48)
    return DigitalSystem(modulation, link, RandomBits(48))


class Counted:
    """Programs that count the batches they simulate, by point and part."""

    def __init__(self, programs):
        self.programs, self.batches, self.pools = programs, Counter(), []

    def run(self, pool):
        self.pools.append(pool)
        self.batches.update((job.point, part) for part, jobs in pool.items() for job in jobs)
        return self.programs.run(pool)


@dataclass(frozen=True)
class Costless:
    """A digital system that no one simulates."""

    name: str
    scored: str = "block"
    information_bits: int = 8
    channel_uses: int = 4


class NoPrograms:
    """Of every block of a link, as many are wrong as `wrong` says, in [0, 1]."""

    def __init__(self, wrong):
        self.wrong = wrong

    def run(self, pool):
        errors = {
            part: np.tile(np.arange(BATCH) < self.wrong[part] * BATCH, [len(jobs), 1]).astype(int)
            for part, jobs in pool.items()
        }
        hits = {part: wrong == 0 for part, wrong in errors.items()}
        finite = {part: np.ones(len(wrong), bool) for part, wrong in errors.items()}
        return Outcome(np.zeros([0, BATCH]), np.zeros([0, BATCH]), {}, {}, {}, hits, {}, [], errors, {}, finite)


@pytest.mark.parametrize("pool", [1, 32])
def test_a_link_ends_where_its_own_rule_is_met_whatever_else_is_simulated(pool):
    """256-QAM at 10 dB has no block right, BPSK none wrong: one batch is enough for the one, the other needs all."""
    stopping, points = StoppingRule(max_images=5 * BATCH, target_errors=20), [Point(0, 10.0, (0.0,))]
    noisy, clean = bits("256qam"), bits("bpsk")

    def rows(*digital):
        built = experiment(digital, stopping, pool=pool)
        programs = Programs(built)
        counted = Counted(programs)
        (result,) = simulate_points(built, counted, points)
        assert programs.traces() == {system.name: 1 for system in digital}
        return {row["system"]: row for row in result.rows}, {part: n for (_, part), n in counted.batches.items()}

    both, batches = rows(noisy, clean)
    assert batches == {"256qam": 1, "bpsk": 5}
    assert (both["256qam"]["total"], both["256qam"]["stop_reason"]) == (BATCH, "target_errors")
    assert (both["bpsk"]["total"], both["bpsk"]["stop_reason"]) == (5 * BATCH, "max_images")
    for system in (noisy, clean):
        alone, needed = rows(system)
        assert repr(alone[system.name]) == repr(both[system.name])
        assert needed[system.name] == batches[system.name]


def test_links_that_send_images_end_with_the_others_that_see_them():
    built = experiment(
        [Costless("seen", "label"), Costless("too", "label"), Costless("bits")],
        StoppingRule(max_images=640, target_errors=16),
        passes=1000,
    )

    class Together(NoPrograms):
        def run(self, pool):
            outcome = super().run(pool)
            shape = outcome.hits[""].shape
            wrong = {"seen": np.ones(shape, int), "too": np.tile(np.arange(BATCH) < 4, [shape[0], 1]).astype(int)}
            return replace(
                outcome,
                labels=np.zeros(shape, int),
                hits=outcome.hits | {name: errors == 0 for name, errors in wrong.items()},
                bit_errors=outcome.bit_errors | wrong,
                finite=outcome.finite | {name: np.ones(shape[0], bool) for name in wrong},
            )

    counted = Counted(Together({"": 0, "bits": 1}))
    (result,) = simulate_points(built, counted, [Point(0, 0.0, (0.0,))])
    assert {row["system"]: row["total"] for row in result.rows} == {"seen": 128, "too": 128, "bits": 32}
    assert result.images == 128


@pytest.mark.parametrize("count", [200, 2000])
def test_work_a_point_does_not_grow_with_the_number_of_points(count, monkeypatch):
    """One link is right but for a thirty-second, the other has half of its blocks wrong."""
    calls, alive = Counter(), set()

    class Watched(PointRun):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            calls["made"] += 1
            alive.add(self)

        def schedule(self, room):
            calls["schedule"] += 1
            calls["most alive"] = max(calls["most alive"], len(alive))
            return super().schedule(room)

        def __getattribute__(self, name):
            calls["looked at"] += name in ("finished", "broken")
            return super().__getattribute__(name)

        def result(self):
            alive.discard(self)
            return super().result()

    monkeypatch.setattr(simulation, "PointRun", Watched)
    # The intervals of a row are dear, and the same for each.
    monkeypatch.setattr(point_run, "row_of", lambda experiment, point, node, tally: {"total": tally.total})
    built = experiment([Costless("good"), Costless("bad")], StoppingRule(max_images=320, target_errors=8), pool=16)
    points = [Point(0, float(snr_db), (0.0,)) for snr_db in range(count)]
    counted = Counted(NoPrograms({"good": 1 / 32, "bad": 0.5}))
    results = list(simulate_points(built, counted, points))
    assert sorted(result.point.snr_db for result in results) == list(range(count))
    assert all([row["total"] for row in result.rows] == [8 * BATCH, BATCH] for result in results)
    assert set(counted.batches.values()) == {1, 8}
    assert calls["made"] == count
    assert calls["most alive"] <= built.pool
    assert calls["schedule"] <= 12 * count
    assert calls["looked at"] <= 60 * count


def test_no_part_of_a_pool_is_over_full_and_the_first_points_come_first():
    built = experiment([Costless("good"), Costless("bad")], StoppingRule(max_images=320, target_errors=8), pool=5)
    counted = Counted(NoPrograms({"good": 1 / 32, "bad": 0.5}))
    points = [Point(0, float(snr_db), (0.0,)) for snr_db in range(7)]
    results = [result.point.snr_db for result in simulate_points(built, counted, points)]
    assert results == sorted(results)
    assert max(len(jobs) for pool in counted.pools for jobs in pool.values()) == 5
    for pool in counted.pools:
        for jobs in pool.values():
            assert [job.point.snr_db for job in jobs] == sorted(job.point.snr_db for job in jobs)
