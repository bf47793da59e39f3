"""Networks and the mathematics of the diffusion, on any Keras backend."""

from diffsem.models import mnist
from diffsem.models.ddim import one_step, predict_clean, sample
from diffsem.models.denoising import Denoise
from diffsem.models.guidance import guided, unguided
from diffsem.models.rounds import self_referential_rounds
from diffsem.models.schedule import NoiseSchedule
from diffsem.models.self_noise import SelfNoise
from diffsem.models.training import TrainingPlan, train
from diffsem.models.unet import UNet

__all__ = [
    "Denoise",
    "NoiseSchedule",
    "SelfNoise",
    "TrainingPlan",
    "UNet",
    "guided",
    "mnist",
    "one_step",
    "predict_clean",
    "sample",
    "self_referential_rounds",
    "train",
    "unguided",
]
