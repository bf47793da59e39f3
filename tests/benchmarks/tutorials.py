"""The loop that Sionna's tutorials teach: a model a node, which `sim_ber` calls batch after batch, SNR after SNR."""

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf
from keras import ops
from sionna.phy.utils import sim_ber

from diffsem.link import Attack, Experiment, System, psnr_db, ssim
from diffsem.models import NoiseSchedule, predict_clean

SCHEDULE = NoiseSchedule()

# (images, labels, y, t') -> logits, and what is averaged over images, one [B] each.
Decide = Callable[[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor], tuple[tf.Tensor, list[tf.Tensor]]]


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


def tutorial_receiver(receiver, steps: int) -> Callable:
    """(y, t') -> logits, U-Net calls an image; rounds go on while any label of the batch changes.

    A receiver without rounds is called as it is.
    """
    if not hasattr(receiver, "max_rounds"):
        return lambda received, step: receiver([received, step])
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
        return logits, tf.fill(tf.shape(step), ops.cast(rounds, "float32") * steps)

    return receive


class TutorialModel:
    """A model with `__call__(batch_size, ebno_db)`, as `sim_ber` takes it; every SNR begins with the first image.

    Parameters
    ----------
    experiment : Experiment
    transmitter : str
    listener : str
        "legitimate" or "eavesdropper".
    decide : callable
    averages : int
        How many averages over images `decide` gives.
    compiled : bool
    """

    def __init__(
        self,
        experiment: Experiment,
        transmitter: str,
        listener: str,
        decide: Decide,
        averages: int = 1,
        compiled: bool = True,
    ):
        self.link, self.decide = experiment.links[transmitter], decide
        self.listener = getattr(self.link, listener)
        self.timestep = tf.Variable(0)
        self.images, self.labels = tf.constant(experiment.images), tf.constant(experiment.labels)
        self.place, self.snr_db = tf.Variable(0), tf.Variable(np.nan, dtype=tf.float32)
        self.sent, self.sums = tf.Variable(0), tf.Variable(tf.zeros([averages]))
        self.function = tf.function(self.transmit_and_decide) if compiled else self.transmit_and_decide

    def transmit_and_decide(self, batch_size, ebno_db):
        start = tf.where(ebno_db == self.snr_db, self.place, 0)
        index = (start + tf.range(batch_size)) % len(self.images)
        self.place.assign(start + batch_size)
        self.snr_db.assign(ebno_db)
        step, snr = tf.fill([batch_size], self.timestep), tf.fill([batch_size], 10 ** (ebno_db / 10))
        images, labels = tf.gather(self.images, index), tf.gather(self.labels, index)
        radiated, noise_step, power = self.link.transmitter([images, step, snr])
        received, own_step = self.listener([radiated, step, noise_step, power, snr])
        logits, averaged = self.decide(images, labels, received, own_step)
        self.sent.assign_add(batch_size)
        self.sums.assign_add(tf.stack([tf.reduce_sum(tf.cast(values, tf.float32)) for values in averaged]))
        return labels[:, None], tf.argmax(logits, axis=-1, output_type=labels.dtype)[:, None]

    def __call__(self, batch_size, ebno_db):
        return self.function(batch_size, ebno_db)

    def restart(self) -> None:
        """Forget what was sent."""
        self.sent.assign(0)
        self.sums.assign(tf.zeros_like(self.sums))
        self.snr_db.assign(np.nan)

    def sweep(
        self, timesteps: Sequence[int], snr_db: Sequence[float], batch: int, max_images: int, errors: int | None
    ) -> float:
        """Every step t and SNR by `sim_ber`; the mean of the block error rates."""
        rates = []
        for timestep in timesteps:
            self.timestep.assign(timestep)
            self.snr_db.assign(np.nan)
            _, bler = sim_ber(
                self,
                snr_db,
                batch,
                max_mc_iter=max_images // batch,
                num_target_block_errors=errors,
                early_stop=False,
                verbose=False,
                graph_mode=None,
            )
            rates.append(float(np.mean(bler)))
        return float(np.mean(rates))

    def traces(self) -> int:
        return self.function.experimental_get_tracing_count() if hasattr(self.function, "get_concrete_function") else 0


def system_model(experiment: Experiment, system: System, steps: int, compiled: bool = True) -> TutorialModel:
    """A system's receiver; U-Net calls are averaged."""
    receive = tutorial_receiver(system.receiver, steps)

    def decide(images, labels, received, step):
        logits, calls = receive(received, step)
        return logits, [calls]

    return TutorialModel(experiment, system.transmitter, "legitimate", decide, compiled=compiled)


def attack_model(experiment: Experiment, attack: Attack) -> TutorialModel:
    """An attack, judged as in our rows: what both judges read, PSNR and SSIM where it makes images."""

    def label(images, labels, received, step):
        return attack.run([received, step]), []

    def reconstruct(images, labels, received, step):
        made = attack.run([received, step])
        shown = tf.clip_by_value(made, 0, 1)
        clean_hits = tf.argmax(experiment.clean_judge(made), axis=-1, output_type=labels.dtype) == labels
        return experiment.judge(made), [clean_hits, psnr_db(images, shown), ssim(images, shown)]

    def decide(images, labels, received, step):
        logits, averaged = (reconstruct if attack.reconstructs else label)(images, labels, received, step)
        return logits, averaged or [tf.zeros_like(step)]

    return TutorialModel(
        experiment, attack.transmitter, "eavesdropper", decide, averages=3 if attack.reconstructs else 1
    )
