"""What an attack learns from: chosen plaintexts, and what is heard of them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import keras
import numpy as np

from diffsem.link.eavesdropper import UNKNOWN_TIME
from diffsem.link.wiretap import Seeds, WiretapLink
from diffsem.scenarios.assembly import SCHEDULE, build_link, encoder_of
from diffsem.scenarios.attacks import ListedAttack
from diffsem.scenarios.datasets import LabelledImages, surrogate_images
from diffsem.scenarios.networks import attack_network
from diffsem.scenarios.workshop import Workshop, as_time

VALIDATION_DRAWS = 4
CLEAR_LOOKS = 4


def _transmit(link, images, steps, snr_db, own_snr_db, looks, rng) -> list[np.ndarray]:
    # Looks that do not add up are attacked one by one: an attack learns from one.
    looks = 1 if link.scrambled else looks
    seeds = Seeds.unpack([int(seed) for seed in rng.integers(2**62, size=len(Seeds.roles(looks)))])
    _, (heard,), _ = link.transmit(images, steps, snr_db, [own_snr_db], seeds)
    return [heard.received.numpy(), as_time(heard.step)]


@dataclass(frozen=True)
class Eavesdropping:
    """One attack's access to one system: black box, chosen plaintext.

    Parameters
    ----------
    shop : Workshop
        For the machinery of training; an attack has no business with the rest of it.
    transmitter : str
    attack : ListedAttack
    """

    shop: Workshop
    transmitter: str
    attack: ListedAttack

    @property
    def name(self) -> str:
        return attack_network(self.transmitter, self.attack, self.shop.scenario)

    def images(self) -> tuple[LabelledImages, LabelledImages]:
        """The surrogate images: (training, validation)."""
        return surrogate_images(self.shop.dataset, self.attack.surrogate).split_off_validation()

    def hear(self, images: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
        """What the eavesdropper has of images it had sent, through the system and its own channel.

        Parameters
        ----------
        images : [B, height, width, channels], float in [0, 1]
        rng : numpy.random.Generator
            Steps t uniform in 0..T, SNRs uniform in `training.snr_db`, all noise.

        Returns
        -------
        [y, t' / T] : [B, *feature_shape] and [B, 1], float32
            t' / T is 0 if the attack does not know the step.
        """
        scenario = self.shop.scenario
        steps = rng.integers(0, SCHEDULE.steps + 1, len(images))
        low, high = scenario.training.snr_db
        snr_db = rng.uniform(low, high, len(images))
        own = scenario.eavesdropper.snr_db
        if own == "same":
            own_snr_db = snr_db
        elif isinstance(own, tuple):
            own_snr_db = rng.uniform(low, high, len(images))
        else:
            own_snr_db = own.after(snr_db)
        looks = scenario.eavesdropper.looks
        received, known = _transmit(self._link, images, steps, snr_db, own_snr_db, looks, rng)
        return [received, known if self.attack.knows_step else np.full_like(known, UNKNOWN_TIME)]

    def hear_clearly(self, images: np.ndarray) -> np.ndarray:
        """[B, *feature_shape] float32: what is heard without self-noise at the best training SNR; four looks."""
        rng, whole = self.shop.rng(self.name, "clear"), np.ones(len(images))
        best = self.shop.scenario.training.snr_db[1] * whole
        received, known = _transmit(self._link, images, 0 * whole, best, best, CLEAR_LOOKS, rng)
        return received / np.sqrt(SCHEDULE.alpha_bar_at(known[:, 0] * SCHEDULE.steps).numpy()).reshape(-1, 1, 1, 1)

    def trained(self, name: str) -> keras.Model:
        """The network of an attack named in `AttackMethod.after`, trained under the same options."""
        (before,) = (before for before in self.attack.before if before.method.name == name)
        return self.shop.load(attack_network(self.transmitter, before, self.shop.scenario))

    def rebuilt(self) -> keras.Model:
        """The attack's network once more, from other initial weights."""
        return self.shop.build(self.name, "again")

    def fit(
        self,
        model: keras.Model,
        loss,
        target: Callable[[list[np.ndarray], np.ndarray, np.ndarray], np.ndarray],
        part: str = "",
        metrics=(),
        min_delta: float = 1e-4,
        patience: int = 2,
        batch_size: int | None = None,
    ) -> list[dict]:
        """Train on fresh transmissions of the surrogate images every epoch, until validation stands on a plateau.

        Parameters
        ----------
        model : keras.Model
            [y, t / T] -> anything that `loss` compares with the target.
        loss, metrics
            As for `keras.Model.compile`.
        target : callable
            (heard, images, labels) -> what the model shall give.
        part : str
            Names one of several calls.
        min_delta : float
            Validation loss must fall by more to count as progress.
        patience : int
            Epochs without progress that make a plateau.
        batch_size : int, optional
            Samples a step; default: `training.batch_size`.

        Returns
        -------
        list of dict
            One record an epoch.
        """
        training, validation = self.images()
        images = training.as_float()

        def draw_epoch(epoch):
            rng = self.shop.rng(self.name, part, epoch)
            order = rng.permutation(len(images))
            pictures = self.shop.varied(images[order], rng)
            heard = self.hear(pictures, rng)
            return heard, target(heard, pictures, training.labels[order])

        pictures = np.repeat(validation.as_float(), VALIDATION_DRAWS, axis=0)
        heard = self.hear(pictures, self.shop.rng(self.name, part, "validation"))
        held_out = heard, target(heard, pictures, np.repeat(validation.labels, VALIDATION_DRAWS))
        options = self.shop.scenario.training
        return self.shop.fit(
            self.name,
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

    @cached_property
    def _link(self) -> WiretapLink:
        return build_link(self.shop.scenario, self.shop.load(encoder_of(self.transmitter)), self.transmitter)


def train_attack(shop: Workshop, transmitter: str, attack: ListedAttack) -> dict:
    """Algorithm 1, stage 3, for any attack: E frozen and unseen."""
    eavesdropping = Eavesdropping(shop, transmitter, attack)
    model = shop.build(eavesdropping.name)
    assert attack.method.train is not None
    history = attack.method.train(eavesdropping, model)
    shop.save(model, eavesdropping.name)
    last = {key: round(value, 5) for key, value in history[-1].items() if key.startswith("val_")}
    images = len(eavesdropping.images()[0])
    return {"history": history, "scores": {"surrogate_images": images, **last}}
