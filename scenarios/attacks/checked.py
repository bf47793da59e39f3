"""The attack suite: what each attack builds from what it hears, and how it learns.

An `AttackMethod` sees an `Eavesdropping` alone: what goes into the transmitter and what comes out of the eavesdropper's
equaliser, on surrogate images. A scenario may list one from outside the package as `module:NAME`.
"""

import functools
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import keras
import numpy as np
from keras import ops
from sklearn.cluster import KMeans

from diffsem.link.errors import InputError
from diffsem.link.image_quality import ssim
from diffsem.models import (
    DenoisingAttack,
    InversionConv,
    InversionResidual,
    PadDictionaryClassifier,
    Picture,
    ResidualSymbolClassifier,
    SymbolClassifier,
    UNet,
    build_classifier,
    mnist,
)
from diffsem.scenarios.outside_code import guarded, imported
from diffsem.scenarios.schema import ATTACKS, Eavesdropper, Surrogate

if TYPE_CHECKING:
    from diffsem.scenarios.eavesdropping import Eavesdropping

SSIM_WEIGHT = 0.1
# A decoder whose loss has fallen by no more than this share has learnt nothing.
STUCK = 0.97
# Of the U-Net on symbols, and on pictures of many more pixels.
DENOISER_CHANNELS = 32
PICTURE_DENOISER_CHANNELS = 8
# Of the wide classifier's targets: the rest is spread over all classes.
LABEL_SMOOTHING = 0.1
# Surrogate images are few: the U-Net needs more steps of them than an epoch of larger batches has.
DENOISER_BATCH = 64
# What is heard from this share of the schedule on is mostly self-noise: pads show in it.
LATE = 0.7


@dataclass(frozen=True)
class Target:
    """What an eavesdropper knows of a system: the shape of what it hears, and of what it looks for.

    Parameters
    ----------
    feature_shape, image_shape : tuple of three int
    classes : int
    pixel_rms : float
        Root mean square of the pixels of an image, on average over the images.
    keyed : bool
        Whether the self-noise comes from a key.
    scrambled : bool
        Whether a key orders and signs the symbols of each transmission.
    """

    feature_shape: tuple[int, int, int]
    image_shape: tuple[int, int, int]
    classes: int
    pixel_rms: float
    keyed: bool = False
    scrambled: bool = False


@dataclass(frozen=True)
class AttackMethod:
    """An attack.

    Parameters
    ----------
    name : str
        The `attack` of its rows in the result table; no +, dot or slash.
    output : str
        "image": judges label it. "label": logits, scored as they are.
    build : callable
        Target -> keras.Model, [y [B, *feature_shape], t / T [B, 1]] -> image [B, *image_shape] or logits [B, classes].
    train : callable or None
        (Eavesdropping, model) -> history, one record an epoch; None if there is nothing to learn.
    after : tuple of str
        Shipped attacks that are trained before it; `Eavesdropping.trained` gives their networks.
    applies : callable
        Target -> whether the attack makes sense there.
    adaptive : bool
        Written against one defence: trained on it even where what is heard has the same law as without it.
    """

    name: str
    output: Literal["image", "label"]
    build: Callable[[Target], keras.Model]
    train: "Callable[[Eavesdropping, keras.Model], list[dict]] | None"
    after: tuple[str, ...] = ()
    applies: Callable[[Target], bool] = lambda target: True
    adaptive: bool = False


@dataclass(frozen=True)
class ListedAttack:
    """An attack as a scenario lists it.

    Parameters
    ----------
    method : AttackMethod
    knows_step : bool
    surrogate : Surrogate
    transmitters : tuple of str, optional
        Those that it is run against; default: all.
    outside : str, optional
        module:NAME of one from outside of the package.
    """

    method: AttackMethod
    knows_step: bool
    surrogate: Surrogate
    transmitters: tuple[str, ...] | None = None
    outside: str | None = None

    @property
    def name(self) -> str:
        """The method's name and, behind a +, each option that is not the default."""
        share = "" if self.surrogate.share == 1 else f"+{self.surrogate.share:g}"
        kind = "" if self.surrogate.images == "same" else f"+{self.surrogate.images}"
        return f"{self.method.name}{'' if self.knows_step else '+blind'}{kind}{share}"

    @property
    def source(self) -> Path | None:
        """The file of an attack from outside of the package, whose recipe may change from one training to the next."""
        train = self.method.train
        if train is None or self.method.name in SUITE:
            return None
        file = getattr(sys.modules.get(getattr(train, "__module__", "")), "__file__", None)
        return Path(file) if file else None

    @property
    def before(self) -> tuple["ListedAttack", ...]:
        """The attacks that have to be trained first, under the same options."""
        return tuple(ListedAttack(SUITE[name], self.knows_step, self.surrogate) for name in self.method.after)


def listed_attacks(eavesdropper: Eavesdropper) -> list[ListedAttack]:
    """The attacks of a scenario. Raises InputError if one is not there, or two have the same name."""
    attacks = [
        ListedAttack(SUITE[name], knows_step, surrogate, transmitters)
        if name in SUITE
        else ListedAttack(_outside(name), knows_step, surrogate, transmitters, name)
        for name, knows_step, surrogate, transmitters in eavesdropper.chosen()
    ]
    for place, attack in enumerate(attacks):
        if attack.name in [other.name for other in attacks[:place]]:
            raise InputError(f"eavesdropper.attacks: two attacks are named {attack.name}; names must differ")
    return attacks


def _outside(path: str) -> AttackMethod:
    method = imported(path)
    if not isinstance(method, AttackMethod):
        raise InputError(f"eavesdropper.attacks: {path}: is no diffsem.scenarios.AttackMethod")
    if method.name in ATTACKS or not isinstance(method.name, str) or not _can_name_a_file(method.name):
        raise InputError(
            f"eavesdropper.attacks: {path}: its name {method.name!r} is a shipped attack's, empty, or holds a +, a dot "
            "or a slash"
        )
    if method.output not in ("image", "label"):
        raise InputError(f"eavesdropper.attacks: {path}: its output {method.output!r}; allowed: image, label")
    if not isinstance(method.after, tuple) or not all(name in ATTACKS for name in method.after):
        raise InputError(f"eavesdropper.attacks: {path}: its after {method.after!r}; allowed: a tuple of shipped names")
    return guarded(path, _guarded)(path, method)


def _can_name_a_file(name: str) -> bool:
    return name != "" and name.isprintable() and not set(name) & set("+./\\")


@functools.lru_cache
def _guarded(path: str, method: AttackMethod) -> AttackMethod:
    """The attack, all of whose errors are told as its own; one object however often it is listed."""

    @functools.wraps(method.build)
    def build(target: Target) -> keras.Model:
        network = method.build(target)
        _check_output(path, method.output, network, target)
        return network

    def applies(target: Target) -> bool:
        return bool(method.applies(target))

    return replace(
        method,
        build=guarded(path, build),
        train=None if method.train is None else guarded(path, _recorded(path, method.train)),
        applies=guarded(path, applies),
    )


def _recorded(path: str, train: Callable) -> Callable:
    """The training, whose history can be recorded, or it is refused."""

    @functools.wraps(train)
    def call(eavesdropping: "Eavesdropping", model: keras.Model) -> list[dict]:
        history = train(eavesdropping, model)
        _check_history(path, history)
        return history

    return call


def _check_output(path: str, output: str, network: keras.Model, target: Target) -> None:
    """Whether a network gives what its attack says, called at once and traced. Raises InputError."""
    if not isinstance(network, keras.Model):
        raise InputError(f"eavesdropper.attacks: {path}: its build gives {type(network).__name__}, no keras.Model")
    shape = target.image_shape if output == "image" else (target.classes,)
    traced = [keras.Input(target.feature_shape, batch_size=2), keras.Input((1,), batch_size=2)]
    for heard in ([np.zeros(symbolic.shape, np.float32) for symbolic in traced], traced):
        made = tuple(network(heard).shape)
        if made != (2, *shape):
            raise InputError(
                f"eavesdropper.attacks: {path}: its network makes {list(made)} of 2 transmissions; allowed for output "
                f"{output}: {[2, *shape]}"
            )


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _check_history(path: str, history: object) -> None:
    """Whether a training's history can be recorded. Raises InputError."""
    if (
        not isinstance(history, list)
        or not history
        or not all(isinstance(epoch, dict) and "seconds" in epoch for epoch in history)
        or not all(_is_finite(value) for epoch in history for value in epoch.values())
    ):
        raise InputError(
            f"eavesdropper.attacks: {path}: its train gives no history; allowed: a record of finite numbers an epoch, "
            "seconds among them, as Eavesdropping.fit gives it"
        )


def reconstruction_loss(images, reconstructions):
    """Mean squared error plus a tenth of 1 - SSIM, [B]."""
    error = ops.mean(ops.square(images - reconstructions), axis=(1, 2, 3))
    return error + SSIM_WEIGHT * (1 - ssim(images, reconstructions))


def _reconstruct(
    eavesdropping: "Eavesdropping", model: keras.Model, loss=reconstruction_loss, min_delta=3e-4, patience=2
) -> list[dict]:
    """Learn the image from what is heard of it."""

    def fit(part):
        return eavesdropping.fit(model, loss, lambda heard, images, labels: images, part, (), min_delta, patience)

    history = fit("")
    if history[-1]["val_loss"] > STUCK * history[0]["val_loss"]:
        # All black is a flat spot that a decoder may fall into and never leave: begin once more, from other weights.
        anew = eavesdropping.rebuilt()
        decoder, fresh = (m.network if isinstance(m, DenoisingAttack) else m for m in (model, anew))
        decoder.set_weights(fresh.get_weights())
        history += fit("again")
    return history


def _label(eavesdropping: "Eavesdropping", model: keras.Model, min_delta=1e-3, patience=2) -> list[dict]:
    """Learn the eavesdropper's own label from what is heard."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return eavesdropping.fit(
        model,
        loss,
        lambda heard, images, labels: labels,
        metrics=["accuracy"],
        min_delta=min_delta,
        patience=patience,
    )


def _label_smoothed(eavesdropping: "Eavesdropping", model: keras.Model) -> list[dict]:
    """The same with labels that are softened (Szegedy et al., CVPR 2016), and more patience."""
    one_hot = np.eye(model.output_shape[-1], dtype=np.float32)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=LABEL_SMOOTHING)
    return eavesdropping.fit(
        model,
        loss,
        lambda heard, images, labels: one_hot[labels],
        metrics=["accuracy"],
        min_delta=5e-4,
        patience=5,
    )


def _denoise_then_invert(eavesdropping: "Eavesdropping", model: DenoisingAttack) -> list[dict]:
    """First the U-Net: what is heard in noise -> what is heard of the same image without; then the decoder."""
    error = keras.losses.MeanSquaredError()
    first = eavesdropping.fit(
        model.estimate,
        error,
        lambda heard, images, labels: eavesdropping.hear_clearly(images),
        "denoiser",
        min_delta=1e-3,
        batch_size=DENOISER_BATCH,
    )
    model.denoiser.trainable = False
    return first + _reconstruct(eavesdropping, model)


def _denoise_then_classify(eavesdropping: "Eavesdropping", model: DenoisingAttack) -> list[dict]:
    """The receiver's pipeline on surrogate images: a denoiser, frozen, then the classifier on (y, z^, t)."""
    model.denoiser.set_weights(eavesdropping.trained("denoise-invert").denoiser.get_weights())
    model.denoiser.trainable = False
    return _label(eavesdropping, model)


def _learn_pads(eavesdropping: "Eavesdropping", model: PadDictionaryClassifier) -> list[dict]:
    """Guess the keystream: pads that come again stand out as clusters of what is heard; then the label behind them."""
    images, _ = eavesdropping.images()
    heard, time = eavesdropping.hear(images.as_float(), eavesdropping.shop.rng(eavesdropping.name, "pads"))
    late = heard.reshape(len(heard), -1)[(time[:, 0] >= LATE) | (not eavesdropping.attack.knows_step)]
    centres = KMeans(model.removal.pads, n_init=4, random_state=0).fit(late).cluster_centers_
    model.removal.set_weights([centres / np.sqrt((centres**2).mean(axis=1, keepdims=True))])
    return _label(eavesdropping, model)


def _of_table_two(target: Target) -> bool:
    return 4 * target.feature_shape[0] == target.image_shape[0]


def _denoiser(target: Target) -> UNet:
    pictures = target.feature_shape == target.image_shape
    return UNet(target.feature_shape, PICTURE_DENOISER_CHANNELS if pictures else DENOISER_CHANNELS)


def _classifier(target: Target) -> keras.Model:
    return build_classifier(target.image_shape, target.feature_shape, target.classes)


def _beside(target: Target) -> tuple[int, int, int]:
    """Shape of y and z^ side by side."""
    height, width, depth = target.feature_shape
    return height, width, 2 * depth


SUITE = {
    method.name: method
    for method in (
        # The paper's A (Table I): a dense network, mean squared error.
        AttackMethod(
            "inversion-mlp",
            "image",
            lambda target: mnist.InversionMLP(target.feature_shape, target.image_shape),
            partial(_reconstruct, loss=keras.losses.MeanSquaredError(), min_delta=3e-5, patience=5),
        ),
        # The paper's A (Table II), for colour images: transposed convolutions and residual blocks, mean squared error.
        AttackMethod(
            "inversion-residual",
            "image",
            lambda target: InversionResidual(target.feature_shape, target.image_shape),
            # Its epochs are long: one that gains less than a tenth of a decibel is the last at its learning rate.
            partial(_reconstruct, loss=keras.losses.MeanSquaredError(), min_delta=1e-3, patience=1),
            applies=_of_table_two,
        ),
        # A larger, convolutional decoder that also learns to look right (SSIM).
        AttackMethod(
            "inversion-conv",
            "image",
            lambda target: InversionConv(target.feature_shape, target.image_shape),
            _reconstruct,
        ),
        # The same behind a U-Net that the eavesdropper trains on what it hears.
        AttackMethod(
            "denoise-invert",
            "image",
            lambda target: DenoisingAttack(_denoiser(target), InversionConv(_beside(target), target.image_shape)),
            _denoise_then_invert,
            # Of symbols in an order of their own, the mean over all that they may have been is zero.
            applies=lambda target: not target.scrambled,
        ),
        # The task itself: a classifier on the symbols, taught by the eavesdropper's own labels.
        AttackMethod(
            "task-classifier",
            "label",
            lambda target: SymbolClassifier(target.feature_shape, target.classes),
            _label,
        ),
        # The same, wider and deeper, with what keeps a wide network from learning few images by heart.
        AttackMethod(
            "task-classifier-wide",
            "label",
            lambda target: SymbolClassifier(
                target.feature_shape, target.classes, hidden=(512, 512, 512), batch_normalised=True
            ),
            _label_smoothed,
        ),
        # The same with the receiver's classifier for colour images, which sees where a symbol stands.
        AttackMethod(
            "residual-classifier",
            "label",
            lambda target: ResidualSymbolClassifier(target.feature_shape, target.classes),
            partial(_label, patience=1),
            applies=_of_table_two,
        ),
        # The receiver's own pipeline, trained again by the eavesdropper.
        AttackMethod(
            "schedule-aware",
            "label",
            lambda target: DenoisingAttack(_denoiser(target), _classifier(target)),
            _denoise_then_classify,
            after=("denoise-invert",),
            applies=lambda target: not target.scrambled,
        ),
        # How much of the label lies open: one linear layer on the symbols.
        AttackMethod(
            "linear-probe",
            "label",
            lambda target: SymbolClassifier(target.feature_shape, target.classes, hidden=()),
            _label,
        ),
        # Against keyed scrambles: what no order and no signs can hide.
        AttackMethod(
            "sorted-magnitudes",
            "label",
            lambda target: SymbolClassifier(target.feature_shape, target.classes, sorted_magnitudes=True),
            # Only the few early steps tell anything: the loss falls slowly.
            partial(_label, min_delta=2e-4, patience=8),
            applies=lambda target: target.scrambled,
        ),
        # Against keyed self-noise: does the keystream repeat itself?
        AttackMethod(
            "pad-dictionary",
            "label",
            lambda target: PadDictionaryClassifier(target.feature_shape, target.classes),
            _learn_pads,
            applies=lambda target: target.keyed,
            adaptive=True,
        ),
        # Looking at what is heard: for systems that send pictures.
        AttackMethod(
            "as-heard",
            "image",
            lambda target: Picture(target.image_shape, rms=target.pixel_rms),
            None,
            applies=lambda target: target.feature_shape == target.image_shape,
        ),
    )
}
