"""The denoiser as a layer: U-Net, schedule and solver together map y to z^."""

from dataclasses import asdict

import keras

from diffsem.models.guidance import guided, unguided
from diffsem.models.schedule import NoiseSchedule
from diffsem.models.solvers import ddim, dpm_solver

SOLVERS = {"ddim": ddim, "dpm-solver++": dpm_solver}


@keras.saving.register_keras_serializable("diffsem")
class Denoise(keras.layers.Layer):
    """Receiver's denoiser D: y -> z^ by a deterministic solver (eq. 16), steered by a label if there is one (eq. 18).

    Parameters
    ----------
    unet : UNet
    schedule : NoiseSchedule or dict
        The schedule, or its fields.
    grid : int
        Steps of the solver; 1 is the one-step estimate.
    guidance : float
        w of eq. 18; only with a label.
    solver : str
        ddim or dpm-solver++.

    Raises
    ------
    ValueError
        If there is no such solver.

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

    def __init__(self, unet, schedule=None, grid=10, guidance=0.0, solver="ddim", **kwargs):
        super().__init__(**kwargs)
        if solver not in SOLVERS:
            raise ValueError(f"solver {solver!r}: there are {', '.join(SOLVERS)}")
        self.unet = unet
        self.schedule = NoiseSchedule(**schedule) if isinstance(schedule, dict) else schedule or NoiseSchedule()
        self.grid = grid
        self.guidance = guidance
        self.solver = solver

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
        return SOLVERS[self.solver](predict_noise, self.schedule, received, step, self.grid)

    def compute_output_spec(self, inputs):
        return keras.KerasTensor(inputs[0].shape, dtype="float32")

    def get_config(self):
        return super().get_config() | {
            "unet": keras.saving.serialize_keras_object(self.unet),
            "schedule": asdict(self.schedule),
            "grid": self.grid,
            "guidance": self.guidance,
            "solver": self.solver,
        }

    @classmethod
    def from_config(cls, config):
        config["unet"] = keras.saving.deserialize_keras_object(config["unet"])
        return cls(**config)
