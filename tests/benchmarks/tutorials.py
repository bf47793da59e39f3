"""The loop that Sionna's tutorials teach: a model a node, which `sim_ber` calls batch after batch, SNR after SNR."""

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf
from keras import ops

from diffsem.link import psnr_db, ssim
from diffsem.models import NoiseSchedule, predict_clean

SCHEDULE = NoiseSchedule()


def tutorial_ddim(unet, received, step, label, steps):
    """Eq. 16 as one writes it down: a Python loop over the grid."""
    feature = received
    for i in range(steps):
        here, after = step * (1 - i / steps), step * (1 - (i + 1) / steps)
        noise = unet([feature, here[:, None] / SCHEDULE.steps, label], training=False)
        clean = predict_clean(feature, noise, SCHEDULE.alpha_bar_at(here))
        alpha_bar = SCHEDULE.alpha_bar_at(after)[:, None, None, None]
        feature = ops.sqrt(alpha_bar) * clean + ops.sqrt(1 - alpha_bar) * noise
    return feature


def tutorial_receiver(receiver, system: str, steps: int) -> Callable:
    """(y, t') -> logits, U-Net calls an image; the rounds of E-DiffSem go on while any label of the batch changes."""
    if system == "classifier":
        return lambda received, step: (receiver.classify(received, received, step), 0.0)
    unet = receiver.denoise.unet

    def receive(received, step):
        logits = receiver.classify(received, received, step)

        def unsettled(rounds, changed, logits):
            return changed & (rounds < receiver.max_rounds)

        def one_round(rounds, changed, before):
            clean = tutorial_ddim(unet, received, step, ops.softmax(before), steps)
            after = receiver.classify(received, clean, step)
            return rounds + 1, ops.any(ops.argmax(after, -1) != ops.argmax(before, -1)), after

        rounds, _, logits = ops.while_loop(unsettled, one_round, (0, ops.convert_to_tensor(True), logits))
        return logits, ops.cast(rounds, "float32") * steps

    return receive


class TutorialModel:
    """A model with `__call__(batch_size, ebno_db)`, as `sim_ber` takes it; one for each step t."""

    def __init__(self, experiment, system: str, timestep: int, steps: int, compiled: bool):
        (self.link,) = experiment.links.values()
        self.receive = tutorial_receiver(experiment.systems[0].receiver, system, steps)
        self.timestep = timestep
        self.images, self.labels = tf.constant(experiment.images), tf.constant(experiment.labels)
        self.place, self.calls = tf.Variable(0), tf.Variable(0.0)
        self.function = tf.function(self.transmit_and_decide) if compiled else self.transmit_and_decide

    def transmit_and_decide(self, batch_size, ebno_db):
        index = (self.place + tf.range(batch_size)) % len(self.images)
        self.place.assign_add(batch_size)
        step, snr = tf.fill([batch_size], self.timestep), tf.fill([batch_size], 10 ** (ebno_db / 10))
        radiated, noise_step, power = self.link.transmitter([tf.gather(self.images, index), step, snr])
        received, own_step = self.link.legitimate([radiated, step, noise_step, power, snr])
        logits, calls = self.receive(received, own_step)
        self.calls.assign_add(calls * tf.cast(batch_size, tf.float32))
        labels = tf.gather(self.labels, index)
        return labels[:, None], tf.argmax(logits, axis=-1, output_type=labels.dtype)[:, None]

    def __call__(self, batch_size, ebno_db):
        return self.function(batch_size, ebno_db)

    def traces(self) -> int:
        return self.function.experimental_get_tracing_count() if hasattr(self.function, "get_concrete_function") else 0


