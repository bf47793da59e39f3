from .checkpoints import (
    PRETRAINED,
    existing_weights_file,
    has_shipped_weights,
    load_network,
    pack_network,
    pretrained_folder,
    save_network,
    weights_digest,
    weights_file,
)
from .eavesdropping import eavesdropping_of, train_attack
from .judges import train_clean_judge, train_judge
from .recipes.denoised import estimator, features, first_labels
from .recipes.denoiser import train_denoiser
from .recipes.distillation import distil
from .recipes.fine_tuning import fine_tune, fine_tune_on_estimates
from .recipes.information_bottleneck import train_against_decoder
from .recipes.listeners import Game, train_against_listeners
from .recipes.pair import train_pair, train_through_noise
from .record import read_record, recorded_sha256
from .session import (
    TrainingSession,
    accuracy,
    add_noise,
    as_time,
    bypass_accuracy,
    classification_loss,
    predict,
)

__all__ = [
    "PRETRAINED",
    "Game",
    "TrainingSession",
    "accuracy",
    "add_noise",
    "as_time",
    "bypass_accuracy",
    "classification_loss",
    "distil",
    "eavesdropping_of",
    "estimator",
    "existing_weights_file",
    "features",
    "fine_tune",
    "fine_tune_on_estimates",
    "first_labels",
    "has_shipped_weights",
    "load_network",
    "pack_network",
    "predict",
    "pretrained_folder",
    "read_record",
    "recorded_sha256",
    "save_network",
    "train_against_decoder",
    "train_against_listeners",
    "train_attack",
    "train_clean_judge",
    "train_denoiser",
    "train_judge",
    "train_pair",
    "train_through_noise",
    "weights_digest",
    "weights_file",
]
