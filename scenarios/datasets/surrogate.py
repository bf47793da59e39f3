"""The images that an eavesdropper sends to learn from."""

from diffsem.link import shortened
from diffsem.scenarios.datasets.source import Dataset, DataSource, LabelledImages
from diffsem.scenarios.schema.nodes import Eavesdropper, Surrogate

# Those of the data set itself.
SAME = "same"


def check_surrogates(eavesdropper: Eavesdropper, source: DataSource) -> None:
    """Raises ValueError if an attack is to learn from images that do not go with the data set."""
    allowed = (SAME, *source.surrogates)
    for surrogate in (eavesdropper.surrogate, *(attack.surrogate for attack in eavesdropper.attacks)):
        if surrogate is not None and surrogate.images not in allowed:
            raise ValueError(
                f"eavesdropper: surrogate.images {shortened(surrogate.images)}: do not go with dataset {source.name}; "
                f"allowed: {', '.join(allowed)}"
            )


def surrogate_images(dataset: Dataset, source: DataSource, surrogate: Surrogate) -> LabelledImages:
    """The images that an eavesdropper learns from.

    Parameters
    ----------
    dataset : Dataset
    source : DataSource
        That it comes from.
    surrogate : Surrogate
        same: those of the data set that the pair never sees; or one of the source's. A share of them is taken from the
        start of the set.
    """
    images = dataset.surrogate if surrogate.images == SAME else source.surrogates[surrogate.images]()
    return images[: max(2, round(surrogate.share * len(images)))]
