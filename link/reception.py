"""What a node hears: its own channel, its own equaliser, and the step that its noise amounts to."""

from dataclasses import asdict

import keras
from keras import ops

from diffsem.channels import ZeroForcingEqualizer, features_to_symbols, symbols_to_features
from diffsem.models import NoiseSchedule
from diffsem.models.self_noise import per_sample


@keras.saving.register_keras_serializable("diffsem")
class Reception(keras.layers.Layer):
    """Radiated feature -> symbols -> channel -> equaliser -> feature y at a step t' (eq. 2, 19 to 23).

    After equalisation a real dimension carries the signal with power abar_t and noise of total variance
    v = (1 - abar_s) + P no_eff. With `matched`, t' is the step of that very ratio, and y is scaled to unit power,
    so that it is distributed as z_t' under fading and SNR mismatch too. Without (the paper's receiver), t' = t and y
    is left as it is. The legitimate receiver and the eavesdropper are two instances.

    Parameters
    ----------
    channel : keras.layers.Layer
        [symbols, no] -> [received, gain].
    schedule : NoiseSchedule or dict
        The schedule, or its fields.
    matched : bool
        Whether the node denoises from the step that fits its noise.

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
    """

    def __init__(self, channel, schedule=None, matched=True, **kwargs):
        super().__init__(**kwargs)
        self.channel = channel
        self.equalizer = ZeroForcingEqualizer(name="equalizer")
        self.schedule = NoiseSchedule(**schedule) if isinstance(schedule, dict) else schedule or NoiseSchedule()
        self.matched = matched

    def build(self, input_shape):
        self.built = True

    def call(self, inputs):
        radiated, step, noise_step, power, snr = inputs
        no = 1 / snr
        received, gain = self.channel([features_to_symbols(radiated, power), no])
        symbols, effective_no = self.equalizer([received, gain, no])
        features = symbols_to_features(symbols, power, radiated.shape[1:])
        if not self.matched:
            return features, ops.cast(step, "float32")
        alpha_bar = ops.convert_to_tensor(self.schedule.alpha_bar, "float32")
        signal = ops.take(alpha_bar, step)
        noise = 1 - ops.take(alpha_bar, noise_step) + power * effective_no
        scale = 1 / ops.sqrt(signal + noise)
        return per_sample(scale, features) * features, self.schedule.matched_step(noise / signal)

    def compute_output_spec(self, inputs):
        radiated, step, *_ = inputs
        return keras.KerasTensor(radiated.shape, dtype="float32"), keras.KerasTensor(step.shape, dtype="float32")

    def get_config(self):
        return super().get_config() | {
            "channel": keras.saving.serialize_keras_object(self.channel),
            "schedule": asdict(self.schedule),
            "matched": self.matched,
        }

    @classmethod
    def from_config(cls, config):
        config["channel"] = keras.saving.deserialize_keras_object(config["channel"])
        return cls(**config)
