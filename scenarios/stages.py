"""What is trained, in which order, on whose images (Algorithms 1 and 2, and the controls)."""

import io
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import keras
import numpy as np

from diffsem.link.errors import InputError
from diffsem.link.files import replace_file
from diffsem.link.wiretap import Seeds, WiretapLink
from diffsem.models import BrokenStateError, Denoise, SelfNoise, TrainingPlan, mnist, train
from diffsem.scenarios.assembly import (
    SCHEDULE,
    build_denoise,
    build_link,
    distilled_of,
    encoder_of,
    inversion_of,
    networks_for,
    transmitters,
)
from diffsem.scenarios.datasets import Dataset
from diffsem.scenarios.networks import NETWORKS, load_network, save_network
from diffsem.scenarios.schema import Offset, Scenario

LABEL_DROPOUT = 0.1
# Draws of (t, noise) an image. With one, a receiver learns its z^ by heart and loses a point on new noise.
FINE_TUNING_DRAWS = 4
DISTILLATION_DRAWS = 1
DISTILLATION_RATE = 2e-4
REPORTED_STEPS = (1, 30, 60, 120, 180, 240, 300, 400, 500)
PREDICT_BATCH = 512


@dataclass(frozen=True)
class Workshop:
    """What every stage works with.

    Parameters
    ----------
    scenario : Scenario
    dataset : Dataset
    folder : Path
        Where weights go; half-done stages live in its `.progress`.
    callbacks : callable
        (stage, epochs) -> Keras callbacks that show progress.
    """

    scenario: Scenario
    dataset: Dataset
    folder: Path
    callbacks: Callable[[str, int], Sequence[keras.callbacks.Callback]] = field(default=lambda stage, epochs: ())

    def rng(self, *path) -> np.random.Generator:
        """A generator of its own for every use: the same (scenario seed, path) draws the same numbers."""
        return np.random.default_rng([self.scenario.seed, *(zlib.crc32(str(part).encode()) for part in path)])

    def build(self, name: str) -> keras.Model:
        keras.utils.set_random_seed(int(self.rng("initial weights", name).integers(2**31)))
        return NETWORKS[name](self.scenario)

    def load(self, name: str) -> keras.Model:
        return load_network(self.scenario, self.folder, name)

    def save(self, network: keras.Model, name: str) -> None:
        save_network(network, self.folder, name)

    def fit(self, stage: str, epochs: int, model, loss, draw_epoch, validation, metrics=(), **plan) -> list[dict]:
        """Train to the end of `epochs`; `plan` changes fields of the TrainingPlan."""
        whole = TrainingPlan(epochs=epochs, batch_size=self.scenario.training.batch_size, **plan)
        progress = self.folder / ".progress" / stage
        try:
            return train(model, loss, draw_epoch, validation, whole, progress, metrics, self.callbacks(stage, epochs))
        except BrokenStateError as error:
            raise InputError(f"training state {error}; delete that folder to train the stage anew") from error


@dataclass(frozen=True)
class Stage:
    """One training.

    Parameters
    ----------
    name : str
    writes, needs : tuple of str
        Names of networks.
    run : callable
        The recipe: Workshop -> history and scores.
    large : bool
        Whether it gains from several GPUs.
    """

    name: str
    writes: tuple[str, ...]
    needs: tuple[str, ...]
    run: Callable[[Workshop], dict]
    large: bool = False


def _classification_loss():
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def _predict(model, inputs) -> np.ndarray:
    return np.asarray(model.predict(inputs, batch_size=PREDICT_BATCH, verbose=0))


def _accuracy(logits: np.ndarray, labels: np.ndarray) -> float:
    return round(float((logits.argmax(-1) == labels).mean()), 4)


def _time(step) -> np.ndarray:
    """[B, 1] float32: steps as fractions t / T, as the networks read them."""
    return (np.asarray(step, np.float32) / SCHEDULE.steps)[:, None]


def _noised(feature: np.ndarray, step: np.ndarray, rng) -> tuple[np.ndarray, np.ndarray]:
    """(z_t, eps) of eq. 11 for [B, ...] features or images and [B] steps."""
    noise = rng.standard_normal(feature.shape, np.float32)
    alpha_bar = SCHEDULE.alpha_bar[step].astype(np.float32).reshape(-1, 1, 1, 1)
    return np.sqrt(alpha_bar) * feature + np.sqrt(1 - alpha_bar) * noise, noise


def train_pair(shop: Workshop) -> dict:
    """Algorithm 1, stage 1: E and C on clean features, cross-entropy, unit power."""
    encoder, classifier = shop.build("encoder"), shop.build("classifier")
    image = keras.Input(mnist.IMAGE_SHAPE)
    time = keras.Input((1,))
    feature = encoder(image)
    model = keras.Model([image, time], classifier([feature, feature, time]))
    training, validation = shop.dataset.pair.split_off_validation()
    images = training.as_float()

    def draw(count, rng):
        # The clean feature says nothing of t: drawn at random, C learns to ignore it until it is fine-tuned.
        return rng.random((count, 1), np.float32)

    def draw_epoch(epoch):
        rng = shop.rng("pair", epoch)
        order = rng.permutation(len(training))
        return [images[order], draw(len(order), rng)], training.labels[order]

    held_out = [validation.as_float(), draw(len(validation), shop.rng("pair", "validation"))], validation.labels
    epochs = shop.scenario.training.epochs.pair
    history = shop.fit("pair", epochs, model, _classification_loss(), draw_epoch, held_out, ["accuracy"])
    shop.save(encoder, "encoder")
    shop.save(classifier, "classifier")
    test = shop.dataset.test
    feature = _predict(shop.load("encoder"), test.as_float())
    logits = _predict(shop.load("classifier"), [feature, feature, np.zeros((len(test), 1), np.float32)])
    return {"history": history, "scores": {"test_accuracy_t0": _accuracy(logits, test.labels)}}


def train_noise_aware_pair(shop: Workshop) -> dict:
    """Control: another E and C of the same sizes, trained through self-noise at random t from the start."""
    encoder, classifier = shop.build("encoder-noise-aware-pair"), shop.build("classifier-noise-aware-pair")
    self_noise = SelfNoise(SCHEDULE)
    image = keras.Input(mnist.IMAGE_SHAPE)
    step = keras.Input((), dtype="int32")
    snr = keras.Input(())
    received, _, _ = self_noise([encoder(image), step, snr])
    time = keras.Input((1,))
    model = keras.Model([image, step, snr, time], classifier([received, received, time]))
    training, validation = shop.dataset.pair.split_off_validation()
    images = training.as_float()

    def inputs(pictures, steps):
        # Without a channel the transmitter noises all the way to t: an infinite SNR leaves no margin.
        return [pictures, steps, np.full(len(steps), np.inf, np.float32), _time(steps)]

    def draw_epoch(epoch):
        rng = shop.rng("noise-aware-pair", epoch)
        order = rng.permutation(len(training))
        self_noise.seed_generator.state.assign([int(rng.integers(2**31)), 0])
        steps = rng.integers(0, SCHEDULE.steps + 1, len(order)).astype(np.int32)
        return inputs(images[order], steps), training.labels[order]

    steps = shop.rng("noise-aware-pair", "validation").integers(0, SCHEDULE.steps + 1, len(validation))
    held_out = inputs(validation.as_float(), steps.astype(np.int32)), validation.labels
    epochs = shop.scenario.training.epochs.noise_aware_pair
    history = shop.fit("noise-aware-pair", epochs, model, _classification_loss(), draw_epoch, held_out, ["accuracy"])
    shop.save(encoder, "encoder-noise-aware-pair")
    shop.save(classifier, "classifier-noise-aware-pair")
    scores = _bypass_accuracy(shop, "encoder-noise-aware-pair", "classifier-noise-aware-pair")
    return {"history": history, "scores": scores}


def _bypass_accuracy(shop: Workshop, encoder: str, classifier: str) -> dict:
    """Accuracy by step on test images, noised directly and classified without a denoiser."""
    test = shop.dataset.test
    feature, network = _predict(shop.load(encoder), test.as_float()), shop.load(classifier)
    scores = {}
    for step in (0, 120, 240, 300):
        steps = np.full(len(test), step)
        received, _ = _noised(feature, steps, shop.rng(classifier, "score", step))
        scores[f"test_accuracy_t{step}"] = _accuracy(_predict(network, [received, received, _time(steps)]), test.labels)
    return scores


def _train_denoiser(shop: Workshop, name: str) -> dict:
    """Algorithm 1, stage 2: D on the frozen encoder's features, mean squared error of the noise (eq. 15)."""
    unet = shop.build(name)
    training, validation = shop.dataset.pair.split_off_validation()
    encoder = shop.load("encoder")
    features, held_out_features = _predict(encoder, training.as_float()), _predict(encoder, validation.as_float())
    one_hot = np.eye(mnist.CLASSES, dtype=np.float32)

    def samples(feature, labels, steps, rng, dropout):
        noised, noise = _noised(feature, steps, rng)
        if not unet.context:
            return [noised, _time(steps)], noise
        context = one_hot[labels] * (rng.random((len(labels), 1)) >= dropout)
        return [noised, _time(steps), context.astype(np.float32)], noise

    def draw_epoch(epoch):
        rng = shop.rng(name, epoch)
        order = rng.permutation(len(features))
        steps = rng.integers(1, SCHEDULE.steps + 1, len(order))
        return samples(features[order], training.labels[order], steps, rng, LABEL_DROPOUT)

    rng = shop.rng(name, "validation")
    steps = rng.integers(1, SCHEDULE.steps + 1, len(validation))
    held_out = samples(held_out_features, validation.labels, steps, rng, LABEL_DROPOUT)
    epochs = shop.scenario.training.epochs.denoiser
    # Gains under 0.002 an epoch come faster at a lower learning rate, long before they end.
    history = shop.fit(name, epochs, unet, keras.losses.MeanSquaredError(), draw_epoch, held_out, min_delta=2e-3)
    shop.save(unet, name)

    stored = shop.load(name)
    errors: dict[str, dict[str, float]] = {"noise_mse_by_step": {}}
    if unet.context:
        errors["noise_mse_by_step_without_label"] = {}
    for step in REPORTED_STEPS:
        for dropout, by_step in enumerate(errors.values()):
            rng = shop.rng(name, "score", step)
            steps = np.full(len(validation), step)
            inputs, noise = samples(held_out_features, validation.labels, steps, rng, dropout)
            by_step[str(step)] = round(float(np.mean((_predict(stored, inputs) - noise) ** 2)), 4)
    inputs, noise = held_out
    as_trained, as_stored = (float(np.mean((_predict(network, inputs) - noise) ** 2)) for network in (unet, stored))
    scores = {"validation_mse_float32": round(as_trained, 6), "validation_mse_as_stored": round(as_stored, 6)}
    return {"history": history, "scores": errors | scores}


def _finetune(shop: Workshop, stage: str, denoise_epoch: Callable) -> dict:
    """Algorithm 2: C reads (y, z^, t) with E and D frozen; the controls run through here with z^ = y.

    All receivers start from the pair's C, see the same draws of (image, t, y) in the same order for the same number
    of steps, and differ in z^ alone.

    Parameters
    ----------
    denoise_epoch : callable
        (split, y, t) -> function (rng) -> z^ for an epoch. Called once a split; a costly z^ is cached on disk.
    """
    encoder = shop.load("encoder")
    model = shop.load("classifier")
    model.trainable = True

    def prepare(split, data, draws):
        rng = shop.rng("fine-tuning", split)
        feature = np.repeat(_predict(encoder, data.as_float()), draws, axis=0)
        labels = np.repeat(data.labels, draws)
        steps = rng.integers(0, SCHEDULE.steps + 1, len(labels))
        received, _ = _noised(feature, steps, rng)
        return received, steps, labels, denoise_epoch(split, received, steps.astype(np.float32))

    training, validation = shop.dataset.pair.split_off_validation()
    received, steps, labels, denoised = prepare("training", training, FINE_TUNING_DRAWS)
    held_out, held_out_steps, held_out_labels, held_out_denoised = prepare("validation", validation, 1)

    def draw_epoch(epoch):
        clean = denoised(shop.rng("fine-tuning", "z^", epoch))
        order = shop.rng("fine-tuning", "order", epoch).permutation(len(labels))
        return [received[order], clean[order], _time(steps[order])], labels[order]

    clean = held_out_denoised(shop.rng("fine-tuning", "z^", "validation"))
    validation_set = [held_out, clean, _time(held_out_steps)], held_out_labels
    epochs = shop.scenario.training.epochs.classifiers
    history = shop.fit(stage, epochs, model, _classification_loss(), draw_epoch, validation_set, ["accuracy"])
    shop.save(model, f"classifier-{stage}")
    scores = {"validation_accuracy_all_t": round(history[-1]["val_accuracy"], 4)}
    return {"history": history, "scores": scores}


def _cached(shop: Workshop, stage: str, split: str, compute: Callable[[], np.ndarray]) -> np.ndarray:
    """Load z^ from the stage's folder, or compute it and leave it there for a resumed training."""
    path = shop.folder / ".progress" / stage / f"denoised-{split}.npy"
    try:
        return np.load(path)
    except (OSError, ValueError):
        denoised = compute()
    path.parent.mkdir(parents=True, exist_ok=True)
    content = io.BytesIO()
    np.save(content, denoised)
    replace_file(path, content.getvalue())
    return denoised


def train_noise_aware(shop: Workshop) -> dict:
    """Control: the pair's C fine-tuned on (y, y, t)."""
    return _finetune(shop, "noise-aware", lambda split, received, step: lambda rng: received)


def _train_unguided(shop: Workshop, system: str) -> dict:
    denoise = build_denoise(_teacher(shop.scenario), system, shop.load("denoiser"))

    def denoise_epoch(split, y, t):
        clean = _cached(shop, system, split, lambda: _denoise(denoise, y, t))
        return lambda rng: clean

    return _finetune(shop, system, denoise_epoch)


def train_e_diffsem(shop: Workshop) -> dict:
    """C for E-DiffSem's rounds: half of the samples are first passes (y, y, t), half are (y, z^, t).

    z^ is steered by the soft label of `noise-aware`, a C that has seen first passes only: what this C's own first
    pass will be once it is trained.
    """
    denoise = build_denoise(_teacher(shop.scenario), "e-diffsem", shop.load("denoiser-label"))

    def denoise_epoch(split, y, t):
        clean = _cached(shop, "e-diffsem", split, lambda: _denoise(denoise, y, t, _first_labels(shop, y, t)))
        return lambda rng: np.where(rng.random((len(y), 1, 1, 1)) < 0.5, y, clean)

    return _finetune(shop, "e-diffsem", denoise_epoch)


def _first_labels(shop: Workshop, received: np.ndarray, step: np.ndarray) -> np.ndarray:
    """[B, classes] float32: what a receiver makes of y before it denoises."""
    logits = _predict(shop.load("classifier-noise-aware"), [received, received, _time(step)])
    return np.asarray(keras.ops.softmax(logits))


def _denoise(denoise: Denoise, *inputs: np.ndarray) -> np.ndarray:
    """z^ [B, ...] from y [B, ...], t [B] and, for a denoiser with a label, class probabilities [B, classes]."""
    symbolic = [keras.Input(array.shape[1:]) for array in inputs]
    return _predict(keras.Model(symbolic, denoise(symbolic)), list(inputs))


def _teacher(scenario: Scenario) -> Scenario:
    """The scenario with the denoising that classifiers and students are taught by, whatever the sweep runs."""
    taught_by = {"solver": "ddim", "steps": scenario.training.teacher_steps}
    return scenario.model_copy(update={"denoising": scenario.denoising.model_copy(update=taught_by)})


def _train_distilled(shop: Workshop, name: str, system: str) -> dict:
    """A one-call student of a denoiser: from the teacher's weights, mean squared error to the teacher's DDIM output.

    The loss is taken on z^ and not on the noise: at early steps the two differ by a factor of many thousands.
    """
    scenario = _teacher(shop.scenario)
    student = shop.load(name)
    student.trainable = True
    teacher = build_denoise(scenario, system, shop.load(name))
    encoder = shop.load("encoder")
    stage = distilled_of(name)

    def prepare(split, data, draws):
        rng = shop.rng(stage, split)
        feature = np.repeat(_predict(encoder, data.as_float()), draws, axis=0)
        steps = rng.integers(0, SCHEDULE.steps + 1, len(feature))
        received, _ = _noised(feature, steps, rng)
        inputs = [received, steps.astype(np.float32)]
        if student.context:
            inputs.append(_first_labels(shop, *inputs))
        return inputs, _cached(shop, stage, split, lambda: _denoise(teacher, *inputs))

    training, validation = shop.dataset.pair.split_off_validation()
    inputs, targets = prepare("training", training, DISTILLATION_DRAWS)
    held_out = prepare("validation", validation, 1)

    def draw_epoch(epoch):
        order = shop.rng(stage, "order", epoch).permutation(len(targets))
        return [array[order] for array in inputs], targets[order]

    one_call = Denoise(student, SCHEDULE, 1, scenario.denoising.guidance)
    symbolic = [keras.Input(array.shape[1:]) for array in inputs]
    model = keras.Model(symbolic, one_call(symbolic))
    epochs = shop.scenario.training.epochs.distillation
    history = shop.fit(
        stage, epochs, model, keras.losses.MeanSquaredError(), draw_epoch, held_out, learning_rate=DISTILLATION_RATE
    )
    shop.save(student, stage)

    def error_of(network: str) -> float:
        one_call = Denoise(shop.load(network), SCHEDULE, 1, scenario.denoising.guidance)
        return round(float(np.mean((_denoise(one_call, *held_out[0]) - held_out[1]) ** 2)), 6)

    scores = {
        "teacher_steps": scenario.denoising.steps,
        "validation_mse_to_teacher": error_of(stage),
        "validation_mse_of_teachers_own_single_call": error_of(name),
    }
    return {"history": history, "scores": scores}


def _hear(shop: Workshop, link: WiretapLink, images: np.ndarray, rng) -> list[np.ndarray]:
    """[y, t / T] as the eavesdropper hears chosen plaintexts, over all steps and the scenario's training SNRs."""
    steps = rng.integers(0, SCHEDULE.steps + 1, len(images))
    low, high = shop.scenario.training.snr_db
    snr_db = rng.uniform(low, high, len(images))
    own = shop.scenario.eavesdropper.snr_db
    if own == "same":
        own_snr_db = snr_db
    elif isinstance(own, Offset):
        own_snr_db = snr_db + own.offset
    else:
        own_snr_db = rng.uniform(low, high, len(images))
    seeds = Seeds(*(int(seed) for seed in rng.integers(2**62, size=3)))
    _, (heard,), _ = link.transmit(images, steps, snr_db, [own_snr_db], seeds)
    return [heard.received.numpy(), _time(heard.step)]


def _train_inversion(shop: Workshop, name: str, transmitter: str) -> dict:
    """Algorithm 1, stage 3: A by mean squared error on surrogate images (eq. 5), E frozen and unseen."""
    model = shop.build(name)
    link = build_link(shop.scenario, shop.load(encoder_of(transmitter)))
    training, validation = shop.dataset.surrogate.split_off_validation()
    images = training.as_float()

    def draw_epoch(epoch):
        rng = shop.rng(name, epoch)
        order = rng.permutation(len(images))
        return _hear(shop, link, images[order], rng), images[order]

    targets = validation.as_float()
    held_out = _hear(shop, link, targets, shop.rng(name, "validation")), targets
    epochs = shop.scenario.training.epochs.adversary
    history = shop.fit(name, epochs, model, keras.losses.MeanSquaredError(), draw_epoch, held_out)
    shop.save(model, name)
    scores = {"surrogate_images": len(images), "validation_mse_all_t": round(history[-1]["val_loss"], 5)}
    return {"history": history, "scores": scores}


def train_strong_classifier(shop: Workshop) -> dict:
    """Q: clean images, images noised directly at all steps (eq. 11) and A's reconstructions, with labels.

    The judge is a third party: it learns from the images of the pair and of the eavesdropper alike.
    """
    model = shop.build("strong-classifier")
    splits = [part.split_off_validation() for part in (shop.dataset.pair, shop.dataset.surrogate)]
    taps = [
        (build_link(shop.scenario, shop.load(encoder_of(transmitter))), shop.load(inversion_of(transmitter)))
        for transmitter in transmitters(shop.scenario)
    ]

    def samples(part, rng):
        images = np.concatenate([split[part].as_float() for split in splits])
        labels = np.concatenate([split[part].labels for split in splits])
        noised, _ = _noised(images, rng.integers(1, SCHEDULE.steps + 1, len(images)), rng)
        # Half of the samples are clean, or the judge forgets what a clean image looks like.
        pictures = [noised, *((1 + len(taps)) * [images])]
        for link, adversary in taps:
            pictures.append(np.clip(_predict(adversary, _hear(shop, link, images, rng)), 0, 1))
        order = rng.permutation(len(pictures) * len(images))
        return np.concatenate(pictures)[order], np.tile(labels, len(pictures))[order]

    held_out = samples(1, shop.rng("strong-classifier", "validation"))
    history = shop.fit(
        "strong-classifier",
        shop.scenario.training.epochs.strong_classifier,
        model,
        _classification_loss(),
        lambda epoch: samples(0, shop.rng("strong-classifier", epoch)),
        held_out,
        ["accuracy"],
        # The loss is mostly that of hopeless noise levels: smaller gains only come at a lower learning rate.
        min_delta=3e-3,
    )
    shop.save(model, "strong-classifier")
    test = shop.dataset.test
    logits = _predict(shop.load("strong-classifier"), test.as_float())
    return {"history": history, "scores": {"test_accuracy_clean": _accuracy(logits, test.labels)}}


def required_stages(scenario: Scenario) -> list[Stage]:
    """The stages that train every network of a scenario, in an order in which each finds what it needs."""
    names = transmitters(scenario)
    pair = ("encoder", "classifier")
    stages = [
        Stage("pair", pair, (), train_pair),
        Stage(
            "noise-aware-pair", ("encoder-noise-aware-pair", "classifier-noise-aware-pair"), (), train_noise_aware_pair
        ),
        *(
            Stage(name, (name,), ("encoder",), partial(_train_denoiser, name=name), large=True)
            for name in ("denoiser-label", "denoiser")
        ),
        *(
            Stage(
                inversion_of(name),
                (inversion_of(name),),
                (encoder_of(name),),
                partial(_train_inversion, name=inversion_of(name), transmitter=name),
            )
            for name in names
        ),
        Stage(
            "strong-classifier",
            ("strong-classifier",),
            tuple(network(name) for name in names for network in (encoder_of, inversion_of)),
            train_strong_classifier,
        ),
        Stage("noise-aware", ("classifier-noise-aware",), pair, train_noise_aware),
        *(
            Stage(name, (f"classifier-{name}",), (*pair, "denoiser"), partial(_train_unguided, system=name))
            for name in ("one-step", "diffsem")
        ),
        Stage(
            "e-diffsem",
            ("classifier-e-diffsem",),
            (*pair, "denoiser-label", "classifier-noise-aware"),
            train_e_diffsem,
        ),
        *(
            Stage(
                distilled_of(name),
                (distilled_of(name),),
                ("encoder", "classifier-noise-aware", name),
                partial(_train_distilled, name=name, system=system),
                large=True,
            )
            for name, system in (("denoiser-label", "e-diffsem"), ("denoiser", "diffsem"))
        ),
    ]
    wanted, required = set(networks_for(scenario)), []
    for stage in reversed(stages):
        if wanted & set(stage.writes):
            required.append(stage)
            wanted |= set(stage.needs)
    return required[::-1]
