"""Attacks from outside of the package: what they say is checked, and their errors are told as their own."""

import functools
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from diffsem.link import InputError, shortened
from diffsem.models.costs import NetworkCost
from diffsem.scenarios.contracts.attack import AttackMethod, Eavesdropping, Target
from diffsem.scenarios.contracts.network import Storage
from diffsem.scenarios.parts.finding import Source, check_name
from diffsem.scenarios.parts.outside import guarded

if TYPE_CHECKING:  # a scenario is checked without it
    import keras

OUTPUTS = ("image", "label")


def checked(method: AttackMethod, shipped: Mapping[str, AttackMethod], source: Source, where: str) -> AttackMethod:
    """An attack from outside, all of whose errors are told as its own; one object however often it is listed.

    Parameters
    ----------
    method : AttackMethod
    shipped : mapping of str to AttackMethod
        Shipped attacks by name.
    source : Source
    where : str
        Key of the scenario, for errors.

    Raises
    ------
    InputError
        If it says what cannot be, or an attack does that it comes after.
    """
    _check(method, shipped.keys(), source, where)
    known = tuple(shipped.values())
    after = tuple(before if before in known else checked(before, shipped, source, where) for before in method.after)
    # Whatever cannot be hashed is an error of the attack, too.
    return guarded(source.reference, _guarded, where)(replace(method, after=after), source.reference, where)


def _check(method: AttackMethod, shipped: Collection[str], source: Source, where: str) -> None:
    check_name(method.name, shipped, source, where)
    path = source.reference
    if method.output not in OUTPUTS:
        raise InputError(f"{where}: {path}: its output {shortened(repr(method.output))}; allowed: {', '.join(OUTPUTS)}")
    if (method.build is None) == (method.white_box is None) or (method.white_box and method.train):
        raise InputError(
            f"{where}: {path}: has a build and a white_box, neither, or learns beside a white_box; allowed: one of the "
            "two, and train with a build alone"
        )
    if not isinstance(method.after, tuple) or not all(isinstance(before, AttackMethod) for before in method.after):
        raise InputError(
            f"{where}: {path}: its after {shortened(repr(method.after))}; "
            "allowed: a tuple of diffsem.scenarios.AttackMethod"
        )
    if not isinstance(method.storage, Storage):
        raise InputError(
            f"{where}: {path}: its storage {shortened(repr(method.storage))}; allowed: diffsem.scenarios.Storage"
        )


@functools.lru_cache
def _guarded(method: AttackMethod, path: str, where: str) -> AttackMethod:
    def build(target: Target) -> "keras.Model":
        network = method.network(target)
        _check_output(method, network, target, f"{where}: {path}")
        return network

    def applies(target: Target) -> bool:
        return bool(method.applies(target))

    return replace(
        method,
        build=None if method.build is None else guarded(path, build, where),
        white_box=None if method.white_box is None else guarded(path, method.white_box, where),
        train=None if method.train is None else guarded(path, _recorded(method.train, f"{where}: {path}"), where),
        applies=guarded(path, applies, where),
        cost=None if method.cost is None else guarded(path, _told(method.cost, f"{where}: {path}"), where),
    )


def _recorded(train: Callable[..., Any], where: str) -> Callable[..., list[dict[str, Any]]]:
    """The training, whose history can be recorded, or it is refused."""

    @functools.wraps(train)
    def call(eavesdropping: Eavesdropping, model: "keras.Model") -> list[dict[str, Any]]:
        history = train(eavesdropping, model)
        _check_history(history, where)
        return history

    return call


def _told(cost: Callable[[Target], Any], where: str) -> Callable[[Target], NetworkCost]:
    """The cost, which is one, or it is refused."""

    @functools.wraps(cost)
    def call(target: Target) -> NetworkCost:
        told = cost(target)
        if not isinstance(told, NetworkCost):
            raise InputError(
                f"{where}: its cost gives {type(told).__name__}; allowed: diffsem.models.costs.NetworkCost"
            )
        return told

    return call


def _check_output(method: AttackMethod, network: Any, target: Target, where: str) -> None:
    """Whether a network gives what its attack says, called at once and traced. Raises InputError."""
    import keras

    if not isinstance(network, keras.Model):
        raise InputError(f"{where}: its build gives {type(network).__name__}, no keras.Model")
    shape = target.image_shape if method.output == "image" else (target.classes,)
    looks = (3,) if method.all_looks else ()
    traced = [keras.Input((*looks, *target.feature_shape), batch_size=2), keras.Input((1,), batch_size=2)]
    for heard in ([np.zeros(symbolic.shape, np.float32) for symbolic in traced], traced):
        made = tuple(network(heard).shape)
        if made != (2, *shape):
            raise InputError(
                f"{where}: its network makes {list(made)} of 2 transmissions; allowed for output {method.output}: "
                f"{[2, *shape]}"
            )


def _check_history(history: Any, where: str) -> None:
    """Whether a training's history can be recorded. Raises InputError."""
    if (
        not isinstance(history, list)
        or not history
        or not all(isinstance(epoch, dict) and "seconds" in epoch for epoch in history)
        or not all(_is_finite(value) for epoch in history for value in epoch.values())
    ):
        raise InputError(
            f"{where}: its train gives no history; allowed: a record of finite numbers an epoch, seconds among them, "
            "as Eavesdropping.fit gives it"
        )


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
