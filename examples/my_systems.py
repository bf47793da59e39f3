"""A system of one's own: a vector-quantised encoder, whose codes are sent as bits that an eavesdropper hears, too.

A scenario lists it as `receivers: ["my_systems:VQ"]`. The encoder's feature is cut into vectors of four values; each is
replaced by the nearest of 16 trained code vectors (van den Oord et al., Neural discrete representation learning, 2017),
and its number is sent, uncoded, in QPSK. MNIST's feature takes 32 channel uses, as where its values are symbols.
"""

import math
from typing import Any

import keras
import tensorflow as tf
from keras import ops

import diffsem.link as link
import diffsem.models as models
from diffsem.models.costs import classifier_cost, encoder_cost
from diffsem.scenarios import Dimensions, NetworkSpec, Session, Setup, Stage, System, TransmitterSpec

LENGTH, BITS = 4, 4
# Weight of the loss that keeps the encoder near its code vectors, as in the paper.
COMMITMENT = 0.25


@keras.saving.register_keras_serializable("my_systems")
class Codebook(keras.layers.Layer):
    """Each vector of a feature becomes its nearest code vector; gradients pass straight through.

    Parameters
    ----------
    length : int
        Values of a vector.
    bits : int
        Of the number of a code vector.

    Input
    -----
    feature : [B, ...], float

    Output
    ------
    quantised : the same shape
    """

    def __init__(self, length: int = LENGTH, bits: int = BITS, **kwargs):
        super().__init__(**kwargs)
        self.length = length
        self.bits = bits

    def build(self, input_shape):
        if math.prod(input_shape[1:]) % self.length:
            raise ValueError(f"feature of shape {input_shape[1:]}; allowed: a multiple of {self.length} values")
        # Features have unit mean square, and so have the vectors that they start among.
        start = keras.initializers.RandomNormal(stddev=1.0, seed=keras.random.SeedGenerator(1))
        self.vectors = self.add_weight(shape=(2**self.bits, self.length), initializer=start, name="vectors")

    def nearest(self, feature):
        """[B, N] int32: the number of the code vector nearest to each vector of a feature."""
        own = self._cut(feature)[:, :, None]
        return ops.argmin(ops.sum((own - self.vectors) ** 2, axis=-1), axis=-1)

    def feature(self, number, shape):
        """[B, *shape]: what numbers [B, N] stand for."""
        return ops.reshape(ops.take(self.vectors, number, axis=0), (-1, *shape))

    def call(self, feature):
        quantised = self.feature(self.nearest(feature), feature.shape[1:])
        # The first moves code vectors, the second the encoder.
        self.add_loss(ops.mean((ops.stop_gradient(feature) - quantised) ** 2))
        self.add_loss(COMMITMENT * ops.mean((feature - ops.stop_gradient(quantised)) ** 2))
        return feature + ops.stop_gradient(quantised - feature)

    def _cut(self, feature):
        """[B, ...] -> [B, N, length]."""
        return ops.reshape(feature, (-1, math.prod(feature.shape[1:]) // self.length, self.length))

    def get_config(self):
        return super().get_config() | {"length": self.length, "bits": self.bits}


def build_encoder(sizes: Dimensions) -> keras.Model:
    """Image -> quantised feature: the package's encoder for images of that size, and a codebook behind it."""
    image = keras.Input(sizes.image_shape)
    front = models.build_encoder(sizes.image_shape, sizes.feature_shape)
    front.name = "front"
    return keras.Model(image, Codebook(name="codebook")(front(image)))


ENCODER = NetworkSpec("vq-encoder", build_encoder, cost=lambda sizes: encoder_cost(sizes.image_shape))
CLASSIFIER = NetworkSpec(
    "vq-classifier",
    lambda sizes: models.build_classifier(sizes.image_shape, sizes.feature_shape, sizes.classes),
    cost=lambda sizes: classifier_cost(sizes.image_shape, sizes.feature_shape),
)


class CodePayload:
    """The numbers of an image's code vectors in bits, and the feature that decided bits stand for.

    Parameters
    ----------
    encoder : keras.Model
        As `build_encoder` makes it.
    """

    def __init__(self, encoder: keras.Model):
        self.feature_shape = encoder.output_shape[1:]
        self._front = encoder.get_layer("front")
        self._codebook = encoder.get_layer("codebook")
        self._places = tf.constant([2**place for place in reversed(range(self._codebook.bits))])

    @property
    def bits_count(self) -> int:
        return math.prod(self.feature_shape) // self._codebook.length * self._codebook.bits

    def bits(self, images, seed):
        """[B, k] float32 of 0 and 1; NaN where a feature is not finite. Nothing is drawn."""
        feature = self._front(images)
        number = tf.cast(self._codebook.nearest(feature), tf.int32)
        bits = tf.cast(number[..., None] // self._places % 2, tf.float32)
        whole = tf.reduce_all(tf.math.is_finite(tf.reshape(feature, [-1, math.prod(self.feature_shape)])), axis=1)
        return tf.where(whole[:, None], tf.reshape(bits, [-1, self.bits_count]), float("nan"))

    def feature(self, bits):
        """[B, *feature_shape] from [B, k] decided bits: any bits are some code vectors."""
        digits = tf.cast(tf.reshape(bits, [-1, self.bits_count // self._codebook.bits, self._codebook.bits]), tf.int32)
        return self._codebook.feature(tf.reduce_sum(digits * self._places, axis=-1), self.feature_shape)


def build_link(setup: Setup, encoder, legitimate, eavesdropper) -> link.DigitalWiretapLink:
    """Both nodes hear the same bits over their own channels, and decide them."""
    payload, scenario = CodePayload(encoder), setup.scenario
    nodes = (
        link.DigitalLink(channel, node.equalizer, "qpsk", None, payload.bits_count)
        for channel, node in ((legitimate, scenario.legitimate), (eavesdropper, scenario.eavesdropper))
    )
    return link.DigitalWiretapLink(
        payload, *nodes, setup.schedule, fading_correlation=scenario.eavesdropper.fading_correlation
    )


def train(session: Session) -> dict[str, Any]:
    """Encoder, codebook and classifier together: cross-entropy, and the two losses of the codebook."""
    encoder, classifier = session.build(ENCODER), session.build(CLASSIFIER)
    image, time = keras.Input(session.dimensions.image_shape), keras.Input((1,))
    feature = encoder(image)
    model = keras.Model([image, time], classifier([feature, feature, time]))
    training, validation = session.dataset.pair.split_off_validation()
    images = training.as_float()

    def inputs(pictures, rng):
        # Bits do not say how noisy the channel was: at random times, the classifier learns not to mind.
        return [pictures, rng.random((len(pictures), 1), "float32")]

    def draw_epoch(epoch):
        # All that an epoch draws hangs on its number, so that a training that was cut off goes on as if it were not.
        rng = session.rng("vq", epoch)
        order = rng.permutation(len(training))
        return inputs(session.varied(images[order], rng), rng), training.labels[order]

    held_out = inputs(validation.as_float(), session.rng("vq", "validation")), validation.labels
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    history = session.fit("vq", session.scenario.training.epochs.pair, model, loss, draw_epoch, held_out, ["accuracy"])
    session.save(encoder, ENCODER)
    session.save(classifier, CLASSIFIER)
    return {"history": history, "scores": {"validation_accuracy": round(history[-1]["val_accuracy"], 4)}}


def check(setup: Setup) -> None:
    if setup.scenario.legitimate.precoding != "streams":
        raise ValueError("legitimate.precoding: vq sends bits, a stream an antenna; allowed: streams")
    if math.prod(setup.dimensions.feature_shape) % LENGTH:
        raise ValueError(f"compression: vq cuts features into vectors; allowed: multiples of {LENGTH}")


VQ = System(
    "vq",
    "vector-quantised, QPSK",
    "#0077BB",
    TransmitterSpec("vq", ENCODER, link=build_link),
    networks=lambda setup: {CLASSIFIER: 1},
    receiver=lambda setup, load: link.BypassReceiver(
        load(CLASSIFIER), setup.schedule.steps, setup.scenario.monte_carlo.batch_size
    ),
    stages=(Stage("vq", (ENCODER, CLASSIFIER), (), train, ("training.epochs.pair",)),),
    # No noise is added on purpose: nothing stands at the transmitter's step.
    at_transmitters_step=False,
    check=check,
)
