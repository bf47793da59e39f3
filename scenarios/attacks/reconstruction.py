"""How attacks learn an image from what is heard of it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import diffsem.link as link
from diffsem.scenarios.contracts.attack import Eavesdropping

if TYPE_CHECKING:  # a scenario is checked without it
    import keras

SSIM_WEIGHT = 0.1
# A decoder whose loss has fallen by no more than this share has learnt nothing.
STUCK = 0.97


def reconstruction_loss(images, reconstructions):
    """Mean squared error plus a tenth of 1 - SSIM, [B]."""
    from keras import ops

    error = ops.mean(ops.square(images - reconstructions), axis=(1, 2, 3))
    return error + SSIM_WEIGHT * (1 - link.ssim(images, reconstructions))


def reconstruct(
    eavesdropping: Eavesdropping,
    model: "keras.Model",
    loss: Any = reconstruction_loss,
    min_delta: float = 3e-4,
    patience: int = 2,
    decoder_of: "Callable[[keras.Model], keras.Model]" = lambda model: model,
) -> list[dict[str, Any]]:
    """Learn the image from what is heard of it.

    Parameters
    ----------
    eavesdropping : Eavesdropping
    model : keras.Model
        [y, t / T] -> image.
    loss
        As for `keras.Model.compile`.
    min_delta, patience
        As for `Eavesdropping.fit`.
    decoder_of : callable
        Model -> the part of it that learns the image; default: all of it.

    Returns
    -------
    list of dict
        One record an epoch.
    """

    def fit(part: str) -> list[dict[str, Any]]:
        return eavesdropping.fit(model, loss, lambda heard, images, labels: images, part, (), min_delta, patience)

    history = fit("")
    if history[-1]["val_loss"] > STUCK * history[0]["val_loss"]:
        # All black is a flat spot that a decoder may fall into and never leave: begin once more, from other weights.
        decoder_of(model).set_weights(decoder_of(eavesdropping.rebuilt()).get_weights())
        history += fit("again")
    return history


def reconstruct_by_squared_error(
    eavesdropping: Eavesdropping, model: "keras.Model", min_delta: float, patience: int
) -> list[dict[str, Any]]:
    """`reconstruct` with the papers' loss, the mean squared error."""
    import keras

    return reconstruct(eavesdropping, model, keras.losses.MeanSquaredError(), min_delta, patience)
