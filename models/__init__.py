"""Networks and the mathematics of the diffusion, on any Keras backend."""

from diffsem.models import mnist
from diffsem.models.batching import in_batches
from diffsem.models.denoising import SOLVERS, Denoise
from diffsem.models.guidance import guided, unguided
from diffsem.models.rounds import self_referential_rounds
from diffsem.models.schedule import NoiseSchedule
from diffsem.models.self_noise import SelfNoise
from diffsem.models.solvers import ddim, dpm_solver, predict_clean
from diffsem.models.training import BrokenStateError, TrainingPlan, train
from diffsem.models.unet import UNet

__all__ = [
    "SOLVERS",
    "BrokenStateError",
    "Denoise",
    "NoiseSchedule",
    "SelfNoise",
    "TrainingPlan",
    "UNet",
    "ddim",
    "dpm_solver",
    "guided",
    "in_batches",
    "mnist",
    "predict_clean",
    "self_referential_rounds",
    "train",
    "unguided",
]
