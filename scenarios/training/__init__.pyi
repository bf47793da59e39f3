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
from .recipes.denoiser import train_denoiser
from .recipes.distillation import distil
from .recipes.fine_tuning import fine_tune, fine_tune_bypass, fine_tune_guided, fine_tune_unguided
from .recipes.information_bottleneck import train_against_decoder
from .recipes.pair import train_pair, train_through_noise
from .record import read_record, recorded_sha256
from .session import TrainingSession

__all__ = [
    "PRETRAINED",
    "TrainingSession",
    "distil",
    "eavesdropping_of",
    "existing_weights_file",
    "fine_tune",
    "fine_tune_bypass",
    "fine_tune_guided",
    "fine_tune_unguided",
    "has_shipped_weights",
    "load_network",
    "pack_network",
    "pretrained_folder",
    "read_record",
    "recorded_sha256",
    "save_network",
    "train_against_decoder",
    "train_attack",
    "train_clean_judge",
    "train_denoiser",
    "train_judge",
    "train_pair",
    "train_through_noise",
    "weights_digest",
    "weights_file",
]
