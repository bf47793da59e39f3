"""A row of the result table, out of the counts of a node."""

import math

from diffsem.link.accuracy import clustered_interval, wilson_interval
from diffsem.link.information import Bits, mean_bits
from diffsem.link.monte_carlo.experiment import Experiment
from diffsem.link.monte_carlo.node import Node
from diffsem.link.monte_carlo.tally import Tally
from diffsem.link.results.columns import ADDED, AXES, CAPACITIES, ERROR_RATES, SETTINGS
from diffsem.link.results.point import Point
from diffsem.link.transmission.bit_transmission import BitTransmission

# Of leaked bits: thousands of images say nothing of the fifth.
BITS_DIGITS = 4


def row_of(experiment: Experiment, point: Point, node: Node, tally: Tally) -> dict:
    """The columns of `COLUMNS` of a node; of several places, a receiver's are of the first (`standing` has others)."""
    low, high = tally.interval()
    worst, worst_correct, worst_total = tally.worst_class()
    attack = node.attack
    role = "adversary" if attack else "receiver"
    return {
        "system": node.system,
        "node": role,
        "attack": attack.name if attack else "",
        "transmitter": node.transmitter,
        "channel": experiment.channels[role],
        "snr_db": node.snr_db,
        "receiver_snr_db": point.snr_db,
        "timestep": point.timestep,
        "esnr_db": float(experiment.schedule.esnr_db(point.timestep)),
        "signal_power": _signal_power(experiment, point, node, tally),
        "noise_step": round(tally.mean("noise_step")),
        "matched_step": tally.mean("matched_step"),
        "ceiling": tally.mean("ceiling"),
        "correct": tally.correct,
        "total": tally.total,
        "accuracy": tally.correct / tally.total,
        "ci_low": low,
        "ci_high": high,
        "images": tally.images,
        "effective_images": tally.effective,
        "both_correct": int(tally.sum("both_correct")) if attack else tally.correct,
        "correct_even": tally.correct_even,
        "both_correct_even": int(tally.sum("both_correct_even")) if attack else tally.correct_even,
        "clean_judge_correct": tally.sum("clean_judge_correct"),
        "clean_judge_accuracy": tally.mean("clean_judge_correct"),
        "worst_class": worst,
        "worst_class_correct": worst_correct,
        "worst_class_total": worst_total,
        "worst_class_accuracy": worst_correct / worst_total if worst_total else float("nan"),
        **_information(experiment, node, tally),
        "psnr_db": tally.mean("psnr_db"),
        "ssim": tally.mean("ssim"),
        "denoiser_calls": 0.0 if attack else tally.mean("denoiser_calls"),
        "channel_uses": _channel_uses(experiment, node),
        "looks": experiment.looks if attack else 1,
        "knows_step": attack.knows_step if attack else True,
        "surrogate": attack.surrogate if attack else "",
        "threat": attack.threat if attack else "",
        "training_images": attack.training_images if attack else 0,
        "training_epochs": attack.training_epochs if attack else 0,
        "warning": attack.warning if attack else "",
        "stop_reason": stop_reason(experiment, node, tally),
        **_settings(experiment, role, node.place if attack else first_place(experiment, point)),
    } | _error_rates(experiment, node, tally)


def _information(experiment: Experiment, node: Node, tally: Tally) -> dict:
    """What labels hold, what leaks of them, what channels let through of an image, and keep of each use."""
    known = {
        **_with_ends("leaked_bits", tally.leaked()),
        "largest_class": tally.largest_class,
        "label_entropy": round(tally.label_entropy, BITS_DIGITS),
        **{name: ADDED[name] for name in CAPACITIES},
        "capacity": round(tally.mean("capacity"), BITS_DIGITS),
    }
    kept, squared = tally.sum("secrecy_capacity"), tally.sum("squared_secrecy_capacity")
    if math.isnan(kept):
        return known
    channel_uses = experiment.links[node.transmitter].receiver_channel_uses
    return known | _with_ends(
        "secrecy_capacity", mean_bits(kept / channel_uses, squared / channel_uses**2, tally.total)
    )


def _with_ends(name: str, bits: Bits) -> dict:
    values = {name: bits.value, f"{name}_low": bits.low, f"{name}_high": bits.high}
    # How many threads share a product out decides its last digits, and labels do not show it: a table shall not either.
    return {name: round(value, BITS_DIGITS) for name, value in values.items()}


def _settings(experiment: Experiment, role: str, place: int) -> dict:
    told = dict(experiment.settings.get(role, {}))
    return {name: ADDED[name] for name in SETTINGS} | told | standing(experiment, role, place)


def axes_of(experiment: Experiment, point: Point) -> dict:
    """What all rows of an experiment, and its examples, have in the columns `AXES`; of a point's places the first."""
    settings = _settings(experiment, "adversary", first_place(experiment, point))
    return {name: settings[name] for name in AXES}


def first_place(experiment: Experiment, point: Point) -> int:
    """The number of a point's first place, or of the only one that there is; -1 without a street."""
    if point.places:
        return point.places[0]
    there = experiment.places.get("adversary")
    return -1 if there is None else int(there.numbers[0])


def standing(experiment: Experiment, role: str, place: int) -> dict:
    """The columns `place` and `STANDING` of a row; a receiver's tell the eavesdropper's place, and where it stands."""
    there = experiment.places.get(role)
    if there is None:
        return {"place": place}
    return {"place": place, **there.row(place if role == "adversary" else int(there.numbers[0]))}


def stop_reason(experiment: Experiment, node: Node, tally: Tally) -> str:
    """Name of the stopping rule that a node meets, or "" if none."""
    return experiment.rule(node.scored).reason(tally.correct, tally.total, tally.effective)


def _signal_power(experiment: Experiment, point: Point, node: Node, tally: Tally) -> float:
    """Share of the radiated power that carries the feature; NaN where nobody listens to a transmitter."""
    if not node.transmitter:
        return float("nan")
    return experiment.links[node.transmitter].signal_power(point.timestep, tally.mean("noise_step"))


def _channel_uses(experiment: Experiment, node: Node) -> int:
    digital = _digital_system(experiment, node)
    if digital is not None:
        return digital.channel_uses
    link = experiment.links[node.transmitter]
    return link.eavesdropper_channel_uses if node.attack else link.receiver_channel_uses


def _digital_system(experiment: Experiment, node: Node) -> BitTransmission | None:
    """The system of a node whose bits are counted; None of any other one."""
    for digital in experiment.digital:
        if digital.name == node.system:
            return digital
    return None


def _error_rates(experiment: Experiment, node: Node, tally: Tally) -> dict:
    """Bit and block error rates, with 95% intervals, where bits are counted."""
    digital = _digital_system(experiment, node)
    if digital is None:
        return {name: ADDED[name] for name in ERROR_RATES}
    size = digital.information_bits
    bit_errors, squared_bit_errors, block_errors = (
        int(tally.sum(name)) for name in ("bit_errors", "squared_bit_errors", "block_errors")
    )
    low, high = clustered_interval(bit_errors, squared_bit_errors, tally.total, size)
    block_low, block_high = wilson_interval(block_errors, tally.total)
    return {
        "scored": digital.scored,
        "bits": tally.total * size,
        "bit_errors": bit_errors,
        "squared_bit_errors": squared_bit_errors,
        "ber": bit_errors / (tally.total * size),
        "ber_low": low,
        "ber_high": high,
        "blocks": tally.total,
        "block_errors": block_errors,
        "bler": block_errors / tally.total,
        "bler_low": block_low,
        "bler_high": block_high,
    }
