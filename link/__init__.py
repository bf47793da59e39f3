"""One transmission, end to end, and how it is measured.

Names are loaded when they are first used: reading a result table needs neither TensorFlow nor Sionna.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diffsem.link.accuracy import (
        ceiling_under_priors,
        clustered_interval,
        effective_images,
        gap_interval,
        share_interval,
        simplex_ceiling,
        simplex_ceilings,
        wilson_interval,
    )
    from diffsem.link.digital import DigitalLink, DigitalSystem, FeatureBits, RandomBits
    from diffsem.link.eavesdropper import NetworkAttack
    from diffsem.link.errors import InputError
    from diffsem.link.experiment import Attack, Experiment, Point, StoppingRule, System
    from diffsem.link.image_quality import psnr_db, ssim
    from diffsem.link.keyed_session import (
        Announcement,
        KeyedListener,
        KeyedSender,
        RefusedTransmissionError,
        SpentSessionError,
    )
    from diffsem.link.keying import Keying, Pads
    from diffsem.link.keystream import Keystream
    from diffsem.link.looks import combine_looks
    from diffsem.link.modulation import MODULATIONS, bit_error_rate, coded_bits
    from diffsem.link.monte_carlo import PointResult, simulate_points
    from diffsem.link.noisy_feature import NoisyFeature, at_step
    from diffsem.link.programs import Programs
    from diffsem.link.quantizer import UniformQuantizer
    from diffsem.link.receivers import BypassReceiver, DiffSemReceiver, EDiffSemReceiver
    from diffsem.link.reception import Reception
    from diffsem.link.results import ResultTable, read_results, read_table, write_table
    from diffsem.link.transmitter import Transmitter
    from diffsem.link.wiretap import Observation, Seeds, WiretapLink, end_to_end

_ROOMS = {
    "accuracy": (
        "ceiling_under_priors",
        "clustered_interval",
        "effective_images",
        "gap_interval",
        "share_interval",
        "simplex_ceiling",
        "simplex_ceilings",
        "wilson_interval",
    ),
    "digital": ("DigitalLink", "DigitalSystem", "FeatureBits", "RandomBits"),
    "eavesdropper": ("NetworkAttack",),
    "errors": ("InputError",),
    "experiment": ("Attack", "Experiment", "Point", "StoppingRule", "System"),
    "image_quality": ("psnr_db", "ssim"),
    "keyed_session": (
        "Announcement",
        "KeyedListener",
        "KeyedSender",
        "RefusedTransmissionError",
        "SpentSessionError",
    ),
    "keying": ("Keying", "Pads"),
    "keystream": ("Keystream",),
    "looks": ("combine_looks",),
    "modulation": ("MODULATIONS", "bit_error_rate", "coded_bits"),
    "monte_carlo": ("PointResult", "simulate_points"),
    "noisy_feature": ("NoisyFeature", "at_step"),
    "programs": ("Programs",),
    "quantizer": ("UniformQuantizer",),
    "receivers": ("BypassReceiver", "DiffSemReceiver", "EDiffSemReceiver"),
    "reception": ("Reception",),
    "results": ("ResultTable", "read_results", "read_table", "write_table"),
    "transmitter": ("Transmitter",),
    "wiretap": ("Observation", "Seeds", "WiretapLink", "end_to_end"),
}
_HOME = {name: module for module, names in _ROOMS.items() for name in names}

__all__ = [
    "MODULATIONS",
    "Announcement",
    "Attack",
    "BypassReceiver",
    "DiffSemReceiver",
    "DigitalLink",
    "DigitalSystem",
    "EDiffSemReceiver",
    "Experiment",
    "FeatureBits",
    "InputError",
    "KeyedListener",
    "KeyedSender",
    "Keying",
    "Keystream",
    "NetworkAttack",
    "NoisyFeature",
    "Observation",
    "Pads",
    "Point",
    "PointResult",
    "Programs",
    "RandomBits",
    "Reception",
    "RefusedTransmissionError",
    "ResultTable",
    "Seeds",
    "SpentSessionError",
    "StoppingRule",
    "System",
    "Transmitter",
    "UniformQuantizer",
    "WiretapLink",
    "at_step",
    "bit_error_rate",
    "ceiling_under_priors",
    "clustered_interval",
    "coded_bits",
    "combine_looks",
    "effective_images",
    "end_to_end",
    "gap_interval",
    "psnr_db",
    "read_results",
    "read_table",
    "share_interval",
    "simplex_ceiling",
    "simplex_ceilings",
    "simulate_points",
    "ssim",
    "wilson_interval",
    "write_table",
]


def __getattr__(name: str):
    if name in _HOME:
        return getattr(import_module(f"diffsem.link.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
