"""The denoiser as a layer: U-Net, schedule and sampler together map y to z^."""

from dataclasses import asdict

import keras
from keras import ops

from diffsem.models.ddim import sample
from diffsem.models.guidance import guided, unguided
from diffsem.models.schedule import NoiseSchedule


@keras.saving.register_keras_serializable("diffsem")
class Denoise(keras.layers.Layer):
    """Receiver's denoiser D: y -> z^ by deterministic DDIM (eq. 16), steered by a label if there is one (eq. 18).

    Parameters
    ----------
    unet : UNet
    schedule : NoiseSchedule or dict
        The schedule, or its fields.
    grid : int
        DDIM steps; 1 is the one-step estimate.
    guidance : float
        w of eq. 18; only with a label.

    Input
    -----
    [received, step] or [received, step, label]
        received : [B, height, width, channels], float; y, unit mean square.
        step : [B], float; the step t that y stands at, 0..T.
        label : [B, classes], float; class probabilities; for a U-Net with context.

    Output
    ------
    z^ : [B, height, width, channels], float
    """

    def __init__(self, unet, schedule=None, grid=10, guidance=0.0, **kwargs):
        super().__init__(**kwargs)
        self.unet = unet
        self.schedule = NoiseSchedule(**schedule) if isinstance(schedule, dict) else schedule or NoiseSchedule()
        self.grid = grid
        self.guidance = guidance

    @property
    def calls(self):
        """Calls of the U-Net that one denoising takes."""
        return self.grid * (2 if self.unet.context and self.guidance else 1)

    def build(self, input_shape):
        self.built = True

    def call(self, inputs):
        if self.unet.context:
            received, step, label = inputs
            predict_noise = guided(self.unet, label, self.guidance)
        else:
            received, step = inputs
            predict_noise = unguided(self.unet)
        return sample(predict_noise, self.schedule, received, ops.cast(step, "float32"), self.grid)

    def compute_output_shape(self, input_shape):
        return tuple(input_shape[0])

    def get_config(self):
        return super().get_config() | {
            "unet": keras.saving.serialize_keras_object(self.unet),
            "schedule": asdict(self.schedule),
            "grid": self.grid,
            "guidance": self.guidance,
        }

    @classmethod
    def from_config(cls, config):
        config["unet"] = keras.saving.deserialize_keras_object(config["unet"])
        return cls(**config)
