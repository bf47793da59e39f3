"""The baseline IBAL and its dynamic variant IBAL-D (Wang et al., IEEE TWC 23(8), 2024, arXiv 2312.03252)."""

import keras
import numpy as np
from keras import layers, ops

from diffsem.models import Against, SelfNoise, SymbolInformation, mnist, noise_to_signal_log
from diffsem.scenarios.assembly import SCHEDULE
from diffsem.scenarios.workshop import Workshop, as_time, bypass_accuracy, classification_loss

WARM_UP_EPOCHS = 3
RAMP_EPOCHS = 10


@keras.saving.register_keras_serializable("diffsem")
class _Weights(layers.Layer):
    """[step, ramp] -> weights [B] of the symbols' information and of the auxiliary decoder's error.

    IBAL keeps both fixed. IBAL-D scales them by the noise level sigma of a real symbol, 0.1 / sigma and
    1 / (1 + sigma), as in the authors' public code.
    """

    def __init__(self, beta, decoder_weight, dynamic, **kwargs):
        super().__init__(**kwargs)
        self.beta = beta
        self.decoder_weight = decoder_weight
        self.dynamic = dynamic

    def call(self, inputs):
        step, ramp = inputs
        sigma = ops.exp(0.5 * noise_to_signal_log(SCHEDULE, step))
        information = self.beta * ramp * (0.1 / sigma if self.dynamic else ops.ones_like(sigma))
        decoder = self.decoder_weight * (1 / (1 + sigma) if self.dynamic else ops.ones_like(sigma))
        return information, decoder


def train_ibal(shop: Workshop, name: str) -> dict:
    """E and C minimise cross-entropy + beta KL - lambda MSE_G, the auxiliary decoder G minimises MSE_G.

    Both sides take their step on the same batch. All three are trained through the noise of SNRs between
    those of `training.snr_db`; G is thrown away afterwards, and every attack is trained anew.
    """
    encoder, classifier = shop.build(f"encoder-{name}"), shop.build(f"classifier-{name}")
    sizes, options = shop.sizes, shop.scenario.training.ibal
    decoder = mnist.InversionMLP(sizes.feature_shape, sizes.image_shape, name="auxiliary_decoder")
    self_noise = SelfNoise(SCHEDULE)
    shape = encoder.output_shape[1:]
    image = keras.Input(sizes.image_shape)
    step = keras.Input((), dtype="int32")
    snr = keras.Input(())
    time = keras.Input((1,))
    ramp = keras.Input(())
    noise, decoder_noise = keras.Input(shape), keras.Input(shape)
    feature = encoder(image)
    information, against = _Weights(options.beta, options.decoder_weight, name == "ibal-d")([step, ramp])
    received, _, _ = self_noise([feature, step, snr], noise)
    heard, _, _ = self_noise([Against()([feature, against]), step, snr], decoder_noise)
    model = keras.Model(
        [image, step, snr, time, ramp, noise, decoder_noise],
        [
            classifier([received, received, time]),
            decoder([heard, time]),
            information * SymbolInformation(SCHEDULE)([feature, step]),
        ],
    )
    losses = [classification_loss(), keras.losses.MeanSquaredError(), lambda _, nats: nats]
    training, validation = shop.dataset.pair.split_off_validation()
    images = training.as_float()

    def draw_steps(count, rng):
        # The authors train by SNR, not by step: uniform in dB, which the uniform step is far from.
        snr_db = rng.uniform(*shop.scenario.training.snr_db, count)
        return np.rint(SCHEDULE.matched_step(10 ** (-snr_db / 10)))

    def samples(pictures, labels, rng, weight):
        steps = draw_steps(len(labels), rng).astype(np.int32)
        whole = np.ones(len(steps), np.float32)
        noises = [rng.standard_normal((len(steps), *shape), np.float32) for _ in range(2)]
        inputs = [pictures, steps, np.inf * whole, as_time(steps), weight * whole, *noises]
        return inputs, [labels, pictures, 0 * whole]

    def draw_epoch(epoch):
        rng = shop.rng(name, epoch)
        order = rng.permutation(len(images))
        ramped = min(max(epoch - WARM_UP_EPOCHS, 0) / RAMP_EPOCHS, 1)
        return samples(shop.varied(images[order], rng), training.labels[order], rng, ramped)

    held_out = samples(validation.as_float(), validation.labels, shop.rng(name, "validation"), 0)
    epochs = shop.scenario.training.epochs.ibal
    # The game between encoder and decoder keeps the loss from falling steadily: wait for it.
    history = shop.fit(name, epochs, model, losses, draw_epoch, held_out, [["accuracy"], [], []], patience=4)
    shop.save(encoder, f"encoder-{name}")
    shop.save(classifier, f"classifier-{name}")
    scores = bypass_accuracy(shop, f"encoder-{name}", f"classifier-{name}")
    return {"history": history, "scores": options.model_dump() | scores}
