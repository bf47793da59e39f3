"""What bits stand for: random ones that are counted, or a quantised feature."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import keras
import tensorflow as tf

from diffsem.link.digital.payload_key import payload_key
from diffsem.link.digital.quantizer import UniformQuantizer


class Payload(Protocol):
    """What a digital system sends, and what counts as arrived.

    Examples
    --------
    A label in one bit, of two classes.

    >>> import numpy as np
    >>> class Parity:
    ...     scored = "label"
    ...     def bits(self, images, seed):
    ...         return images[:, :1]
    ...     def arrived(self, decided, bit_errors, labels):
    ...         return decided[:, 0] == labels, np.isfinite(decided[:, 0])
    >>> sent = Parity().bits(np.array([[0.0, 9.0], [1.0, 9.0]]), seed=0)
    >>> Parity().arrived(sent, None, np.array([0, 0]))[0].tolist()
    [True, False]
    """

    @property
    def scored(self) -> Literal["label", "block"]:
        """What counts as correct: the label, or the whole block where nothing is sent that has a label."""

    def bits(self, images: Any, seed: Any) -> Any:
        """[B, k] float32 of 0 and 1, NaN where what they stand for is not finite; a scalar seed 0 <= seed < 2**62."""

    def arrived(self, decided: Any, bit_errors: Any, labels: Any) -> tuple[Any, Any]:
        """Whether each image, or block, arrived right [B], and whether all that was made of it is finite [B].

        Parameters
        ----------
        decided : [B, k], float32
        bit_errors : [B], int32
        labels : [B], int64
        """


class FeaturePayload(Protocol):
    """A feature in bits, for nodes that read it in their own ways.

    Examples
    --------
    The signs of two values.

    >>> import numpy as np
    >>> class Signs:
    ...     feature_shape, bits_count = (2,), 2
    ...     def bits(self, images, seed):
    ...         return (images > 0).astype(np.float32)
    ...     def feature(self, bits):
    ...         return 2 * bits - 1
    >>> Signs().feature(Signs().bits(np.array([[0.3, -4.0]]), seed=0)).tolist()
    [[1.0, -1.0]]
    """

    @property
    def feature_shape(self) -> tuple[int, ...]:
        """Of a feature, without the batch."""

    @property
    def bits_count(self) -> int:
        """k."""

    def bits(self, images: Any, seed: Any) -> Any:
        """[B, k] float32 of 0 and 1, NaN where a feature is not finite; a scalar seed 0 <= seed < 2**62."""

    def feature(self, bits: Any) -> Any:
        """[B, *feature_shape] float32 from [B, k] decided bits."""


@dataclass(frozen=True)
class RandomBits:
    """A payload without meaning: it only counts errors.

    Examples
    --------
    The seed alone says which bits, and one wrong bit costs its block.

    >>> import numpy as np
    >>> from diffsem.link import RandomBits
    >>> payload, images = RandomBits(count=5), np.zeros([3, 28, 28, 1])
    >>> sent = payload.bits(images, seed=7)
    >>> tuple(sent.shape), np.array_equal(sent, payload.bits(images + 1, seed=7))
    ((3, 5), True)
    >>> payload.arrived(sent, np.array([0, 1, 0]), None)[0].tolist()
    [True, False, True]
    """

    count: int

    @property
    def scored(self) -> Literal["block"]:
        return "block"

    def bits(self, images, seed):
        """[B, count] float32 of 0 and 1 from a scalar seed; the images only say how many."""
        shape = [tf.shape(images)[0], self.count]
        return tf.cast(tf.random.stateless_uniform(shape, payload_key(seed), maxval=2, dtype=tf.int32), tf.float32)

    def arrived(self, decided, bit_errors, labels):
        """A block counts only whole."""
        return bit_errors == 0, tf.ones_like(bit_errors, tf.bool)


@dataclass(frozen=True)
class QuantizedFeature:
    """Features, value by value in bits.

    Parameters
    ----------
    encoder : keras.Model
        image -> z.
    quantizer : UniformQuantizer

    Examples
    --------
    Two values in two bits each come back within half a spacing.

    >>> import keras
    >>> import numpy as np
    >>> from diffsem.link import QuantizedFeature, UniformQuantizer
    >>> payload = QuantizedFeature(keras.Sequential([keras.Input([2]), keras.layers.Identity()]), UniformQuantizer(2))
    >>> values = np.array([[0.3, -1.2]], np.float32)
    >>> distance = np.abs(payload.feature(payload.bits(values, seed=0)) - values)
    >>> payload.bits_count, bool((distance <= payload.quantizer.spacing / 2).all())
    (4, True)
    """

    encoder: keras.Model
    quantizer: UniformQuantizer

    @property
    def feature_shape(self) -> tuple[int, ...]:
        return self.encoder.output_shape[1:]

    @property
    def bits_count(self) -> int:
        return math.prod(self.feature_shape) * self.quantizer.bits

    def bits(self, images, seed):
        """[B, k] float32 of 0 and 1; NaN where a feature is not finite. Nothing is drawn."""
        feature = self.encoder(images)
        return self.quantizer.to_bits(tf.reshape(feature, [-1, math.prod(feature.shape[1:])]))

    def feature(self, bits):
        """[B, *feature_shape] float32: the levels that the bits stand for."""
        return tf.reshape(self.quantizer.to_values(bits), [-1, *self.feature_shape])


@dataclass(frozen=True)
class FeatureBits:
    """Quantised features, to be classified as they arrive.

    Parameters
    ----------
    encoder : keras.Model
        image -> z.
    quantizer : UniformQuantizer
    receiver : callable
        ([z^, step]) -> (logits, calls); hears of no noise, step 0.

    Examples
    --------
    A receiver whose logits are the feature itself: two images of class 1, of which one is read so.

    >>> import keras
    >>> import numpy as np
    >>> from diffsem.link import FeatureBits, UniformQuantizer
    >>> encoder = keras.Sequential([keras.Input([2]), keras.layers.Identity()])
    >>> payload = FeatureBits(encoder, UniformQuantizer(2), receiver=lambda inputs: (inputs[0], None))
    >>> sent = payload.bits(np.array([[-0.3, 1.2], [1.2, -0.3]], np.float32), seed=0)
    >>> payload.arrived(sent, None, np.array([1, 1]))[0].numpy().tolist()
    [True, False]
    """

    encoder: keras.Model
    quantizer: UniformQuantizer
    receiver: Callable

    @property
    def scored(self) -> Literal["label"]:
        return "label"

    @property
    def quantized(self) -> QuantizedFeature:
        return QuantizedFeature(self.encoder, self.quantizer)

    def bits(self, images, seed):
        """[B, k bits] float32 of 0 and 1; NaN where a feature is not finite."""
        return self.quantized.bits(images, seed)

    def logits(self, bits):
        """[B, classes] float from the bits that arrived."""
        feature = self.quantized.feature(bits)
        logits, _ = self.receiver([feature, tf.zeros(tf.shape(feature)[:1])])
        return logits

    def arrived(self, decided, bit_errors, labels):
        """An image counts where its label is read right, whatever bits are wrong."""
        logits = self.logits(decided)
        finite = tf.reduce_all(tf.math.is_finite(logits), axis=-1)
        return tf.argmax(logits, axis=-1) == labels, finite
