"""Whether a label's guidance gives what the paper says: settings of E-DiffSem at one point, for docs/results.

Each setting has a classifier of its own, fine-tuned on its own estimates, and the clean pair's, which saw z alone.

python tests/benchmarks/fidelity.py --out docs/measured/fidelity.json
"""

import argparse
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

# As diffsem does it, which is imported after Keras here.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import keras
import numpy as np
from keras import ops

import diffsem
from diffsem.link import Pairs, paired_interval, pairs_of, wilson_interval
from diffsem.models import Denoise, NoiseSchedule, UNet, build_classifier, build_encoder
from diffsem.scenarios.runs.assembly import versions
from diffsem.scenarios.training.session import add_noise, as_time, predict

SCENARIO = "mnist-awgn"
SNR_DB, STEP, GRID, ROUNDS = 15.0, 240, 2, 5
# Of the surrogate's images, which no network that ships for the receiver has seen; then of the test images.
TUNED, HELD_OUT, TESTED = 5000, 1000, 5000
WEIGHTS = (0.0, 0.5, 1.0, 2.0, 4.0)
FEW_WEIGHTS = (0.0, 1.0, 4.0)
SCHEDULE = NoiseSchedule()
# Where y stands at that SNR without self-noise. With self-noise it stands at STEP, of which the channel makes a part.
CHANNEL_ALONE = int(np.abs(SCHEDULE.alpha_bar - 1 / (1 + 10 ** (-SNR_DB / 10))).argmin())
# Images an epoch and epochs of a U-Net that goes on from the shipped one's weights.
UNET_IMAGES = 20_000
OTHER_DROPOUTS = {0.0: 1, 0.5: 1}
OTHER_PAIR_EPOCHS = 3
PAIR_EPOCHS, TUNING_EPOCHS = 15, 20


@dataclass(frozen=True)
class Networks:
    """What a setting runs: the encoder, its clean classifier, one that knows noise, and the U-Net with a label."""

    name: str
    encoder: keras.Model
    clean: keras.Model
    noise_aware: keras.Model
    unet: UNet


@dataclass(frozen=True)
class Sent:
    """y [N, 8, 8, 1], and labels [N]."""

    received: np.ndarray
    labels: np.ndarray


def send(encoder: keras.Model, part, seed: int) -> Sent:
    features = predict(encoder, part.as_float())
    received, _ = add_noise(features, np.full(len(part), STEP), SCHEDULE, np.random.default_rng(seed))
    return Sent(received, part.labels)


def times(count: int, step: int = STEP) -> np.ndarray:
    return as_time(np.full(count, step), SCHEDULE)


def tuned(start: keras.Model, sent: Sent, estimates: np.ndarray) -> keras.Model:
    """The classifier on (y, z^, t), on from other weights until the held-out loss stands still."""
    model = type(start).from_config(start.get_config())
    model.set_weights(start.get_weights())
    model.trainable = True
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(3e-4), loss, metrics=["accuracy"])
    inputs = [sent.received, estimates, times(len(sent.labels))]
    model.fit(
        [each[:TUNED] for each in inputs],
        sent.labels[:TUNED],
        64,
        TUNING_EPOCHS,
        verbose=0,
        validation_data=([each[TUNED:] for each in inputs], sent.labels[TUNED:]),
        callbacks=[keras.callbacks.EarlyStopping(patience=3, restore_best_weights=True)],
    )
    return model


def estimator(unet: UNet, weight: float):
    """(y, label [N, 10]) -> z^."""
    denoise = Denoise(unet, SCHEDULE, GRID, weight)
    shapes = unet.input_shape[0][1:], (), (unet.context,)
    symbolic = [keras.Input(shape) for shape in shapes]
    model = keras.Model(symbolic, denoise(symbolic))

    def estimate(received: np.ndarray, label: np.ndarray) -> np.ndarray:
        return predict(model, [received, np.full(len(received), STEP, np.float32), label])

    return estimate


def guess(classifier: keras.Model, received: np.ndarray, estimates: np.ndarray, hard: bool) -> np.ndarray:
    """[N, classes] what a classifier makes of it, as probabilities or as one label."""
    logits = predict(classifier, [received, estimates, times(len(received))])
    return one_hot(logits.argmax(-1)) if hard else np.asarray(ops.softmax(logits))


def one_hot(labels: np.ndarray) -> np.ndarray:
    return np.eye(10, dtype=np.float32)[labels]


def more_epochs(unet: UNet, encoder: keras.Model, part, dropout: float, epochs: int) -> UNet:
    """The U-Net on from its weights, on eq. 15 with so many labels left out."""
    model = UNet.from_config(unet.get_config())
    model.set_weights(unet.get_weights())
    model.trainable = True
    model.compile(keras.optimizers.Adam(3e-4), "mse")
    features = predict(encoder, part.as_float())
    for epoch in range(epochs):
        rng = np.random.default_rng([11, epoch])
        chosen = rng.permutation(len(features))[:UNET_IMAGES]
        steps = rng.integers(1, SCHEDULE.steps + 1, len(chosen))
        noised, noise = add_noise(features[chosen], steps, SCHEDULE, rng)
        label = one_hot(part.labels[chosen]) * (rng.random((len(chosen), 1)) >= dropout)
        inputs = [noised, as_time(steps, SCHEDULE), label.astype(np.float32)]
        told = model.fit(inputs, noise, 256, 1, verbose=0).history["loss"][0]
        print(f"U-Net, {dropout:.0%} of labels left out, epoch {epoch + 1}: {told:.4f}", flush=True)
    return model


def pair_at_one_snr(part) -> tuple[keras.Model, keras.Model]:
    """Encoder and classifier, trained through the channel's noise at the one SNR."""
    encoder, classifier = build_encoder((28, 28, 1), (8, 8, 1)), build_classifier((28, 28, 1), (8, 8, 1), 10)
    image = keras.Input((28, 28, 1))
    noised = keras.layers.GaussianNoise(10 ** (-SNR_DB / 20))(encoder(image))
    received = keras.layers.Rescaling(float(np.sqrt(SCHEDULE.alpha_bar[CHANNEL_ALONE])))(noised)
    at = keras.layers.Lambda(lambda y: ops.full((ops.shape(y)[0], 1), CHANNEL_ALONE / SCHEDULE.steps))(received)
    model = keras.Model(image, classifier([received, received, at]))
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    model.fit(part.as_float(), part.labels, 256, PAIR_EPOCHS, verbose=0)
    return encoder, classifier


def all_networks(scenario, data):
    """Networks in turn, each made when they are asked for, and whether every setting is tried on them."""
    encoder, clean = (diffsem.load_network(scenario, name) for name in ("encoder", "classifier"))
    unet = diffsem.load_network(scenario, "denoiser-label")
    yield with_noise_aware("shipped", encoder, clean, unet, data), True
    for dropout, epochs in OTHER_DROPOUTS.items():
        keras.utils.set_random_seed(1)
        other = more_epochs(unet, encoder, data.pair, dropout, epochs)
        yield with_noise_aware(f"{dropout:.0%} of labels left out", encoder, clean, other, data), False
    keras.utils.set_random_seed(1)
    encoder, clean = pair_at_one_snr(data.pair)
    other = more_epochs(unet, encoder, data.pair, 0.1, OTHER_PAIR_EPOCHS)
    yield with_noise_aware("pair at 15 dB", encoder, clean, other, data), False


def with_noise_aware(name, encoder, clean, unet, data) -> Networks:
    sent = send(encoder, data.surrogate[: TUNED + HELD_OUT], 1)
    return Networks(name, encoder, clean, tuned(clean, sent, sent.received), unet)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--out", type=Path, required=True)
    out = options.parse_args().out
    keras.utils.set_random_seed(1)
    began = time.monotonic()
    scenario = diffsem.load_scenario(SCENARIO)
    data, lines = diffsem.load_dataset(scenario), []
    told = {"what": "E-DiffSem's label guidance at one point, setting by setting", "scenario": SCENARIO}
    told |= {"snr_db": SNR_DB, "timestep": STEP, "grid": GRID, "images": TESTED}
    told |= {"tuning_images": TUNED, "unet_images": UNET_IMAGES, "unet_epochs": list(OTHER_DROPOUTS.values())}
    told |= {"unet_epochs_of_other_pair": OTHER_PAIR_EPOCHS, "versions": versions(), "lines": lines}
    for networks, thorough in all_networks(scenario, data):
        for line in Search(networks, data, thorough).lines():
            lines.append(line)
            print(line, flush=True)
            told["seconds"] = round(time.monotonic() - began)
            out.write_text(json.dumps(told, indent=1) + "\n")


class Search:
    """Settings of a pair and a U-Net, compared draw by draw: all of them if it is thorough, else the likeliest."""

    def __init__(self, networks: Networks, data, thorough: bool):
        self.networks, self.thorough = networks, thorough
        self.tuning = send(networks.encoder, data.surrogate[: TUNED + HELD_OUT], 1)
        self.test = send(networks.encoder, data.test[:TESTED], 2)
        self.hits: dict[str, np.ndarray] = {}
        self.estimators: dict[float, object] = {}

    def lines(self):
        """Without a denoiser, without a label, then every first pass, kind of label and weight."""
        networks, test = self.networks, self.test
        for name, model in (("classifier", networks.clean), ("noise-aware", networks.noise_aware)):
            yield self._told({"receiver": name}, guess(model, test.received, test.received, True), [])
        none = [np.zeros((len(sent.labels), 10), np.float32) for sent in (self.tuning, test)]
        yield from self._denoised({"receiver": "diffsem"}, none, 0.0, [])
        firsts = {"clean": networks.clean, "noise-aware": networks.noise_aware}
        weights = WEIGHTS if self.thorough else FEW_WEIGHTS
        for first, model in firsts.items() if self.thorough else [("noise-aware", networks.noise_aware)]:
            for hard in (False, True) if self.thorough else (False,):
                labels = [guess(model, sent.received, sent.received, hard) for sent in (self.tuning, test)]
                for weight in weights:
                    setting = {"first_pass": first, "label": "hard" if hard else "soft", "weight": weight}
                    yield from self._denoised({"receiver": "e-diffsem"} | setting, labels, weight, ["diffsem"])
        if not self.thorough:
            return
        # Nobody has it: what a perfect first pass would bring.
        truth = [one_hot(sent.labels) for sent in (self.tuning, test)]
        for weight in FEW_WEIGHTS:
            setting = {"receiver": "e-diffsem", "first_pass": "truth", "label": "hard", "weight": weight}
            yield from self._denoised(setting, truth, weight, ["diffsem"])

    def _estimate(self, weight: float):
        if weight not in self.estimators:
            self.estimators[weight] = estimator(self.networks.unet, weight)
        return self.estimators[weight]

    def _denoised(self, setting, labels, weight, over):
        """One round, and rounds: with a classifier fine-tuned for the setting, and with the one that saw z alone."""
        estimate, clean = self._estimate(weight), self.networks.clean
        seen, heard = (
            estimate(sent.received, label) for sent, label in zip((self.tuning, self.test), labels, strict=True)
        )
        own = tuned(clean, self.tuning, seen)
        for kind, model in (("tuned", own), ("clean", clean)):
            inputs = [self.test.received, heard] if kind == "tuned" else [heard, heard]
            at = times(TESTED) if kind == "tuned" else times(TESTED, 0)
            found = predict(model, [*inputs, at])
            rounds = 1
            if self._in_rounds(setting, kind):
                yield self._told(setting | {"classifier": kind, "rounds": 1}, one_hot(found.argmax(-1)), over)
                hard = setting["label"] == "hard"
                for _ in range(1, ROUNDS):
                    label = one_hot(found.argmax(-1)) if hard else np.asarray(ops.softmax(found))
                    found = predict(own, [inputs[0], estimate(inputs[0], label), at])
                rounds = ROUNDS
            yield self._told(setting | {"classifier": kind, "rounds": rounds}, one_hot(found.argmax(-1)), over)

    def _in_rounds(self, setting, kind: str) -> bool:
        """They cost five times as much."""
        asked = setting.get("first_pass") == "noise-aware" and setting["weight"] in FEW_WEIGHTS
        return asked and kind == "tuned" and self.thorough

    def _told(self, setting, answers, over):
        hits = answers.argmax(-1) == self.test.labels
        low, high = wilson_interval(int(hits.sum()), len(hits))
        told = {"networks": self.networks.name} | setting | {"correct": int(hits.sum()), "total": len(hits)}
        told |= {"accuracy": float(hits.mean()), "low": low, "high": high}
        kind = setting.get("classifier", "")
        self.hits[f"{setting['receiver']} {kind}".strip()] = hits
        others = ["classifier", *(f"{name} {kind}" for name in over)]
        if not over and kind:
            others.append("noise-aware")
        for other in others:
            if other in self.hits and self.hits[other] is not hits:
                told[f"over_{other.split()[0]}"] = _difference(hits, self.hits[other])
        return told


def _difference(hits: np.ndarray, others: np.ndarray) -> dict:
    """Over all images; on the even ones, to choose by; and on the odd ones, to tell of what was chosen."""
    even, odd = (pairs_of(hits[half::2], others[half::2]) for half in (0, 1))
    return _told(pairs_of(hits, others)) | {"even": even.difference, "odd": _told(odd)}


def _told(pairs: Pairs) -> dict[str, float]:
    low, high = paired_interval(pairs)
    return {"difference": pairs.difference, "low": low, "high": high}


if __name__ == "__main__":
    main()
