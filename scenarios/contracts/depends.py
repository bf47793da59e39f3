"""Which keys of a scenario the recipes of a training read, besides those that every training does."""

DENOISER = ("training.epochs.denoiser", "denoising.channels")
FINE_TUNING = ("training.epochs.classifiers", "training.fresh_draws")
TAUGHT = ("training.teacher_steps", "denoising.channels", "denoising.guidance")
DISTILLATION = ("training.epochs.distillation", *TAUGHT)
# Keys that change what is heard at a given step and SNR.
HEARING = (
    "legitimate.channel",
    "legitimate.transmit_antennas",
    "legitimate.precoding",
    "legitimate.receive_antennas",
    "legitimate.csi",
    "legitimate.snr_estimate_error_db",
    "eavesdropper.snr_db",
    "eavesdropper.channel",
    "eavesdropper.receive_antennas",
    "eavesdropper.equalizer",
    "eavesdropper.csi",
    "eavesdropper.fading_correlation",
    "eavesdropper.known_keys",
    "eavesdropper.looks",
)
ADVERSARY = ("training.epochs.adversary", "training.snr_db", *HEARING)
JUDGE = ("training.epochs.strong_classifier",)
JUDGE_OF_ATTACKS = (*JUDGE, "training.epochs.judge_of_attacks", "training.snr_db", *HEARING)
