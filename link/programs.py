"""The compiled side of a sweep: one program a transmitter, a system and an attack, traced once for a whole sweep."""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from diffsem.channels import reseed
from diffsem.link.digital import DigitalSystem
from diffsem.link.experiment import Attack, Experiment, Point, System
from diffsem.link.image_quality import psnr_db, ssim
from diffsem.link.wiretap import Seeds, WiretapLink
from diffsem.models import in_batches

EXAMPLES = 10


@dataclass(frozen=True)
class Job:
    """One batch of one point."""

    point: Point
    batch: int


@dataclass(frozen=True)
class Attacked:
    """What an attack made of a pool of K batches.

    Parameters
    ----------
    hits : [K, B], bool
        Whether the attack itself, or the judge of its images, sees the right label.
    clean_hits : [K, B], bool or None
        Whether the judge that saw clean images only does; None, as all that follows, if there are no images.
    psnr_db, ssim : [K, B], float32, or None
    images : [K, n, height, width, channels], float32, or None
        The first of every batch, in [0, 1].
    """

    hits: np.ndarray
    clean_hits: np.ndarray | None = None
    psnr_db: np.ndarray | None = None
    ssim: np.ndarray | None = None
    images: np.ndarray | None = None


@dataclass(frozen=True)
class Outcome:
    """What all nodes made of a pool of K batches.

    Parameters
    ----------
    noise_step : [K, B], int
        s (eq. 24); 0 where nothing but digital links is simulated.
    labels : [K, B], int
        The right ones.
    steps : dict of str to [K, 1 + eavesdroppers, B], float32
        t' at the receiver and at every eavesdropper, by transmitter.
    hits : dict of str to [K, B], bool
        Whether a system sees the right label.
    calls : dict of str to [K, B], float32
        U-Net calls of each image, by system.
    attacks : list of list of Attacked
        One entry an attack of the experiment, and in it one an eavesdropper.
    bit_errors : dict of str to [K, B], int
        Of each block, by digital system.
    """

    noise_step: np.ndarray
    labels: np.ndarray
    steps: dict[str, np.ndarray]
    hits: dict[str, np.ndarray]
    calls: dict[str, np.ndarray]
    attacks: list[list[Attacked]]
    bit_errors: dict[str, np.ndarray]


def derive_seed(seed: int, point: Point, batch: int, role: str) -> int:
    """Seed of one role in one batch of one point, the same for every system; 0 <= seed < 2**62.

    It hangs on the point's own values, not on its place in the sweep: a point gives the same rows in any sweep. All
    eavesdroppers of a point share their noise.
    """
    sequence = np.random.SeedSequence(
        [seed, point.timestep, zlib.crc32(repr(float(point.snr_db)).encode()), batch, zlib.crc32(role.encode())]
    )
    return int(sequence.generate_state(1, np.uint64)[0] >> 2)


class Programs:
    """Runs pools of batches on the device; images and labels are copied there once.

    A pool may hold batches of several points: step and SNR go with every sample. However many batches it holds, the
    networks see one batch shape, and each program is traced once.

    Parameters
    ----------
    experiment : Experiment
    """

    def __init__(self, experiment: Experiment):
        # Sionna makes its random generator on first use: inside of a program, that would cost a second trace.
        reseed(0)
        self._experiment = experiment
        self._roles = Seeds.roles(experiment.looks)
        self._images = tf.constant(experiment.images, tf.float32)
        self._labels = tf.constant(experiment.labels, tf.int64)
        self._transmit = {name: self._transmission(name) for name in experiment.links}
        self._receive = {system.name: self._reception(system) for system in experiment.systems}
        self._attack = [self._eavesdropping(attack) for attack in experiment.attacks]
        self._digital = {system.name: self._digital_link(system) for system in experiment.digital}

    def traces(self) -> dict[str, int]:
        """How often each program was traced so far, by system, transmitter or "attack on transmitter"."""
        named: dict[str, Any] = self._transmit | self._receive | self._digital
        attacks = zip(self._experiment.attacks, self._attack, strict=True)
        named |= {f"{attack.name} on {attack.transmitter}": run for attack, run in attacks}
        return {name: run.experimental_get_tracing_count() for name, run in named.items()}

    def run(self, jobs: Sequence[Job]) -> Outcome:
        """Simulate a pool of batches; the host waits for nothing until all of it is under way."""
        seed, size = self._experiment.seed, self._experiment.batch_size
        first = tf.constant([job.batch * size % len(self._experiment.labels) for job in jobs], tf.int32)
        timestep = tf.constant([job.point.timestep for job in jobs], tf.int32)
        snr_db = tf.constant([[job.point.snr_db, *job.point.eavesdropper_snr_db] for job in jobs], tf.float64)
        seeds = tf.constant(
            [[derive_seed(seed, job.point, job.batch, role) for role in self._roles] for job in jobs], tf.int64
        )
        received, steps, noise_step = {}, {}, np.zeros([len(jobs), size], np.int32)
        for name, transmit in self._transmit.items():
            received[name], steps[name], noise_step = transmit(first, timestep, snr_db, seeds)

        def heard(transmitter, listener):
            return received[transmitter][:, listener], steps[transmitter][:, listener], first

        systems = {
            system.name: self._receive[system.name](*heard(system.transmitter, 0))
            for system in self._experiment.systems
        }
        attacks = [
            [run(*heard(attack.transmitter, listener)) for listener in range(1, self._listeners(attack.transmitter))]
            for attack, run in zip(self._experiment.attacks, self._attack, strict=True)
        ]
        digital = {name: run(first, snr_db[:, 0], seeds[:, :2]) for name, run in self._digital.items()}
        hits = {name: hits for name, (hits, _) in (systems | digital).items()}
        return Outcome(
            np.asarray(noise_step),
            tf.gather(self._labels, self._index(first)).numpy(),
            {name: np.asarray(step) for name, step in steps.items()},
            {name: np.asarray(hit) for name, hit in hits.items()},
            {name: np.asarray(calls) for name, (_, calls) in systems.items()},
            [[Attacked(*map(np.asarray, made)) for made in each] for each in attacks],
            {name: np.asarray(errors) for name, (_, errors) in digital.items()},
        )

    def _listeners(self, transmitter: str) -> int:
        """Nodes that hear a transmitter: the receiver and, where an attack is listed, every eavesdropper."""
        attacked = any(attack.transmitter == transmitter for attack in self._experiment.attacks)
        return 1 + self._experiment.eavesdroppers * attacked

    def _transmission(self, name: str) -> Callable:
        """[K] first image, [K] t, [K, 1 + E] SNR in dB, [K, roles] seeds -> y and t' of every listener, and s."""
        link, size, listeners = self._experiment.links[name], self._experiment.batch_size, self._listeners(name)
        roles = len(self._roles)
        outputs = (
            tf.TensorSpec([listeners, size, *_feature_shape(link)]),
            tf.TensorSpec([listeners, size]),
            tf.TensorSpec([size], tf.int32),
        )

        def one(job):
            first, timestep, snr_db, seeds = job
            own = [tf.fill([size], snr) for snr in tf.unstack(snr_db)[:listeners]]
            image = tf.gather(self._images, self._index(first[None])[0])
            receiver, eavesdroppers, noise_step = link.transmit(
                image, tf.fill([size], timestep), own[0], own[1:], Seeds.unpack(tf.unstack(seeds))
            )
            nodes = [receiver, *eavesdroppers]
            return tf.stack([node.received for node in nodes]), tf.stack([node.step for node in nodes]), noise_step

        # The generators are set anew for every batch: one after another.
        return tf.function(
            lambda *jobs: tf.map_fn(one, jobs, parallel_iterations=1, fn_output_signature=outputs),
            autograph=False,
            input_signature=[
                tf.TensorSpec([None], tf.int32),
                tf.TensorSpec([None], tf.int32),
                tf.TensorSpec([None, 1 + self._experiment.eavesdroppers], tf.float64),
                tf.TensorSpec([None, roles], tf.int64),
            ],
        )

    def _digital_link(self, system: DigitalSystem) -> Callable:
        """[K] first image, [K] SNR in dB, [K, 2] seeds of channel and payload -> hits and bit errors, both [K, B]."""
        size = self._experiment.batch_size
        outputs = (tf.TensorSpec([size], tf.bool), tf.TensorSpec([size], tf.int32))

        def one(job):
            first, snr_db, seeds = job
            index = self._index(first[None])[0]
            images, labels = tf.gather(self._images, index), tf.gather(self._labels, index)
            return system.run(images, labels, tf.fill([size], snr_db), *tf.unstack(seeds))

        return tf.function(
            lambda *jobs: tf.map_fn(one, jobs, parallel_iterations=1, fn_output_signature=outputs),
            autograph=False,
            input_signature=[
                tf.TensorSpec([None], tf.int32),
                tf.TensorSpec([None], tf.float64),
                tf.TensorSpec([None, 2], tf.int64),
            ],
        )

    def _reception(self, system: System) -> Callable:
        """y [K, B, ...], t' [K, B], first image [K] -> hits and U-Net calls, both [K, B]."""

        def run(received, step, first):
            logits, calls = system.receiver([_flat(received), _flat(step)])
            hits = tf.argmax(logits, axis=-1) == _flat(tf.gather(self._labels, self._index(first)))
            return tf.reshape(hits, tf.shape(step)), tf.reshape(calls, tf.shape(step))

        return self._compiled(run, system.transmitter)

    def _eavesdropping(self, attack: Attack) -> Callable:
        """y [K, B, ...], t' [K, B], first image [K] -> the fields of Attacked."""
        size, judge, clean_judge = self._experiment.batch_size, self._experiment.judge, self._experiment.clean_judge

        def label(received, step, index):
            return (tf.argmax(attack.run([received, step]), axis=-1) == tf.gather(self._labels, index),)

        def reconstruct(received, step, index):
            images, labels = tf.gather(self._images, index), tf.gather(self._labels, index)
            made = attack.run([received, step])
            hits, clean_hits = (tf.argmax(see(made), axis=-1) == labels for see in (judge, clean_judge))
            shown = tf.clip_by_value(made, 0, 1)
            return hits, clean_hits, psnr_db(images, shown), ssim(images, shown), shown

        def run(received, step, first):
            function = reconstruct if attack.reconstructs else label
            flat = in_batches(function, size, _flat(received), _flat(step), _flat(self._index(first)))
            values = [tf.reshape(value, [-1, size, *value.shape[1:]]) for value in flat]
            return [*values[:4], *(images[:, :EXAMPLES] for images in values[4:])]

        return self._compiled(run, attack.transmitter)

    def _compiled(self, run: Callable, transmitter: str):
        size, feature = self._experiment.batch_size, _feature_shape(self._experiment.links[transmitter])
        # An open number of batches: a pool that is not full costs no second trace.
        signature = [
            tf.TensorSpec([None, size, *feature]),
            tf.TensorSpec([None, size]),
            tf.TensorSpec([None], tf.int32),
        ]
        return tf.function(run, input_signature=signature, autograph=False, jit_compile=self._experiment.xla or None)

    def _index(self, first):
        """[K] first image of every batch -> [K, B] places in the test set, which starts anew when it runs out."""
        return (first[:, None] + tf.range(self._experiment.batch_size)) % len(self._experiment.labels)


def _feature_shape(link: WiretapLink) -> tuple[int, ...]:
    return link.transmitter.encoder.output_shape[1:]


def _flat(values):
    """[K, B, ...] -> [K B, ...]."""
    return tf.reshape(values, [-1, *values.shape[2:]])
