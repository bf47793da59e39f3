from .accuracy import (
    ceiling_under_priors,
    clustered_interval,
    effective_images,
    gap_interval,
    share_interval,
    simplex_ceiling,
    simplex_ceilings,
    wilson_interval,
)
from .analogue.keying import (
    Keying,
    Pads,
)
from .analogue.network_attack import (
    UNKNOWN_TIME,
    NetworkAttack,
)
from .analogue.noisy_feature import (
    NoisyFeature,
    at_step,
)
from .analogue.precoding import (
    Precoding,
)
from .analogue.receivers import (
    BypassReceiver,
    DiffSemReceiver,
    EDiffSemReceiver,
)
from .analogue.reception import (
    Reception,
)
from .analogue.repeated_transmissions import (
    combine_looks,
)
from .analogue.step_rule import (
    StepRule,
)
from .analogue.transmitter import (
    Transmitter,
)
from .analogue.wiretap import (
    WiretapLink,
    end_to_end,
)
from .digital.digital_link import (
    DigitalLink,
)
from .digital.digital_system import (
    DigitalSystem,
)
from .digital.digital_wiretap_link import (
    DigitalWiretapLink,
)
from .digital.modulation import (
    MODULATIONS,
    bit_error_rate,
    coded_bits,
)
from .digital.payload import (
    FeatureBits,
    FeaturePayload,
    Payload,
    QuantizedFeature,
    RandomBits,
)
from .digital.quantizer import (
    UniformQuantizer,
)
from .errors import (
    InputError,
)
from .escaping import (
    escaped,
)
from .files import (
    check_output_file,
    check_output_folder,
    replace_file,
)
from .hits import (
    even_draws,
    hits_are_known,
    packed_hits,
)
from .image_quality import (
    psnr_db,
    ssim,
)
from .information import (
    TEMPERATURES,
    Bits,
    entropy_bits,
    leaked_bits,
    mean_bits,
    min_entropy_leakage,
)
from .keyed.keyed_session import (
    Announcement,
    KeyedListener,
    KeyedSender,
    RefusedTransmissionError,
    SpentSessionError,
)
from .keyed.keystream import (
    GENERATORS,
    Generator,
    Keystream,
)
from .keyed.secret_key import (
    KEY_BYTES,
)
from .monte_carlo.batch_seed import (
    derive_seed,
)
from .monte_carlo.experiment import (
    Attack,
    Experiment,
    System,
)
from .monte_carlo.outcome import (
    EXAMPLES,
)
from .monte_carlo.places import (
    Places,
)
from .monte_carlo.programs import (
    Programs,
)
from .monte_carlo.simulation import (
    simulate_points,
)
from .monte_carlo.stopping_rule import (
    StoppingRule,
)
from .pairs import (
    Pairs,
    clustered_mcnemar,
    effective_pairs,
    holm,
    mcnemar,
    paired_interval,
    pairs_of,
)
from .privacy_budget import (
    gaussian_budget,
    laplace_budget,
)
from .results.columns import (
    ADDED,
    AXES,
    COLUMNS,
    ERROR_RATES,
    EXAMPLE_COLUMNS,
    RESULT_COLUMNS,
    SETTINGS,
    STANDING,
    STEP_BINS,
    STEPS_A_BIN,
    Column,
)
from .results.concat import (
    concat,
)
from .results.journal import (
    Journal,
    journal_of,
    read_journal,
)
from .results.packed_point import (
    packed,
    packed_point,
    unpacked,
    unpacked_point,
)
from .results.plain_hdf5 import (
    Content,
    check_plain,
    opened,
)
from .results.point import (
    Point,
    PointResult,
)
from .results.reading import (
    read_results,
)
from .results.result_file import (
    is_hdf5,
    is_result_file,
    sealed,
)
from .results.table import (
    Examples,
    ResultTable,
    empty_table,
)
from .results.table_file import (
    read_table,
    write_table,
)
from .shortening import (
    shortened,
)
from .timing.stopwatch import (
    STOPPED,
    Stopwatch,
)
from .transmission.bit_transmission import (
    BitTransmission,
)
from .transmission.link import (
    Link,
)
from .transmission.observation import (
    Observation,
)
from .transmission.seeds import (
    Seeds,
)

__all__ = [
    "ADDED",
    "AXES",
    "COLUMNS",
    "ERROR_RATES",
    "EXAMPLES",
    "EXAMPLE_COLUMNS",
    "GENERATORS",
    "KEY_BYTES",
    "MODULATIONS",
    "RESULT_COLUMNS",
    "SETTINGS",
    "STANDING",
    "STEPS_A_BIN",
    "STEP_BINS",
    "STOPPED",
    "TEMPERATURES",
    "UNKNOWN_TIME",
    "Announcement",
    "Attack",
    "BitTransmission",
    "Bits",
    "BypassReceiver",
    "Column",
    "Content",
    "DiffSemReceiver",
    "DigitalLink",
    "DigitalSystem",
    "DigitalWiretapLink",
    "EDiffSemReceiver",
    "Examples",
    "Experiment",
    "FeatureBits",
    "FeaturePayload",
    "Generator",
    "InputError",
    "Journal",
    "KeyedListener",
    "KeyedSender",
    "Keying",
    "Keystream",
    "Link",
    "NetworkAttack",
    "NoisyFeature",
    "Observation",
    "Pads",
    "Pairs",
    "Payload",
    "Places",
    "Point",
    "PointResult",
    "Precoding",
    "Programs",
    "QuantizedFeature",
    "RandomBits",
    "Reception",
    "RefusedTransmissionError",
    "ResultTable",
    "Seeds",
    "SpentSessionError",
    "StepRule",
    "StoppingRule",
    "Stopwatch",
    "System",
    "Transmitter",
    "UniformQuantizer",
    "WiretapLink",
    "at_step",
    "bit_error_rate",
    "ceiling_under_priors",
    "check_output_file",
    "check_output_folder",
    "check_plain",
    "clustered_interval",
    "clustered_mcnemar",
    "coded_bits",
    "combine_looks",
    "concat",
    "derive_seed",
    "effective_images",
    "effective_pairs",
    "empty_table",
    "end_to_end",
    "entropy_bits",
    "escaped",
    "even_draws",
    "gap_interval",
    "gaussian_budget",
    "hits_are_known",
    "holm",
    "is_hdf5",
    "is_result_file",
    "journal_of",
    "laplace_budget",
    "leaked_bits",
    "mcnemar",
    "mean_bits",
    "min_entropy_leakage",
    "opened",
    "packed",
    "packed_hits",
    "packed_point",
    "paired_interval",
    "pairs_of",
    "psnr_db",
    "read_journal",
    "read_results",
    "read_table",
    "replace_file",
    "sealed",
    "share_interval",
    "shortened",
    "simplex_ceiling",
    "simplex_ceilings",
    "simulate_points",
    "ssim",
    "unpacked",
    "unpacked_point",
    "wilson_interval",
    "write_table",
]
