"""The sessions of whole sweeps and trainings: none comes twice."""

import zlib
from types import SimpleNamespace

import numpy as np
import tensorflow as tf

from diffsem.link import Point, Seeds, derive_seed
from diffsem.scenarios import load_scenario
from diffsem.scenarios.runs.resolving import plan
from diffsem.scenarios.training.eavesdropping import eavesdropping_of
from diffsem.scenarios.training.session import TrainingSession

SHAPE = (8, 8, 1)


def test_no_session_comes_twice_in_a_large_sweep():
    """Over all steps, many SNRs, batches and looks; the receiver's and eavesdropper's seeds are apart from them too."""
    roles = Seeds.roles(100)
    points = [Point(step, snr_db, (0.0,)) for step in range(501) for snr_db in (-10.0, 0.0, 12.5, 15.0)]
    jobs = {(point, batch, role) for point in points for batch in range(2) for role in roles[:5]}
    jobs |= {(point, batch, role) for point in points[:2] for batch in range(100) for role in roles}
    seeds = {derive_seed(1, *job) for job in jobs}
    assert len(seeds) == len(jobs) > 60_000
    assert max(seeds) < 2**62


def test_the_words_that_seeds_are_made_of_tell_all_roles_and_snrs_apart():
    for words in (Seeds.roles(100), [repr(tenths / 10) for tenths in range(-1000, 1001)]):
        assert len({zlib.crc32(word.encode()) for word in words}) == len(words)


class Recorder:
    """Stands for the link between an attack and what it learns from."""

    scrambled = False

    def __init__(self):
        self.sessions = []

    def transmit(self, images, step, snr_db, eavesdropper_snr_db, seeds):
        self.sessions += seeds.self_noise
        heard = SimpleNamespace(received=tf.zeros([len(images), *SHAPE]), step=tf.zeros(len(images)))
        return None, [heard], None


def test_sessions_of_trainings_are_apart_from_each_other_and_from_sweeps(tmp_path, monkeypatch):
    systems = "legitimate.receivers=[keyed-self-noise, keyed-scramble, keyed-self-noise-scramble]"
    # Of a generator that is broken each is attacked by networks of its own.
    planned = plan(load_scenario("mnist-keyed-scramble", [systems, "legitimate.key.generator=weak"]))
    link, images = Recorder(), np.zeros((2, 28, 28, 1), np.float32)
    monkeypatch.setattr(TrainingSession, "load", lambda session, network: None)
    session = TrainingSession(planned.setup, planned.source, None, tmp_path, lambda transmitter, encoder: link)
    for attack in planned.attacks:
        eavesdropping = eavesdropping_of(session, attack)
        eavesdropping.hear_clearly(images)
        for epoch in (*range(50), "validation"):
            eavesdropping.hear(images, session.rng(eavesdropping.name, "", epoch))
    swept = {derive_seed(1, Point(step, 15.0, (15.0,)), 0, "self-noise") for step in range(501)}
    assert len(link.sessions) > 3000
    assert len({*swept, *link.sessions}) == 501 + len(link.sessions)
