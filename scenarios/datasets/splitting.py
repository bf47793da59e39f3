"""Who gets which images of a data set."""

from pathlib import Path

import numpy as np

from diffsem.scenarios.datasets.source import Dataset, DataSource

PAIR_SHARE = 0.8
# Fixed, and apart from any scenario's seed: shipped weights must never meet test or surrogate images anew.
SPLIT_SEED = 0


def load_dataset(source: DataSource, data_dir: Path | None = None, images: int | None = None) -> Dataset:
    """Load a data set and share out its training images, always in the same way.

    Parameters
    ----------
    source : DataSource
    data_dir : Path, optional
        Where data are looked for first.
    images : int, optional
        Use only this many training images.

    Raises
    ------
    InputError
        If its files are missing or broken.
    """
    training, test = source.load(data_dir)
    order = np.random.default_rng(SPLIT_SEED).permutation(len(training))[:images]
    boundary = int(PAIR_SHARE * len(order))
    return Dataset(training[order[:boundary]], training[order[boundary:]], test)
