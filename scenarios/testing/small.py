"""A scenario so small that all of it is trained and swept in seconds."""

from collections.abc import Sequence
from pathlib import Path

from diffsem.scenarios.runs.plan import Plan
from diffsem.scenarios.runs.reading import plan_of_file
from diffsem.scenarios.schema.training import Epochs

IMAGES, TRAINING_IMAGES = 32, 320
TIMESTEP = 240


def small_plan(scenario: str | Path, folder: Path, overrides: Sequence[str] = ()) -> Plan:
    """The plan of a scenario with one epoch of 320 images a stage, and 32 images a point, over two SNRs.

    Parameters
    ----------
    scenario : str or Path
    folder : Path
        Of its weights, which are all to be trained.
    overrides : sequence of str
        As for `load_scenario`; they come last.
    """
    small = [
        f"timesteps=[{TIMESTEP}]",
        "legitimate.snr_db=[5, 15]",
        f"weights={folder}",
        "weights_only=true",
        "denoising.channels=8",
        f"training.images={TRAINING_IMAGES}",
        "training.batch_size=64",
        *(f"training.epochs.{name}=1" for name in Epochs.model_fields),
        f"monte_carlo.max_images={IMAGES}",
        f"monte_carlo.batch_size={IMAGES}",
    ]
    return plan_of_file(scenario, [*small, *overrides])
