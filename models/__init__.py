"""Networks and the mathematics of the diffusion, on any Keras backend."""

from diffsem.models import mnist
from diffsem.models.adversary import DenoisingAttack, InversionConv, PadDictionaryClassifier, SymbolClassifier
from diffsem.models.batching import in_batches
from diffsem.models.denoising import SOLVERS, Denoise
from diffsem.models.guidance import guided, unguided
from diffsem.models.information_bottleneck import Against, SymbolInformation, log_uniform_kl, noise_to_signal_log
from diffsem.models.picture import Picture, PictureClassifier, PictureEncoder, swap_quarters
from diffsem.models.reference import ReferenceClassifier, ReferenceEncoder
from diffsem.models.residual import (
    InversionResidual,
    ResidualClassifier,
    ResidualEncoder,
    ResidualStrongClassifier,
    ResidualSymbolClassifier,
)
from diffsem.models.rounds import self_referential_rounds
from diffsem.models.schedule import NoiseSchedule
from diffsem.models.self_noise import SelfNoise
from diffsem.models.solvers import ddim, dpm_solver, predict_clean
from diffsem.models.tables import build_classifier, build_encoder, build_strong_classifier
from diffsem.models.training import BrokenStateError, NotFiniteError, TrainingPlan, train
from diffsem.models.unet import UNet

__all__ = [
    "SOLVERS",
    "Against",
    "BrokenStateError",
    "Denoise",
    "DenoisingAttack",
    "InversionConv",
    "InversionResidual",
    "NoiseSchedule",
    "NotFiniteError",
    "PadDictionaryClassifier",
    "Picture",
    "PictureClassifier",
    "PictureEncoder",
    "ReferenceClassifier",
    "ReferenceEncoder",
    "ResidualClassifier",
    "ResidualEncoder",
    "ResidualStrongClassifier",
    "ResidualSymbolClassifier",
    "SelfNoise",
    "SymbolClassifier",
    "SymbolInformation",
    "TrainingPlan",
    "UNet",
    "build_classifier",
    "build_encoder",
    "build_strong_classifier",
    "ddim",
    "dpm_solver",
    "guided",
    "in_batches",
    "log_uniform_kl",
    "mnist",
    "noise_to_signal_log",
    "predict_clean",
    "self_referential_rounds",
    "swap_quarters",
    "train",
    "unguided",
]
