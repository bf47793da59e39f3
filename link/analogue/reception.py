"""What a node hears: its own channel, its own equaliser, and the step that its noise amounts to."""

import math

import keras
import tensorflow as tf
from keras import ops

from diffsem.channels import (
    Beams,
    ChannelState,
    Equalizer,
    EqualizerKind,
    features_to_symbols,
    symbols_to_features,
)
from diffsem.link.analogue.noisy_feature import SMALLEST_NOISE, NoisyFeature, at_step
from diffsem.link.analogue.step_rule import StepRule
from diffsem.models import NoiseSchedule, per_sample, serializable


@serializable
class Reception(keras.layers.Layer):
    """Radiated feature -> symbols -> channel -> equaliser -> feature y at a step t' (eq. 2, 19 to 23).

    After equalisation a real symbol carries the signal with power abar_t and noise of total variance
    v = (1 - abar_s) + P no_eff, its own where the channel changes within an image. The legitimate receiver and the
    eavesdropper are two instances.

    Parameters
    ----------
    channel : Channel
        BlockFadingChannel, OfdmChannel or one's own, with the channel knowledge of this node.
    schedule : NoiseSchedule, optional
    step_rule : str
        "matched" | "mean" | "transmitter": how t' is found, see `diffsem.link.at_step`.
    equalizer : str
        "zf" | "mmse" | "mrc".

    Input
    -----
    [radiated, step, noise_step, power, snr]
        radiated : [B, ...], float; z~.
        step : [B], int; t.
        noise_step : [B], int; s.
        power : [B], float; P, mean power of z~ a real dimension.
        snr : [B], float; this node's mean Es/N0, linear.

    Output
    ------
    received : [B, ...], float32
        y.
    received_step : [B], float32
        t'.

    Examples
    --------
    Without self-noise, at 20 dB without fading: y stands at the step whose noise is a hundredth of the signal.

    >>> import math
    >>> import tensorflow as tf
    >>> from diffsem.channels import BlockFadingChannel
    >>> from diffsem.link import Reception
    >>> zero, whole = tf.zeros([2], tf.int32), tf.ones([2])
    >>> node = Reception(BlockFadingChannel(math.inf))
    >>> received, step = node([tf.ones([2, 8, 8, 1]), zero, zero, whole, 100 * whole])
    >>> tuple(received.shape), step.numpy().round().tolist(), node.channel_uses((8, 8, 1))
    ((2, 8, 8, 1), [20.0, 20.0], 32)
    """

    def __init__(
        self, channel, schedule=None, step_rule: StepRule = "matched", equalizer: EqualizerKind = "zf", **kwargs
    ):
        super().__init__(**kwargs)
        self.channel = channel
        self.schedule = schedule or NoiseSchedule()
        self.step_rule = step_rule
        self.equalizer = equalizer

    def build(self, input_shape):
        self.built = True

    def fading(self, radiated, place=None):
        """A draw of this node's fading for [B, ...] radiated features; at a place, where its channel has several."""
        where = () if place is None else (place,)
        return self.channel.fading(ops.shape(radiated)[0], math.prod(radiated.shape[1:]) // 2, *where)

    def channel_uses(self, feature_shape) -> int:
        """Channel uses that a feature takes, pilots among them."""
        return self.channel.channel_uses(math.prod(feature_shape) // 2)

    def hear(self, inputs, fading=None) -> NoisyFeature:
        """The feature in its noise, before a step is found for it; `fading` as `self.fading` draws it."""
        radiated, _, _, power, snr = inputs
        sent = features_to_symbols(radiated, power)
        heard = self.channel([sent, 1 / snr], fading=fading)
        return self._feature(Equalizer(self.equalizer, sent.shape[-1])(heard), inputs)

    def observe(self, fading, snr, feature_shape) -> ChannelState:
        """This node's channel in one transmission, as it is and as the node knows it."""
        return self.channel.observe(fading, 1 / snr, math.prod(feature_shape) // 2)

    def hear_beams(self, inputs, beams: Beams, state: ChannelState) -> NoisyFeature:
        """The same where the transmitter has formed beams. Every node knows where the beams go, through its channel."""
        *_, snr = inputs
        received = self.channel.carry(beams.antennas, state.gain, 1 / snr)
        signal, interference = (tf.matmul(state.known, precoder) for precoder in (beams.signal, beams.noise))
        heard = [received, signal, 1 / snr[:, None] + state.error]
        return self._feature(Equalizer(self.equalizer, received.shape[1])(heard, interference), inputs)

    def _feature(self, equalized, inputs) -> NoisyFeature:
        symbols, effective_no = equalized
        radiated, step, noise_step, power, _ = inputs
        alpha_bar = ops.convert_to_tensor(self.schedule.alpha_bar, "float32")
        # Real and imaginary part of a symbol carry half of its noise each: P no_eff on either real symbol.
        channel_noise = ops.reshape(ops.concatenate([effective_no, effective_no], axis=-1), ops.shape(radiated))
        self_noise = per_sample(1 - ops.take(alpha_bar, noise_step), radiated)
        return NoisyFeature(
            symbols_to_features(symbols, power, radiated.shape[1:]),
            ops.take(alpha_bar, step),
            self_noise + per_sample(power, radiated) * channel_noise,
            ops.sum(ops.log2(1 + 1 / ops.maximum(effective_no, SMALLEST_NOISE)), axis=-1),
        )

    def at_step(self, noisy: NoisyFeature, step):
        """(y, t') of what was heard in a transmission at the steps t, [B] int."""
        return at_step(noisy, step, self.schedule, self.step_rule)

    def call(self, inputs):
        return self.at_step(self.hear(inputs), inputs[1])

    def compute_output_spec(self, inputs):
        radiated, step, *_ = inputs
        return keras.KerasTensor(radiated.shape, dtype="float32"), keras.KerasTensor(step.shape, dtype="float32")
