"""The columns of the result table, and of the index of its examples: each declared once."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Column:
    """A column of the result table.

    Parameters
    ----------
    name : str
    dtype : type
        str, or the NumPy type of its numbers.
    unit : str
        dB, steps, share (of 1), ...; "" of names and texts.
    meaning : str
        One sentence, and what a value stands for that is none: NaN, "", -1.
    missing : str, float, int or bool, optional
        What a table says in its place that was written before the column was there; None: every table has it, or
        tells it by another column.
    missing_as : str
        The other column, whose values it then takes; "" if there is none.

    Examples
    --------
    >>> from diffsem.link import RESULT_COLUMNS
    >>> columns = {column.name: column for column in RESULT_COLUMNS}
    >>> columns["psnr_db"].unit, columns["looks"].when_missing, columns["images"].when_missing
    ('dB', '1', 'as total')
    """

    name: str
    dtype: type
    unit: str
    meaning: str
    missing: str | float | None = None
    missing_as: str = ""

    @property
    def when_missing(self) -> str:
        """What is read from an older table that lacks it, in words."""
        if self.missing_as:
            return f"as {self.missing_as}"
        if self.missing is None:
            return "every table has it"
        return '""' if self.missing == "" else str(self.missing)


NAN = float("nan")
# In the order in which they stand in the table.
RESULT_COLUMNS = (
    Column("system", str, "", "name of the system that the row is about, or whose transmitter is attacked"),
    Column("node", str, "", "who reads: receiver or adversary"),
    Column("attack", str, "", "name of the adversary's attack; empty for a receiver"),
    Column("transmitter", str, "", "name of the transmitter; systems that share one share its attacks; empty: digital"),
    Column("channel", str, "", "kind of the node's channel"),
    Column("snr_db", np.float64, "dB", "Es/N0 at the node"),
    Column("receiver_snr_db", np.float64, "dB", "Es/N0 at the receiver of the point, which is a sweep axis"),
    Column("timestep", np.int64, "steps", "self-noising step t of the point, which is a sweep axis"),
    Column("esnr_db", np.float64, "dB", "feature over self-noise power that step t alone would leave"),
    Column("signal_power", np.float64, "share", "of the radiated power that carries the feature; NaN: digital", NAN),
    Column("noise_step", np.int64, "steps", "mean step s of eq. 24 that the transmitter's noise amounts to, rounded"),
    Column("matched_step", np.float64, "steps", "mean step t' of all noise at the node; NaN: not known"),
    Column("ceiling", np.float64, "share", "accuracy that the node's noise lets through at most; NaN: no bound", NAN),
    Column("correct", np.int64, "images", "draws whose label was read right; of digital links that count bits, blocks"),
    Column("total", np.int64, "images", "draws in all: images, as often as each was sent"),
    Column("accuracy", np.float64, "share", "correct over total"),
    Column("ci_low", np.float64, "share", "low end of the 95% Wilson interval of accuracy, clustered by image"),
    Column("ci_high", np.float64, "share", "high end of the same interval"),
    Column("images", np.int64, "images", "different images among total", missing_as="total"),
    Column("effective_images", np.float64, "images", "independent images that accuracy is worth", missing_as="total"),
    Column("both_correct", np.int64, "images", "draws that receiver and attack both read right; -1: unknown", -1),
    Column(
        "correct_even", np.int64, "images", "of correct, those of every other image from the first; -1: unknown", -1
    ),
    Column("both_correct_even", np.int64, "images", "of both_correct, those of these images; -1: unknown", -1),
    Column("clean_judge_correct", np.float64, "images", "draws that the clean judge reads right; NaN: no image", NAN),
    Column("clean_judge_accuracy", np.float64, "share", "clean_judge_correct over total; NaN: no image", NAN),
    Column("worst_class", np.int64, "label", "class with the lowest accuracy; -1: there are no classes", -1),
    Column("worst_class_correct", np.int64, "images", "draws of that class that were read right", 0),
    Column("worst_class_total", np.int64, "images", "draws of that class", 0),
    Column("worst_class_accuracy", np.float64, "share", "worst_class_correct over worst_class_total; NaN: none", NAN),
    Column("leaked_bits", np.float64, "bits an image", "that an attack on labels has of them at least; NaN: none", NAN),
    Column("leaked_bits_low", np.float64, "bits an image", "low end of its 95% interval", NAN),
    Column("leaked_bits_high", np.float64, "bits an image", "high end of the same interval", NAN),
    Column("largest_class", np.float64, "share", "of the commonest label among the draws; NaN: not recorded", NAN),
    Column("label_entropy", np.float64, "bits an image", "of the labels of the draws; NaN: not recorded", NAN),
    Column("capacity", np.float64, "bits an image", "that the node's channel lets through; NaN: not told", NAN),
    Column("secrecy_capacity", np.float64, "bits a channel use", "mean of [C_B - C_E]+ over draws; NaN: none", NAN),
    Column("secrecy_capacity_low", np.float64, "bits a channel use", "low end of its 95% interval", NAN),
    Column("secrecy_capacity_high", np.float64, "bits a channel use", "high end of the same interval", NAN),
    Column("psnr_db", np.float64, "dB", "mean peak signal-to-noise ratio of an attack's images; NaN: no image"),
    Column("ssim", np.float64, "index", "mean structural similarity of an attack's images, 1 at best; NaN: no image"),
    Column("denoiser_calls", np.float64, "calls", "mean U-Net calls of an image at a receiver; 0 for an adversary"),
    Column("channel_uses", np.int64, "channel uses", "of an image or block, pilots among them; 0: unknown", 0),
    Column("looks", np.int64, "transmissions", "of an image that the node combines; a receiver hears one", 1),
    Column("transmit_antennas", np.int64, "antennas", "of the transmitter; 0: not recorded", 0),
    Column("receive_antennas", np.int64, "antennas", "of the node that the row is about; 0: not recorded", 0),
    Column("csi", str, "", "what the node knows of its channel: perfect, or pilots; empty: not recorded", ""),
    Column("equalizer", str, "", "of the node: zf, mmse or mrc; empty: not recorded", ""),
    Column("receiver_antennas", np.int64, "antennas", "of the point's legitimate receiver; 0: not recorded", 0),
    Column("eavesdropper_antennas", np.int64, "antennas", "of the point's eavesdropper; 0: not recorded", 0),
    Column("eavesdropper_looks", np.int64, "transmissions", "that the point's eavesdropper hears; 0: not recorded", 0),
    Column("denoising_steps", np.int64, "steps", "of the denoisers' solver at the point; 0: not recorded", 0),
    Column("seed", np.int64, "number", "that the point's random draws derive from; -1: not recorded", -1),
    Column(
        "place", np.int64, "number", "of the eavesdropper among a trace's places; -1: its channel is not traced", -1
    ),
    Column("x_m", np.float64, "m", "where the node stands in its street; NaN: its channel is not traced", NAN),
    Column("y_m", np.float64, "m", "the same across", NAN),
    Column(
        "path_gain_db", np.float64, "dB", "received over radiated power there, mean over fading; NaN: not traced", NAN
    ),
    Column(
        "line_of_sight",
        np.int64,
        "yes or no",
        "whether it sees the transmitter: 1, 0; -1: not traced",
        -1,
    ),
    Column("knows_step", np.bool_, "", "whether the node is told the noise level", True),
    Column("surrogate", str, "", "what an attack was trained on: kind of images, and the share that was used", ""),
    Column("threat", str, "", "what an attacker knows of its target: black-box, white-box; empty: not recorded", ""),
    Column("training_images", np.int64, "images", "that an attack was trained on; 0: none, or unknown", 0),
    Column("training_epochs", np.int64, "epochs", "that an attack was trained for; 0: none, or unknown", 0),
    Column("warning", str, "", "how an attack is run under other conditions than it was trained for; empty: not", ""),
    Column("stop_reason", str, "", "the stopping rule that ended the node's counting"),
    Column("scored", str, "", "what is counted: label (of images), or block (of random bits)", "label"),
    Column("bits", np.int64, "bits", "information bits that a digital link sent; 0: no digital link", 0),
    Column("bit_errors", np.int64, "bits", "of them, those that arrived wrong", 0),
    Column("squared_bit_errors", np.int64, "bits squared", "sum over blocks of the square of a block's bit errors", 0),
    Column("ber", np.float64, "share", "bit error rate; NaN: no digital link", NAN),
    Column("ber_low", np.float64, "share", "low end of its 95% Wilson interval, clustered by block", NAN),
    Column("ber_high", np.float64, "share", "high end of the same interval", NAN),
    Column("blocks", np.int64, "blocks", "that a digital link sent; 0: no digital link", 0),
    Column("block_errors", np.int64, "blocks", "of them, those with any wrong bit", 0),
    Column("bler", np.float64, "share", "block error rate; NaN: no digital link", NAN),
    Column("bler_low", np.float64, "share", "low end of its 95% Wilson interval", NAN),
    Column("bler_high", np.float64, "share", "high end of the same interval", NAN),
)
_BY_NAME = {column.name: column for column in RESULT_COLUMNS}
COLUMNS: dict[str, type] = {column.name: column.dtype for column in RESULT_COLUMNS}
# What a table written before these columns were there says in their place.
ADDED = {column.name: column.missing for column in RESULT_COLUMNS if column.missing is not None}
# In an older table every image was sent once.
AS_TOTAL = tuple(column.name for column in RESULT_COLUMNS if column.missing_as == "total")
# Those of the digital links; other rows have what `ADDED` says.
ERROR_RATES = list(COLUMNS)[list(COLUMNS).index("scored") :]
# What the noise of a node lets through.
CAPACITIES = ("capacity", "secrecy_capacity", "secrecy_capacity_low", "secrecy_capacity_high")
# Of a point, beyond t and SNR: what a sweep may go over besides. A row of a receiver says its eavesdropper's, too.
AXES = (
    "seed",
    "denoising_steps",
    "transmit_antennas",
    "receiver_antennas",
    "eavesdropper_antennas",
    "eavesdropper_looks",
    "place",
)
# Where a node stands.
STANDING = ("x_m", "y_m", "path_gain_db", "line_of_sight")
# Which point a row is of.
POINT_COLUMNS = ["timestep", "receiver_snr_db", *AXES]
# What a point's rows say of how the sweep was set up.
SETTINGS = ("receive_antennas", "csi", "equalizer", *AXES, *STANDING)
# Images are also counted by the step t' at which they stood: 0 to 9, 10 to 19, ... and 500.
STEPS_A_BIN = 10
STEP_BINS = 51
# Of the index of examples: an attack's images at a point.
EXAMPLE_COLUMNS: dict[str, type] = {
    name: COLUMNS[name] for name in ("transmitter", "attack", "timestep", "receiver_snr_db", "snr_db", *AXES)
}


def declared(names: Iterable[str]) -> list[Column]:
    """The columns of these names, as they are declared."""
    return [_BY_NAME[name] for name in names]
