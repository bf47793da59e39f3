"""What an attack learns from: chosen plaintexts, and what is heard of them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import keras
import numpy as np

from diffsem.link import UNKNOWN_TIME, Link, Seeds
from diffsem.models import NoiseSchedule
from diffsem.scenarios.contracts.attack import AttackMethod, Eavesdropping, PlannedAttack
from diffsem.scenarios.contracts.stage import Session
from diffsem.scenarios.datasets.source import LabelledImages, surrogate_images
from diffsem.scenarios.training.session import as_time

VALIDATION_DRAWS = 4
# Repeated transmissions, or looks.
CLEAR_LOOKS = 4


@dataclass(frozen=True)
class _Access:
    """Functions, and two words: no attribute leads to an encoder, a receiver, test images or the session."""

    name: str
    knows_step: bool
    rng: Callable[..., np.random.Generator]
    images: Callable[[], tuple[LabelledImages, LabelledImages]]
    hear: Callable[[np.ndarray, np.random.Generator], list[np.ndarray]]
    hear_clearly: Callable[[np.ndarray], np.ndarray]
    trained: Callable[[AttackMethod], keras.Model]
    rebuilt: Callable[[], keras.Model]
    fit: Callable[..., list[dict[str, Any]]]


def eavesdropping_of(session: Session, planned: PlannedAttack) -> Eavesdropping:
    """An attack's access to the transmitter that it learns on, and to nothing else."""
    network, attack = planned.network, planned.attack

    @cache
    def link() -> Link:
        return session.link(planned.learns_on)

    def images() -> tuple[LabelledImages, LabelledImages]:
        return surrogate_images(session.dataset, session.source, attack.surrogate).split_off_validation()

    def hear(images: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
        received, known = _hear(session, link(), images, rng, attack.method.all_looks)
        return [received, known if attack.knows_step else np.full_like(known, UNKNOWN_TIME)]

    def trained(method: AttackMethod) -> keras.Model:
        # One from outside is known by its name: what is planned is guarded.
        before = {each.attack.method.name: each.network for each in planned.before}
        if method.name not in before:
            raise ValueError(f"{method.name} is not trained before it; allowed: what its `after` lists")
        return session.load(before[method.name])

    return _Access(
        network.name,
        attack.knows_step,
        # Not the method, which leads to the session.
        rng=lambda *path: session.rng(*path),
        images=images,
        hear=hear,
        hear_clearly=lambda images: _hear_clearly(session, link(), images, session.rng(network.name, "clear")),
        trained=trained,
        rebuilt=lambda: session.build(network, "again"),
        fit=lambda *arguments, **options: _fit(session, network.name, images, hear, *arguments, **options),
    )


def _hear(
    session: Session, link: Link, images: np.ndarray, rng: np.random.Generator, all_looks: bool
) -> list[np.ndarray]:
    scenario, schedule = session.scenario, session.schedule
    steps = rng.integers(0, schedule.steps + 1, len(images))
    low, high = scenario.training.snr_db
    snr_db = rng.uniform(low, high, len(images))
    own = scenario.eavesdropper.snr_db
    if own == "same":
        own_snr_db = snr_db
    elif isinstance(own, tuple | str):
        own_snr_db = rng.uniform(low, high, len(images))
    else:
        own_snr_db = own.after(snr_db)
    looks = scenario.eavesdropper.looks
    if all_looks:
        return _transmit(link, images, steps, snr_db, own_snr_db, looks, schedule, rng)
    # Looks that do not add up are attacked one by one: such an attack learns from one.
    combined = 1 if link.scrambled else looks
    received, time = _transmit(link, images, steps, snr_db, own_snr_db, combined, schedule, rng)
    return [received[:, 0], time]


def _hear_clearly(session: Session, link: Link, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    schedule, whole = session.schedule, np.ones(len(images))
    best = session.scenario.training.snr_db[1] * whole
    clear = 1 if link.scrambled else CLEAR_LOOKS
    received, known = _transmit(link, images, 0 * whole, best, best, clear, schedule, rng)
    return received[:, 0] / np.sqrt(schedule.alpha_bar_at(known[:, 0] * schedule.steps).numpy()).reshape(-1, 1, 1, 1)


def _transmit(
    link: Link,
    images: np.ndarray,
    steps: np.ndarray,
    snr_db: np.ndarray,
    own_snr_db: np.ndarray,
    looks: int,
    schedule: NoiseSchedule,
    rng: np.random.Generator,
) -> list[np.ndarray]:
    """y [B, observations, ...] and their mean t' / T [B, 1]."""
    seeds = Seeds.unpack([int(seed) for seed in rng.integers(2**62, size=len(Seeds.roles(looks)))])
    _, overheard, _ = link.transmit(images, steps, snr_db, [own_snr_db], seeds)
    received = np.stack([heard.received.numpy() for heard in overheard], axis=1)
    return [received, np.mean([as_time(heard.step, schedule) for heard in overheard], axis=0)]


def _fit(
    session: Session,
    name: str,
    surrogate: Callable[[], tuple[LabelledImages, LabelledImages]],
    hear: Callable[[np.ndarray, np.random.Generator], list[np.ndarray]],
    model: keras.Model,
    loss: Any,
    target: Callable[[list[np.ndarray], np.ndarray, np.ndarray], np.ndarray],
    part: str = "",
    metrics: Any = (),
    min_delta: float = 1e-4,
    patience: int = 2,
    batch_size: int | None = None,
) -> list[dict[str, Any]]:
    """`Eavesdropping.fit` of the attack's network of that name."""
    training, validation = surrogate()
    images = training.as_float()

    def draw_epoch(epoch):
        rng = session.rng(name, part, epoch)
        order = rng.permutation(len(images))
        pictures = session.varied(images[order], rng)
        heard = hear(pictures, rng)
        return heard, target(heard, pictures, training.labels[order])

    pictures = np.repeat(validation.as_float(), VALIDATION_DRAWS, axis=0)
    heard = hear(pictures, session.rng(name, part, "validation"))
    held_out = heard, target(heard, pictures, np.repeat(validation.labels, VALIDATION_DRAWS))
    options = session.scenario.training
    return session.fit(
        name,
        options.epochs.adversary,
        model,
        loss,
        draw_epoch,
        held_out,
        metrics,
        part=part,
        batch_size=batch_size or options.batch_size,
        min_delta=min_delta,
        patience=patience,
        until_plateau=True,
    )


def train_attack(session: Session, planned: PlannedAttack) -> dict[str, Any]:
    """Algorithm 1, stage 3, for any attack: E frozen and unseen.

    Parameters
    ----------
    session : Session
    planned : PlannedAttack
        With something to learn.

    Returns
    -------
    dict
        history, and scores: how many surrogate images there were, and the last losses on those for validation.
    """
    eavesdropping = eavesdropping_of(session, planned)
    model = session.build(planned.network)
    train = planned.attack.method.train
    if train is None:
        raise ValueError(f"attack {planned.network.name}: has nothing to learn; allowed: a method with train")
    history = train(eavesdropping, model)
    session.save(model, planned.network)
    last = {key: round(value, 5) for key, value in history[-1].items() if key.startswith("val_")}
    training, _ = eavesdropping.images()
    return {"history": history, "scores": {"surrogate_images": len(training), **last}}
