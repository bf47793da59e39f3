"""Training against an auxiliary decoder, with little information in the symbols.

IBAL and its dynamic variant IBAL-D: Wang et al., IEEE TWC 23(8), 2024, arXiv 2312.03252.
"""

from typing import Any

import keras
import numpy as np
from keras import layers, ops

import diffsem.models as models
from diffsem.scenarios.contracts.network import NetworkSpec
from diffsem.scenarios.contracts.stage import Session
from diffsem.scenarios.training.session import as_time, bypass_accuracy, classification_loss

WARM_UP_EPOCHS = 3
RAMP_EPOCHS = 10
# The game between encoder and decoder keeps the loss from falling steadily: wait for it.
PATIENCE = 4


@models.serializable
class _Weights(layers.Layer):
    """[step, ramp] -> weights [B] of the symbols' information and of the auxiliary decoder's error.

    Dynamic ones scale with the noise level sigma of a real symbol, 0.1 / sigma and 1 / (1 + sigma), as in the authors'
    public code; others are fixed.
    """

    def __init__(self, beta, decoder_weight, dynamic, schedule, **kwargs):
        super().__init__(**kwargs)
        self.beta = beta
        self.decoder_weight = decoder_weight
        self.dynamic = dynamic
        self.schedule = schedule

    def call(self, inputs):
        step, ramp = inputs
        sigma = ops.exp(0.5 * models.noise_to_signal_log(self.schedule, step))
        information = self.beta * ramp * (0.1 / sigma if self.dynamic else ops.ones_like(sigma))
        decoder = self.decoder_weight * (1 / (1 + sigma) if self.dynamic else ops.ones_like(sigma))
        return information, decoder


def train_against_decoder(
    session: Session,
    stage: str,
    encoder: NetworkSpec,
    classifier: NetworkSpec,
    dynamic: bool,
) -> dict[str, Any]:
    """E and C minimise cross-entropy + beta KL - lambda MSE_G, the auxiliary decoder G minimises MSE_G.

    Both sides take their step on the same batch. All three are trained through the noise of SNRs between
    those of `training.snr_db`; G is thrown away afterwards, and every attack is trained anew.

    Parameters
    ----------
    session : Session
    stage : str
        Its draws hang on the name.
    encoder, classifier : NetworkSpec
        image -> feature; [y, z^, t / T] -> logits.
    dynamic : bool
        Whether beta and lambda, `training.ibal` of the scenario, scale with the noise level.

    Returns
    -------
    dict
        history, and scores: the weights, and accuracy on the test images by step.
    """
    schedule, options = session.schedule, session.scenario.training
    weights = _Weights(options.ibal.beta, options.ibal.decoder_weight, dynamic, schedule)
    sender, receiver = session.build(encoder), session.build(classifier)
    shape = sender.output_shape[1:]
    model = _game(session, sender, receiver, weights)
    losses = [classification_loss(), keras.losses.MeanSquaredError(), lambda _, nats: nats]
    training, validation = session.dataset.pair.split_off_validation()
    images = training.as_float()

    def draw_steps(count, rng):
        # The authors train by SNR, not by step: uniform in dB, which the uniform step is far from.
        snr_db = rng.uniform(*options.snr_db, count)
        return np.rint(schedule.matched_step(10 ** (-snr_db / 10)))

    def samples(pictures, labels, rng, ramp):
        steps = draw_steps(len(labels), rng).astype(np.int32)
        whole = np.ones(len(steps), np.float32)
        noises = [rng.standard_normal((len(steps), *shape), np.float32) for _ in range(2)]
        inputs = [pictures, steps, np.inf * whole, as_time(steps, schedule), ramp * whole, *noises]
        return inputs, [labels, pictures, 0 * whole]

    def draw_epoch(epoch):
        rng = session.rng(stage, epoch)
        order = rng.permutation(len(images))
        ramp = min(max(epoch - WARM_UP_EPOCHS, 0) / RAMP_EPOCHS, 1)
        return samples(session.varied(images[order], rng), training.labels[order], rng, ramp)

    held_out = samples(validation.as_float(), validation.labels, session.rng(stage, "validation"), 0)
    metrics = [["accuracy"], [], []]
    epochs = options.epochs.ibal
    history = session.fit(stage, epochs, model, losses, draw_epoch, held_out, metrics, patience=PATIENCE)
    session.save(sender, encoder)
    session.save(receiver, classifier)
    scores = options.ibal.model_dump() | bypass_accuracy(session, encoder, classifier)
    return {"history": history, "scores": scores}


def _game(session: Session, sender: keras.Model, receiver: keras.Model, weights: _Weights) -> keras.Model:
    """[image, step, snr, t / T, ramp, noise, G's noise] -> [logits, G's image, weighted information]."""
    image_shape, feature_shape = session.dimensions.image_shape, session.dimensions.feature_shape
    decoder = models.mnist.InversionMLP(feature_shape, image_shape, name="auxiliary_decoder")
    self_noise = models.SelfNoise(session.schedule)
    shape = sender.output_shape[1:]
    image = keras.Input(image_shape)
    step = keras.Input((), dtype="int32")
    snr = keras.Input(())
    time = keras.Input((1,))
    ramp = keras.Input(())
    noise, decoder_noise = keras.Input(shape), keras.Input(shape)
    feature = sender(image)
    information, against = weights([step, ramp])
    received, _, _ = self_noise([feature, step, snr], noise)
    heard, _, _ = self_noise([models.Against()([feature, against]), step, snr], decoder_noise)
    return keras.Model(
        [image, step, snr, time, ramp, noise, decoder_noise],
        [
            receiver([received, received, time]),
            decoder([heard, time]),
            information * models.SymbolInformation(session.schedule)([feature, step]),
        ],
    )
