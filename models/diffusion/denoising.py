"""The denoiser as a layer: U-Net, schedule and solver together map y to z^."""

import keras

from diffsem.models.diffusion.guidance import guided, unguided
from diffsem.models.diffusion.schedule import NoiseSchedule
from diffsem.models.diffusion.solvers import ddim, dpm_solver
from diffsem.models.serialization import serializable

SOLVERS = {"ddim": ddim, "dpm-solver++": dpm_solver}


@serializable
class Denoise(keras.layers.Layer):
    """Receiver's denoiser D: y -> z^ by a deterministic solver (eq. 16), steered by a label if there is one (eq. 18).

    Parameters
    ----------
    unet : UNet
    schedule : NoiseSchedule, optional
    grid : int
        Points of the solver's grid, where it calls the U-Net; with 1 it gives the U-Net's own estimate.
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

    Examples
    --------
    At step 0 there is no noise to take away, whatever the U-Net says.

    >>> import numpy as np
    >>> from diffsem.models import Denoise, UNet
    >>> denoise = Denoise(UNet((4, 4, 1), channels=8, context=10), grid=5, guidance=1.0)
    >>> received, label = np.full((2, 4, 4, 1), 0.5, "float32"), np.full((2, 10), 0.1, "float32")
    >>> denoise.calls, np.allclose(denoise([received, np.zeros(2), label]), received)
    (10, True)
    """

    def __init__(self, unet, schedule=None, grid=10, guidance=0.0, solver="ddim", **kwargs):
        super().__init__(**kwargs)
        if solver not in SOLVERS:
            raise ValueError(f"solver {solver!r}: there are {', '.join(SOLVERS)}")
        self.unet = unet
        self.schedule = schedule or NoiseSchedule()
        self.grid = grid
        self.guidance = guidance
        self.solver = solver

    @property
    def calls(self):
        """Calls of the U-Net that one denoising takes."""
        steered = self.unet.context > 0 and self.guidance != 0
        return 2 * self.grid if steered else self.grid

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
