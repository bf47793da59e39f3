"""Attacks: (y, t') as the eavesdropper hears it -> an image."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("diffsem")
class InversionAttack(keras.layers.Layer):
    """Model inversion: x^ = A(y, t / T), trained on chosen plaintexts by mean squared error (eq. 4, 5).

    Parameters
    ----------
    network : keras.Model
        [y, time] -> image.
    last_step : int
        T.

    Input
    -----
    [received, step]
        received : [B, ...], float; y, unit mean square.
        step : [B], float; t', 0..T.

    Output
    ------
    image : [B, height, width, channels], float in [0, 1]
    """

    def __init__(self, network, last_step=500, **kwargs):
        super().__init__(**kwargs)
        self.network = network
        self.last_step = last_step

    def build(self, input_shape):
        self.built = True

    def call(self, inputs):
        received, step = inputs
        return ops.clip(self.network([received, step[:, None] / self.last_step]), 0.0, 1.0)

    def get_config(self):
        return super().get_config() | {
            "network": keras.saving.serialize_keras_object(self.network),
            "last_step": self.last_step,
        }

    @classmethod
    def from_config(cls, config):
        config["network"] = keras.saving.deserialize_keras_object(config["network"])
        return cls(**config)
