"""How networks are trained."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from diffsem.scenarios.schema.forgiving.lists import OneOrMore
from diffsem.scenarios.schema.keys import Keys
from diffsem.scenarios.schema.values import (
    BatchSize,
    Decibel,
    EpochCount,
    Precision,
    SolverSteps,
    Variation,
    distinct,
)


class Epochs(Keys):
    pair: EpochCount = Field(default=25, description="encoder and classifier on clean features")
    noise_aware_pair: EpochCount = Field(default=40, description="control: encoder and classifier through self-noise")
    reference: EpochCount = Field(
        default=40, description="the pair at the ceiling: encoder and classifier through noise"
    )
    denoiser: EpochCount = Field(default=15, description="each U-Net")
    distillation: EpochCount = Field(default=4, description="each one-call student of a U-Net")
    classifiers: EpochCount = Field(default=25, description="fine-tuning of each receiver's classifier")
    adversary: EpochCount = Field(default=200, description="each attack, at most: it ends on a plateau")
    strong_classifier: EpochCount = Field(default=14, description="each judge")
    judge_of_attacks: EpochCount | None = Field(
        default=None,
        description="the judge that sees attacks' images, on from the clean judge's weights; null: from new weights, "
        "for as long as the clean one",
    )
    against_listeners: EpochCount = Field(
        default=20, description="defences of others: encoder and classifier against classifiers that listen in"
    )
    ibal: EpochCount = Field(default=30, description="baseline: encoder, classifier and auxiliary decoder of IBAL")


class Ibal(Keys):
    # With more, nothing else of the loss is left.
    beta: Annotated[float, Field(ge=0, le=1e6)] = Field(
        default=1e-3, description="weight of the information in the symbols (KL, nats an image), once it is ramped up"
    )
    decoder_weight: Annotated[float, Field(ge=0, le=1e6)] = Field(
        default=20.0, description="lambda, weight of the auxiliary decoder's mean squared error"
    )


class Training(Keys):
    seeds: Annotated[int, Field(ge=1, le=100)] = Field(
        default=1,
        description="trainings, from the scenario's seed on, a folder seed-K of weights and a table each; all meet the "
        "same images and noise",
    )
    epochs: Epochs = Epochs()
    ibal: Ibal = Ibal()
    batch_size: BatchSize = Field(default=256, description="samples a step")
    # More than fit in any machine's memory.
    images: Annotated[int, Field(ge=100, le=10**8)] | None = Field(
        default=None, description="use only this many training images; null: all"
    )
    augmentation: Annotated[tuple[Variation, ...], AfterValidator(distinct), OneOrMore()] | None = Field(
        default=None,
        description="how training images are varied at random in every epoch: list of mirror (left to right) and shift "
        "(by up to an eighth); null: mnist not (shifted by 2 pixels for the reference pair), cifar10 [mirror, shift], "
        "a folder [shift]",
    )
    learning_rate: Literal["plateau", "cosine"] = Field(
        default="plateau",
        description="falls from 1e-3 to 1e-5 whenever the validation loss stands still (the paper's), or along half a "
        "cosine over the epochs; attacks wait for a plateau in any case",
    )
    precision: Precision = Field(
        default="float32", description="arithmetic of networks that are trained from new weights"
    )
    fresh_draws: bool = Field(
        default=False,
        description="fine-tune receivers' classifiers on one new draw of (t, noise) an image and epoch, denoised anew, "
        "instead of on the same four in every epoch",
    )
    teacher_steps: SolverSteps = Field(
        default=3, description="DDIM steps of what receivers' classifiers are fine-tuned on and students learn to give"
    )
    snr_db: tuple[Decibel, Decibel] = Field(
        default=(-10.0, 25.0), description="range of Es/N0 in dB at which the eavesdropper trains, uniform"
    )
