"""How attacks learn the eavesdropper's own label from what is heard."""

from typing import TYPE_CHECKING, Any

import numpy as np

from diffsem.scenarios.contracts.attack import Eavesdropping

if TYPE_CHECKING:  # a scenario is checked without it
    import keras

# Of softened targets: the rest is spread over all classes.
LABEL_SMOOTHING = 0.1


def label(
    eavesdropping: Eavesdropping, model: "keras.Model", min_delta: float = 1e-3, patience: int = 2
) -> list[dict[str, Any]]:
    """Learn the label; gives one record an epoch."""
    import keras

    return eavesdropping.fit(
        model,
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        lambda heard, images, labels: labels,
        metrics=["accuracy"],
        min_delta=min_delta,
        patience=patience,
    )


def label_smoothed(
    eavesdropping: Eavesdropping, model: "keras.Model", min_delta: float = 5e-4, patience: int = 5
) -> list[dict[str, Any]]:
    """The same with labels that are softened (Szegedy et al., CVPR 2016), and more patience."""
    import keras

    one_hot = np.eye(model.output_shape[-1], dtype=np.float32)
    return eavesdropping.fit(
        model,
        keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=LABEL_SMOOTHING),
        lambda heard, images, labels: one_hot[labels],
        metrics=["accuracy"],
        min_delta=min_delta,
        patience=patience,
    )
