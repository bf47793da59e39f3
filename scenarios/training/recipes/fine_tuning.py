"""What is trained, in which order, on whose images (Algorithms 1 and 2, and the controls)."""

import io
from collections.abc import Callable
from functools import partial

import keras
import numpy as np

from diffsem.link.files import replace_file
from diffsem.models import Denoise, SelfNoise
from diffsem.scenarios.assembly import (
    SCHEDULE,
    attacks_on,
    build_denoise,
    distilled_of,
    encoder_of,
    networks_for,
    transmitters,
)
from diffsem.scenarios.augmentation import shifted
from diffsem.scenarios.baselines import train_ibal
from diffsem.scenarios.datasets import LabelledImages
from diffsem.scenarios.eavesdropping import train_attack
from diffsem.scenarios.hearing import HEARING
from diffsem.scenarios.judges import judged_attacks, train_clean_judge, train_judge
from diffsem.scenarios.networks import WEIGHTLESS, attack_network, trained_on
from diffsem.scenarios.schema import Scenario
from diffsem.scenarios.workshop import (
    Stage,
    Workshop,
    accuracy,
    add_noise,
    as_time,
    bypass_accuracy,
    classification_loss,
    predict,
)

Pair = tuple[str, str]
PAIR = ("encoder", "classifier")
REFERENCE_PAIR = ("encoder-reference", "classifier-reference")
LABEL_DROPOUT = 0.1
# Pixels; digits are centred, and a writer's are a little less so.
DIGIT_SHIFT = 2
# Draws of (t, noise) an image. With one, a receiver learns its z^ by heart and loses a point on new noise.
FINE_TUNING_DRAWS = 4
DISTILLATION_DRAWS = 1
DISTILLATION_RATE = 2e-4
REPORTED_STEPS = (1, 30, 60, 120, 180, 240, 300, 400, 500)
# What the stages' recipes read of a scenario.
DENOISER = ("training.epochs.denoiser", "denoising.channels")
FINE_TUNING = ("training.epochs.classifiers", "training.fresh_draws")
TAUGHT = ("training.teacher_steps", "denoising.channels", "denoising.guidance")


def train_pair(shop: Workshop) -> dict:
    """Algorithm 1, stage 1: E and C on clean features, cross-entropy, unit power."""
    encoder, classifier = shop.build("encoder"), shop.build("classifier")
    image = keras.Input(shop.sizes.image_shape)
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
        return [shop.varied(images[order], rng), draw(len(order), rng)], training.labels[order]

    held_out = [validation.as_float(), draw(len(validation), shop.rng("pair", "validation"))], validation.labels
    epochs = shop.scenario.training.epochs.pair
    history = shop.fit("pair", epochs, model, classification_loss(), draw_epoch, held_out, ["accuracy"])
    shop.save(encoder, "encoder")
    shop.save(classifier, "classifier")
    test = shop.dataset.test
    feature = predict(shop.load("encoder"), test.as_float())
    logits = predict(shop.load("classifier"), [feature, feature, np.zeros((len(test), 1), np.float32)])
    return {"history": history, "scores": {"test_accuracy_t0": accuracy(logits, test.labels)}}


def train_noise_aware_pair(shop: Workshop) -> dict:
    """Control: another E and C of the same sizes, trained through self-noise at random t from the start."""
    epochs = shop.scenario.training.epochs.noise_aware_pair
    return _train_through_noise(shop, "noise-aware-pair", epochs, shop.varied)


def train_reference(shop: Workshop) -> dict:
    """The pair at the ceiling: a better E and C, trained as the control is.

    Digits are shifted a little too, unless the scenario says how training images are varied.
    """
    scenario = shop.scenario
    shifts_digits = scenario.dataset == "mnist" and scenario.training.augmentation is None

    def varied(images, rng):
        return shifted(images, DIGIT_SHIFT, rng) if shifts_digits else shop.varied(images, rng)

    return _train_through_noise(shop, "reference", shop.scenario.training.epochs.reference, varied)


def _train_through_noise(shop: Workshop, name: str, epochs: int, varied: Callable) -> dict:
    encoder, classifier = shop.build(f"encoder-{name}"), shop.build(f"classifier-{name}")
    image = keras.Input(shop.sizes.image_shape)
    step = keras.Input((), dtype="int32")
    snr = keras.Input(())
    noise = keras.Input(encoder.output_shape[1:])
    received, _, _ = SelfNoise(SCHEDULE)([encoder(image), step, snr], noise)
    time = keras.Input((1,))
    model = keras.Model([image, step, snr, noise, time], classifier([received, received, time]))
    training, validation = shop.dataset.pair.split_off_validation()
    images = training.as_float()

    def inputs(pictures, rng):
        steps = rng.integers(0, SCHEDULE.steps + 1, len(pictures)).astype(np.int32)
        drawn = rng.standard_normal((len(pictures), *encoder.output_shape[1:]), np.float32)
        # Without a channel the transmitter noises all the way to t: an infinite SNR leaves no margin.
        return [pictures, steps, np.full(len(steps), np.inf, np.float32), drawn, as_time(steps)]

    def draw_epoch(epoch):
        rng = shop.rng(name, epoch)
        order = rng.permutation(len(training))
        return inputs(varied(images[order], rng), rng), training.labels[order]

    held_out = inputs(validation.as_float(), shop.rng(name, "validation")), validation.labels
    history = shop.fit(name, epochs, model, classification_loss(), draw_epoch, held_out, ["accuracy"])
    shop.save(encoder, f"encoder-{name}")
    shop.save(classifier, f"classifier-{name}")
    return {"history": history, "scores": bypass_accuracy(shop, f"encoder-{name}", f"classifier-{name}")}


def _train_denoiser(shop: Workshop, name: str, encoder_name: str = "encoder") -> dict:
    """Algorithm 1, stage 2: D on the frozen encoder's features, mean squared error of the noise (eq. 15)."""
    unet = shop.build(name)
    training, validation = shop.dataset.pair.split_off_validation()
    encoder = shop.load(encoder_name)
    features, held_out_features = predict(encoder, training.as_float()), predict(encoder, validation.as_float())
    one_hot = np.eye(shop.sizes.classes, dtype=np.float32)

    def samples(feature, labels, steps, rng, dropout):
        noised, noise = add_noise(feature, steps, rng)
        if not unet.context:
            return [noised, as_time(steps)], noise
        context = one_hot[labels] * (rng.random((len(labels), 1)) >= dropout)
        return [noised, as_time(steps), context.astype(np.float32)], noise

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
            by_step[str(step)] = round(float(np.mean((predict(stored, inputs) - noise) ** 2)), 4)
    inputs, noise = held_out
    error = float(np.mean((predict(stored, inputs) - noise) ** 2))
    return {"history": history, "scores": errors | {"validation_mse_float32": round(error, 6)}}


def _features(shop: Workshop, encoder, data: LabelledImages, split: str, draws: int, rng) -> np.ndarray:
    """Features of every image, `draws` of each one after another: [N draws, ...]. Only training images are varied."""
    images, varied = data.as_float(), split != "validation"
    drawn = [predict(encoder, shop.varied(images, rng) if varied else images) for _ in range(draws)]
    return np.stack(drawn, axis=1).reshape(-1, *drawn[0].shape[1:])


def _finetune(shop: Workshop, stage: str, denoise_epoch: Callable, pair: Pair = PAIR) -> dict:
    """Algorithm 2: C reads (y, z^, t) with E and D frozen; the controls run through here with z^ = y.

    All receivers start from the pair's C, see the same draws of (image, t, y) in the same order for the same number
    of steps, and differ in z^ alone.

    Parameters
    ----------
    denoise_epoch : callable
        (split, y, t) -> function (rng) -> z^ for an epoch. Called once for each set of draws; a costly z^ is cached
        on disk.
    pair : (str, str)
        Names of the encoder and of the classifier to start from.
    """
    encoder, model = (shop.load(name) for name in pair)
    model.trainable = True

    def prepare(split, data, draws):
        rng = shop.rng("fine-tuning", split)
        feature = _features(shop, encoder, data, split, draws, rng)
        labels = np.repeat(data.labels, draws)
        steps = rng.integers(0, SCHEDULE.steps + 1, len(labels))
        received, _ = add_noise(feature, steps, rng)
        return received, steps, labels, denoise_epoch(split, received, steps.astype(np.float32))

    training, validation = shop.dataset.pair.split_off_validation()
    fresh = shop.scenario.training.fresh_draws
    once = None if fresh else prepare("training", training, FINE_TUNING_DRAWS)
    held_out, held_out_steps, held_out_labels, held_out_denoised = prepare("validation", validation, 1)

    def draw_epoch(epoch):
        received, steps, labels, denoised = once or prepare(f"training-{epoch}", training, 1)
        clean = denoised(shop.rng("fine-tuning", "z^", epoch))
        order = shop.rng("fine-tuning", "order", epoch).permutation(len(labels))
        return [received[order], clean[order], as_time(steps[order])], labels[order]

    clean = held_out_denoised(shop.rng("fine-tuning", "z^", "validation"))
    validation_set = [held_out, clean, as_time(held_out_steps)], held_out_labels
    epochs = shop.scenario.training.epochs.classifiers
    history = shop.fit(stage, epochs, model, classification_loss(), draw_epoch, validation_set, ["accuracy"])
    shop.save(model, f"classifier-{stage}")
    scores = {"validation_accuracy_all_t": round(history[-1]["val_accuracy"], 4)}
    return {"history": history, "scores": scores}


def _cached(shop: Workshop, stage: str, split: str, compute: Callable[[], np.ndarray]) -> np.ndarray:
    """Load z^ from the stage's folder, or compute it and leave it there for a resumed training."""
    # An archive, for its checksum.
    path = shop.folder / ".progress" / stage / f"denoised-{split}.npz"
    try:
        with np.load(path) as file:
            return file["denoised"]
    except Exception:  # of a damaged file, NumPy, zipfile and zlib may raise anything
        denoised = compute()
    path.parent.mkdir(parents=True, exist_ok=True)
    content = io.BytesIO()
    np.savez(content, denoised=denoised)
    replace_file(path, content.getvalue())
    return denoised


def train_noise_aware(shop: Workshop) -> dict:
    """Control: the pair's C fine-tuned on (y, y, t)."""
    return _finetune(shop, "noise-aware", lambda split, received, step: lambda rng: received)


def _train_unguided(shop: Workshop, system: str, denoiser: str = "denoiser", pair: Pair = PAIR) -> dict:
    denoise = build_denoise(_teacher(shop.scenario), system, shop.load(denoiser))

    def denoise_epoch(split, y, t):
        clean = _cached(shop, system, split, lambda: _denoise(denoise, y, t))
        return lambda rng: clean

    return _finetune(shop, system, denoise_epoch, pair)


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
    logits = predict(shop.load("classifier-noise-aware"), [received, received, as_time(step)])
    return np.asarray(keras.ops.softmax(logits))


def _denoise(denoise: Denoise, *inputs: np.ndarray) -> np.ndarray:
    """z^ [B, ...] from y [B, ...], t [B] and, for a denoiser with a label, class probabilities [B, classes]."""
    symbolic = [keras.Input(array.shape[1:]) for array in inputs]
    return predict(keras.Model(symbolic, denoise(symbolic)), list(inputs))


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
        feature = _features(shop, encoder, data, split, draws, rng)
        steps = rng.integers(0, SCHEDULE.steps + 1, len(feature))
        received, _ = add_noise(feature, steps, rng)
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


def _attack_stages(scenario: Scenario) -> list[Stage]:
    """One stage an attack and transmitter, those that others start from first."""
    stages: dict[str, Stage] = {}
    for attacked in transmitters(scenario):
        encoder = _with_weights(encoder_of(attacked))
        for listed in attacks_on(attacked, scenario):
            transmitter = trained_on(attacked, listed, scenario)
            before = [attack_network(transmitter, attack, scenario) for attack in listed.before]
            for attack, needs in [*((attack, []) for attack in listed.before), (listed, before)]:
                if attack.method.train is not None:
                    name = attack_network(transmitter, attack, scenario)
                    run = partial(train_attack, transmitter=transmitter, attack=attack)
                    depends = ("training.epochs.adversary", "training.snr_db", *HEARING)
                    stages.setdefault(name, Stage(name, (name,), (*encoder, *needs), run, depends, attack.source))
    return list(stages.values())


def _with_weights(*names: str) -> tuple[str, ...]:
    return tuple(name for name in names if name not in WEIGHTLESS)


def required_stages(scenario: Scenario) -> list[Stage]:
    """The stages that train every network of a scenario, in an order in which each finds what it needs."""
    seen_by_judge = [
        name
        for transmitter, attack in judged_attacks(scenario)
        for name in (encoder_of(transmitter), attack_network(transmitter, attack, scenario))
    ]
    start = () if scenario.training.epochs.judge_of_attacks is None else ("strong-classifier-clean",)
    stages = [
        Stage("pair", PAIR, (), train_pair, ("training.epochs.pair",)),
        Stage(
            "noise-aware-pair",
            ("encoder-noise-aware-pair", "classifier-noise-aware-pair"),
            (),
            train_noise_aware_pair,
            ("training.epochs.noise_aware_pair",),
        ),
        Stage("reference", REFERENCE_PAIR, (), train_reference, ("training.epochs.reference",)),
        Stage(
            "denoiser-reference",
            ("denoiser-reference",),
            ("encoder-reference",),
            partial(_train_denoiser, name="denoiser-reference", encoder_name="encoder-reference"),
            DENOISER,
            large=True,
        ),
        Stage(
            "reference-one-step",
            ("classifier-reference-one-step",),
            (*REFERENCE_PAIR, "denoiser-reference"),
            partial(_train_unguided, system="reference-one-step", denoiser="denoiser-reference", pair=REFERENCE_PAIR),
            (*FINE_TUNING, *TAUGHT),
        ),
        *(
            Stage(
                name,
                (f"encoder-{name}", f"classifier-{name}"),
                (),
                partial(train_ibal, name=name),
                ("training.epochs.ibal", "training.ibal", "training.snr_db"),
            )
            for name in ("ibal", "ibal-d")
        ),
        *(
            Stage(name, (name,), ("encoder",), partial(_train_denoiser, name=name), DENOISER, large=True)
            for name in ("denoiser-label", "denoiser")
        ),
        Stage("noise-aware", ("classifier-noise-aware",), PAIR, train_noise_aware, FINE_TUNING),
        *(
            Stage(
                name,
                (f"classifier-{name}",),
                (*PAIR, "denoiser"),
                partial(_train_unguided, system=name),
                (*FINE_TUNING, *TAUGHT),
            )
            for name in ("one-step", "diffsem")
        ),
        Stage(
            "e-diffsem",
            ("classifier-e-diffsem",),
            (*PAIR, "denoiser-label", "classifier-noise-aware"),
            train_e_diffsem,
            (*FINE_TUNING, *TAUGHT),
        ),
        *(
            Stage(
                distilled_of(name),
                (distilled_of(name),),
                ("encoder", "classifier-noise-aware", name),
                partial(_train_distilled, name=name, system=system),
                ("training.epochs.distillation", *TAUGHT),
                large=True,
            )
            for name, system in (("denoiser-label", "e-diffsem"), ("denoiser", "diffsem"))
        ),
        *_attack_stages(scenario),
        Stage(
            "strong-classifier-clean",
            ("strong-classifier-clean",),
            (),
            train_clean_judge,
            ("training.epochs.strong_classifier",),
        ),
        Stage(
            "strong-classifier",
            ("strong-classifier",),
            (*start, *_with_weights(*seen_by_judge)),
            train_judge,
            ("training.epochs.strong_classifier", "training.epochs.judge_of_attacks", "training.snr_db", *HEARING),
        ),
    ]
    wanted, required = set(networks_for(scenario)), []
    for stage in reversed(stages):
        if wanted & set(stage.writes):
            required.append(stage)
            wanted |= set(stage.needs)
    return required[::-1]
