"""The compiled side of a sweep: one program a transmitter, a system and an attack, traced once for a whole sweep."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from diffsem.channels import reseed
from diffsem.link.image_quality import psnr_db, ssim
from diffsem.link.information import TEMPERATURES
from diffsem.link.monte_carlo.batch_seed import derive_seed
from diffsem.link.monte_carlo.experiment import Attack, Experiment, System
from diffsem.link.monte_carlo.outcome import EXAMPLES, Attacked, Job, Outcome
from diffsem.link.monte_carlo.part import TOGETHER, part_of_digital
from diffsem.link.timing.stopwatch import STOPPED, Stopwatch
from diffsem.link.timing.timed_program import TimedProgram
from diffsem.link.transmission.bit_transmission import BitTransmission
from diffsem.link.transmission.mapping import map_once
from diffsem.link.transmission.seeds import Seeds
from diffsem.models import in_batches


class Programs:
    """Runs pools of batches on the device; images and labels are copied there once.

    A pool may hold batches of several points: step and SNR go with every sample. However many batches it holds, the
    networks see one batch shape, and each program is traced once.

    Parameters
    ----------
    experiment : Experiment
    stopwatch : Stopwatch, optional
        If it runs, each program is waited for and is a stage of it, and so are the judges.

    Examples
    --------
    Two points of three batches each, and one trace of the only program.

    >>> import numpy as np
    >>> from diffsem import link
    >>> from diffsem.channels import BlockFadingChannel
    >>> from diffsem.models import NoiseSchedule
    >>> sent = link.DigitalLink(BlockFadingChannel(), "zf", "qpsk", None, information_bits=8)
    >>> experiment = link.Experiment(
    ...     {}, [], [], None, None, np.zeros([4, 28, 28, 1], np.float32), np.zeros(4, int), NoiseSchedule(),
    ...     link.StoppingRule(max_images=12), batch_size=4, seed=1, channels={"receiver": "rayleigh"},
    ...     digital=[link.DigitalSystem("bits", sent, link.RandomBits(8))],
    ... )
    >>> programs, points = link.Programs(experiment), [link.Point(0, snr_db, (0.0,)) for snr_db in (0.0, 10.0)]
    >>> [result.images for result in link.simulate_points(experiment, programs, points)], programs.traces()
    ([12, 12], {'bits': 1})
    """

    def __init__(self, experiment: Experiment, stopwatch: Stopwatch = STOPPED):
        # Sionna makes its random generator on first use: inside of a program, that would cost a second trace.
        reseed(0)
        self._experiment = experiment
        self._roles = Seeds.roles(experiment.looks)
        self._images = tf.constant(experiment.images, tf.float32)
        self._labels = tf.constant(experiment.labels, tf.int64)
        # Of all attacks: traced once, as a function of its own.
        self._judge = tf.function(self._judged, autograph=False)
        self._transmit = {name: self._transmission(name) for name in experiment.links}
        self._receive = {system.name: self._reception(system) for system in experiment.systems}
        self._attack = [self._eavesdropping(attack) for attack in experiment.attacks]
        self._digital = {system.name: self._digital_link(system) for system in experiment.digital}
        if stopwatch.runs:
            self._time(stopwatch)

    def traces(self) -> dict[str, int]:
        """How often each program was traced so far, by system, transmitter or "attack on transmitter"."""
        named: dict[str, Any] = self._transmit | self._receive | self._digital
        attacks = zip(self._experiment.attacks, self._attack, strict=True)
        named |= {f"{attack.name} on {attack.transmitter}": run for attack, run in attacks}
        return {name: run.experimental_get_tracing_count() for name, run in named.items()}

    def run(self, pool: Mapping[str, Sequence[Job]]) -> Outcome:
        """Simulate a pool of batches; the host waits for nothing until all of it is under way.

        Parameters
        ----------
        pool : mapping of str to sequence of Job
            By part, as `parts_of` names them; what is not in it is not simulated.
        """
        seeds = {job: self._seeds(job) for jobs in pool.values() for job in jobs}
        jobs = pool.get(TOGETHER, ())
        first = self._first(jobs)
        received, steps, esnr, capacity, heard_finite, noise_step = self._sent(jobs, seeds)

        def heard(transmitter, place):
            return received[transmitter][:, place], steps[transmitter][:, place], first

        systems = {
            system.name: self._receive[system.name](*heard(system.transmitter, 0))
            for system in self._experiment.systems
            if jobs
        }
        attacks = [
            [run(*heard(attack.transmitter, place)) for place in self._overheard(attack.transmitter)]
            for attack, run in zip(self._experiment.attacks, self._attack, strict=True)
            if jobs
        ]
        digital = self._decided(pool, seeds)
        return Outcome(
            np.asarray(noise_step),
            tf.gather(self._labels, self._index(first)).numpy(),
            {name: self._by_listener(name, step, np.mean) for name, step in steps.items()},
            {name: self._by_listener(name, ratio, np.sum) for name, ratio in esnr.items()},
            {name: self._by_listener(name, bits, np.sum) for name, bits in capacity.items()},
            {name: np.asarray(hits) for name, (hits, _, _) in (systems | digital).items()},
            {name: np.asarray(calls) for name, (_, calls, _) in systems.items()},
            [[_attacked(made) for made in each] for each in attacks],
            {name: np.asarray(errors) for name, (_, errors, _) in digital.items()},
            {name: self._by_listener(name, finite, np.all) for name, finite in heard_finite.items()},
            {name: np.asarray(finite) for name, (_, _, finite) in (systems | digital).items()},
        )

    def _time(self, stopwatch: Stopwatch) -> None:
        for kind, programs in (
            ("transmitter and channel", self._transmit),
            ("receiver", self._receive),
            ("digital link", self._digital),
        ):
            for name, program in programs.items():
                programs[name] = TimedProgram(program, f"{kind}: {name}", stopwatch)
        judge = TimedProgram(self._judging(), "judge", stopwatch)
        for place, attack in enumerate(self._experiment.attacks):
            name, part = f"attack: {attack.name} on {attack.transmitter}", judge if attack.reconstructs else None
            self._attack[place] = TimedProgram(self._attack[place], name, stopwatch, part)

    def _sent(self, jobs: Sequence[Job], seeds: Mapping[Job, list[int]]) -> tuple:
        """y, t', ESNR, capacity, and whether the first three are finite, by transmitter, and s."""
        received, steps, esnr, capacity, heard_finite = {}, {}, {}, {}, {}
        noise_step = np.zeros([len(jobs), self._experiment.batch_size], np.int32)
        if jobs:
            first, timestep = self._first(jobs), tf.constant([job.point.timestep for job in jobs], tf.int32)
            own_snr_db = [_filled(job.point.eavesdropper_snr_db, self._experiment.eavesdroppers) for job in jobs]
            snr_db = tf.constant(
                [[job.point.snr_db, *own] for job, own in zip(jobs, own_snr_db, strict=True)], tf.float64
            )
            places = self._places(jobs)
            roles = tf.constant([seeds[job] for job in jobs], tf.int64)
            for name, transmit in self._transmit.items():
                made = transmit(first, timestep, snr_db, places, roles)
                received[name], steps[name], esnr[name], capacity[name], heard_finite[name], noise_step = made
        return received, steps, esnr, capacity, heard_finite, noise_step

    def _decided(self, pool: Mapping[str, Sequence[Job]], seeds: Mapping[Job, list[int]]) -> dict[str, Any]:
        """What each digital system that is simulated makes of its own jobs."""
        decided = {}
        for system in self._experiment.digital:
            jobs = pool.get(part_of_digital(system), ())
            if jobs:
                snr_db = tf.constant([job.point.snr_db for job in jobs], tf.float64)
                roles = tf.constant([seeds[job][:2] for job in jobs], tf.int64)
                decided[system.name] = self._digital[system.name](self._first(jobs), snr_db, roles)
        return decided

    def _places(self, jobs: Sequence[Job]) -> tf.Tensor:
        """[K, E] places among those of the eavesdropper's channel; [K, 0] where none are swept."""
        if not self._swept:
            return tf.zeros([len(jobs), 0], tf.int32)
        numbers = [_filled(job.point.places, self._experiment.eavesdroppers) for job in jobs]
        return tf.constant(np.searchsorted(self._experiment.places["adversary"].numbers, numbers), tf.int32)

    @property
    def _swept(self) -> bool:
        """Whether eavesdroppers differ by where they stand."""
        there = self._experiment.places.get("adversary")
        return there is not None and len(there.numbers) > 1

    def _seeds(self, job: Job) -> list[int]:
        return [derive_seed(self._experiment.seed, job.point, job.batch, role) for role in self._roles]

    def _first(self, jobs: Sequence[Job]) -> tf.Tensor:
        """[K], the first image of every batch."""
        size, images = self._experiment.batch_size, len(self._experiment.labels)
        return tf.constant([job.batch * size % images for job in jobs], tf.int32)

    def _eavesdroppers(self, transmitter: str) -> int:
        """Eavesdroppers that hear a transmitter; none where no attack is listed."""
        attacked = any(attack.transmitter == transmitter for attack in self._experiment.attacks)
        return self._experiment.eavesdroppers if attacked else 0

    def _overheard(self, transmitter: str) -> list[slice]:
        """Where each eavesdropper's observations are, behind the receiver's."""
        each = self._experiment.links[transmitter].observations(self._experiment.looks)
        return [slice(1 + i * each, 1 + (i + 1) * each) for i in range(self._eavesdroppers(transmitter))]

    def _by_listener(self, transmitter: str, values, over_looks: Callable) -> np.ndarray:
        """[K, observations, ...] -> [K, 1 + eavesdroppers, ...]."""
        values = np.asarray(values)
        places = [slice(0, 1), *self._overheard(transmitter)]
        return np.stack([over_looks(values[:, place], axis=1) for place in places], axis=1)

    def _transmission(self, name: str) -> Callable:
        """[K] first image, [K] t, [K, 1 + E] SNR in dB, [K, E] places, [K, roles] seeds -> y, t', ESNR, capacity.

        Of all observations; then whether the first three are finite, [K, observations], and s.
        """
        link, size, eavesdroppers = self._experiment.links[name], self._experiment.batch_size, self._eavesdroppers(name)
        roles, swept = len(self._roles), self._swept
        observations = 1 + eavesdroppers * link.observations(self._experiment.looks)
        outputs = (
            tf.TensorSpec([observations, size, *link.feature_shape]),
            tf.TensorSpec([observations, size]),
            tf.TensorSpec([observations, size]),
            tf.TensorSpec([observations, size]),
            tf.TensorSpec([observations], tf.bool),
            tf.TensorSpec([size], tf.int32),
        )

        def one(job):
            first, timestep, snr_db, places, seeds = job
            receiver_snr_db, *others_snr_db = (tf.fill([size], snr) for snr in tf.unstack(snr_db))
            image = tf.gather(self._images, self._index(first[None])[0])
            where = {"places": places[:eavesdroppers]} if swept else {}
            receiver, overheard, noise_step = link.transmit(
                image,
                tf.fill([size], timestep),
                receiver_snr_db,
                others_snr_db[:eavesdroppers],
                Seeds.unpack(tf.unstack(seeds)),
                **where,
            )
            nodes = [receiver, *overheard]
            measured = [tf.stack([getattr(node, name) for node in nodes]) for name in ("received", "step", "esnr")]
            finite = tf.reduce_all([_finite(values) for values in measured], axis=0)
            untold = tf.fill([size], float("nan"))
            capacity = tf.stack([untold if node.capacity is None else node.capacity for node in nodes])
            return (*measured, capacity, finite, noise_step)

        # The generators are set anew for every batch: one after another.
        return tf.function(
            lambda *jobs: tf.map_fn(one, jobs, parallel_iterations=1, fn_output_signature=outputs),
            autograph=False,
            input_signature=[
                tf.TensorSpec([None], tf.int32),
                tf.TensorSpec([None], tf.int32),
                tf.TensorSpec([None, 1 + self._experiment.eavesdroppers], tf.float64),
                tf.TensorSpec([None, swept * self._experiment.eavesdroppers], tf.int32),
                tf.TensorSpec([None, roles], tf.int64),
            ],
        )

    def _digital_link(self, system: BitTransmission) -> Callable:
        """[K] first image, [K] SNR in dB, [K, 2] seeds of channel and payload -> hits and bit errors, both [K, B].

        Then whether features and logits are finite, [K].
        """
        size = self._experiment.batch_size
        outputs = (tf.TensorSpec([size], tf.bool), tf.TensorSpec([size], tf.int32), tf.TensorSpec([], tf.bool))

        def one(job):
            first, snr_db, seeds = job
            index = self._index(first[None])[0]
            images, labels = tf.gather(self._images, index), tf.gather(self._labels, index)
            hits, errors, finite = system.run(images, labels, tf.fill([size], snr_db), *tf.unstack(seeds))
            return hits, errors, tf.reduce_all(finite)

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
        """y [K, B, ...], t' [K, B], first image [K] -> hits and U-Net calls [K, B], and whether finite [K]."""

        def run(received, step, first):
            logits, calls = system.receiver([_flat(received), _flat(step)])
            hits = tf.argmax(logits, axis=-1) == _flat(tf.gather(self._labels, self._index(first)))
            finite = tf.reduce_all(tf.reshape(_finite(logits), tf.shape(step)), axis=1)
            return tf.reshape(hits, tf.shape(step)), tf.reshape(calls, tf.shape(step)), finite

        return self._compiled(run, system.transmitter)

    def _eavesdropping(self, attack: Attack) -> Callable:
        """y [K, L, B, ...], t' [K, L, B], first image [K] -> the fields of Attacked.

        Of L repeated transmissions (looks) that do not add up, each is attacked by itself: labels by the sum of their
        log-probabilities, which is what independent looks ask for, images by their mean. Unless it reads all at once.
        """
        size = self._experiment.batch_size

        def over_looks(received, step):
            looks = received.shape[1]
            if attack.all_looks:
                return attack.run([received, tf.reduce_mean(step, axis=1)])
            if looks == 1:
                return attack.run([received[:, 0], step[:, 0]])
            made = attack.run([_flat(received), _flat(step)])
            made = tf.reshape(made, [-1, looks, *made.shape[1:]])
            return tf.reduce_mean(made if attack.reconstructs else tf.nn.log_softmax(made), axis=1)

        def label(received, step, index):
            made = over_looks(received, step)
            labels = tf.gather(self._labels, index)
            return tf.argmax(made, axis=-1) == labels, _finite(made), _surprisal(made, labels)

        def reconstruct(received, step, index):
            return self._judge(over_looks(received, step), index)

        def run(received, step, first):
            function = reconstruct if attack.reconstructs else label
            by_image = [_swapped(values) for values in (received, step)]
            flat = in_batches(function, size, *map(_flat, by_image), _flat(self._index(first)), over=map_once)
            by_batch = [tf.reshape(value, [-1, size, *value.shape[1:]]) for value in flat]
            if not attack.reconstructs:
                hits, finite, surprisal = by_batch
                return hits, tf.reduce_all(finite, axis=1), surprisal
            hits, finite, clean_hits, psnr, similarity, shown = by_batch
            return hits, tf.reduce_all(finite, axis=1), clean_hits, psnr, similarity, shown[:, :EXAMPLES]

        looks = self._experiment.links[attack.transmitter].observations(self._experiment.looks)
        return self._compiled(run, attack.transmitter, looks)

    def _judged(self, made, index):
        """Images [B, ...] that an attack made, [B] places of the right ones -> the fields of Attacked, by image."""
        images, labels = tf.gather(self._images, index), tf.gather(self._labels, index)
        seen = [see(made) for see in (self._experiment.judge, self._experiment.clean_judge)]
        hits, clean_hits = (tf.argmax(logits, axis=-1) == labels for logits in seen)
        finite = _finite(made) & _finite(seen[0]) & _finite(seen[1])
        shown = tf.clip_by_value(made, 0, 1)
        return hits, finite, clean_hits, psnr_db(images, shown), ssim(images, shown), shown

    def _judging(self) -> Callable:
        """y [K, L, B, ...] -> what the judges say of as many images of the test set: for the time that it takes."""
        size = self._experiment.batch_size

        def run(received):
            index = _flat(self._index(tf.zeros(tf.shape(received)[:1], tf.int32)))
            return in_batches(
                lambda index: self._judge(tf.gather(self._images, index), index), size, index, over=map_once
            )

        return tf.function(run, autograph=False, jit_compile=self._experiment.xla or None)

    def _compiled(self, run: Callable, transmitter: str, *looks: int):
        size, feature = self._experiment.batch_size, self._experiment.links[transmitter].feature_shape
        # An open number of batches: a pool that is not full costs no second trace.
        signature = [
            tf.TensorSpec([None, *looks, size, *feature]),
            tf.TensorSpec([None, *looks, size]),
            tf.TensorSpec([None], tf.int32),
        ]
        return tf.function(run, input_signature=signature, autograph=False, jit_compile=self._experiment.xla or None)

    def _index(self, first):
        """[K] first image of every batch -> [K, B] places in the test set, which starts anew when it runs out."""
        return (first[:, None] + tf.range(self._experiment.batch_size)) % len(self._experiment.labels)


def _filled(values: Sequence, count: int) -> list:
    """As many values as a program takes: the last one again, whose outcome nobody counts."""
    return [*values, *[*values[-1:]] * (count - len(values))]


def _finite(values):
    """[N, ...] -> [N], whether all of each is."""
    return tf.reduce_all(tf.math.is_finite(values), axis=list(range(1, len(values.shape))))


def _surprisal(logits, labels):
    """[N, classes] logits, [N] labels -> [N, T] bits: -log2 of the right label's probability, at each temperature."""
    by_temperature = tf.cast(logits, tf.float32)[:, None] / tf.constant(TEMPERATURES)[:, None]
    return -tf.gather(tf.nn.log_softmax(by_temperature), labels, axis=2, batch_dims=1) / math.log(2)


def _attacked(made) -> Attacked:
    """Of the arrays that an attack's program gives."""
    hits, finite, *rest = map(np.asarray, made)
    return Attacked(hits, finite, surprisal=rest[0]) if len(rest) == 1 else Attacked(hits, finite, *rest)


def _flat(values):
    """[K, B, ...] -> [K B, ...]."""
    return tf.reshape(values, [-1, *values.shape[2:]])


def _swapped(values):
    """[K, L, B, ...] -> [K, B, L, ...]."""
    return tf.transpose(values, [0, 2, 1, *range(3, len(values.shape))])
