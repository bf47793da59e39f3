"""Attacks behind a U-Net that the eavesdropper trains on what it hears."""

import math
from typing import TYPE_CHECKING, Any

import diffsem.models as models
from diffsem.models import costs
from diffsem.scenarios.attacks.labelling import label
from diffsem.scenarios.attacks.reconstruction import reconstruct
from diffsem.scenarios.contracts.attack import AttackMethod, Eavesdropping, Target

if TYPE_CHECKING:  # a scenario is checked without it
    import keras

# Of the U-Net on symbols, and on pictures of many more pixels.
CHANNELS = 32
PICTURE_CHANNELS = 8
# Surrogate images are few: the U-Net needs more gradient steps of them than an epoch of larger batches has.
BATCH = 64


def _channels(target: Target) -> int:
    return PICTURE_CHANNELS if target.feature_shape == target.image_shape else CHANNELS


def _denoiser(target: Target) -> "keras.Model":
    return models.UNet(target.feature_shape, _channels(target))


def _denoiser_cost(target: Target) -> costs.NetworkCost:
    return costs.unet_cost(target.feature_shape, _channels(target), context=False)


def _build_inversion(target: Target) -> "keras.Model":
    height, width, depth = target.feature_shape
    # y and z^ side by side.
    beside = height, width, 2 * depth
    # Initial weights are drawn in the order in which networks are built: the denoiser's come first.
    denoiser, decoder = _denoiser(target), models.InversionConv(beside, target.image_shape)
    return models.DenoisingAttack(denoiser, decoder, target.schedule.build())


def _denoise_then_invert(eavesdropping: Eavesdropping, model: "keras.Model") -> list[dict[str, Any]]:
    """First the U-Net: what is heard in noise -> what is heard of the same image without; then the decoder."""
    import keras

    first = eavesdropping.fit(
        model.estimate,
        keras.losses.MeanSquaredError(),
        lambda heard, images, labels: eavesdropping.hear_clearly(images),
        "denoiser",
        min_delta=1e-3,
        batch_size=BATCH,
    )
    model.denoiser.trainable = False
    return first + reconstruct(eavesdropping, model, decoder_of=lambda attack: attack.network)


def _inversion_cost(target: Target) -> costs.NetworkCost:
    decoder = costs.convolutional_decoder_cost(math.prod(target.feature_shape), target.image_shape)
    return costs.in_sequence(_denoiser_cost(target), decoder)


def _build_classifier(target: Target) -> "keras.Model":
    denoiser = _denoiser(target)
    classifier = models.build_classifier(target.image_shape, target.feature_shape, target.classes)
    return models.DenoisingAttack(denoiser, classifier, target.schedule.build())


def _denoise_then_classify(eavesdropping: Eavesdropping, model: "keras.Model") -> list[dict[str, Any]]:
    """The receiver's pipeline on surrogate images: a denoiser, frozen, then the classifier on (y, z^, t)."""
    model.denoiser.set_weights(eavesdropping.trained(DENOISE_INVERT).denoiser.get_weights())
    model.denoiser.trainable = False
    return label(eavesdropping, model)


def _classifier_cost(target: Target) -> costs.NetworkCost:
    classifier = costs.classifier_cost(target.image_shape, target.feature_shape)
    return costs.in_sequence(_denoiser_cost(target), classifier)


def _is_denoisable(target: Target) -> bool:
    # Of symbols in an order of their own, the mean over all that they may have been is zero.
    return not target.scrambled


# The convolutional decoder behind the U-Net.
DENOISE_INVERT = AttackMethod(
    "denoise-invert",
    "image",
    _build_inversion,
    _denoise_then_invert,
    applies=_is_denoisable,
    cost=_inversion_cost,
    default_place=3,
)
# The receiver's own pipeline, trained again by the eavesdropper.
SCHEDULE_AWARE = AttackMethod(
    "schedule-aware",
    "label",
    _build_classifier,
    _denoise_then_classify,
    after=(DENOISE_INVERT,),
    applies=_is_denoisable,
    cost=_classifier_cost,
)
ATTACKS = (DENOISE_INVERT, SCHEDULE_AWARE)
