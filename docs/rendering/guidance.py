"""The search for what E-DiffSem's label gains: settings of docs/measured/fidelity.json, as tables and sentences."""

from collections.abc import Iterable, Mapping
from typing import Any

from rendering.markdown import lines
from rendering.measures import Difference

WORDS = {"clean": "C that saw z alone", "noise-aware": "C that knows noise", "truth": "the true label"}


def guidance_lines(told: Mapping[str, Any], classifier: str) -> str:
    """A Markdown table of E-DiffSem over DiffSem after one round, points: a row a first pass, a column a weight.

    Parameters
    ----------
    told : mapping
    classifier : str
        "tuned" for the setting, or "clean".
    """
    found = [line for line in _settings(told) if line["classifier"] == classifier and line["rounds"] == 1]
    weights = sorted({line["weight"] for line in found})
    rows: dict[tuple[str, ...], dict[float, str]] = {}
    for line in found:
        label = "" if line["first_pass"] == "truth" else line["label"]
        key = line["networks"], WORDS[line["first_pass"]], label
        rows.setdefault(key, {})[line["weight"]] = _over(line, "diffsem").signed
    heads = ["networks", "first pass", "label", *(f"w = {weight:g}" for weight in weights)]
    return lines(heads, [[*key, *(cells.get(weight, "") for weight in weights)] for key, cells in rows.items()])


def rounds_lines(told: Mapping[str, Any]) -> str:
    """A Markdown table of E-DiffSem over DiffSem, points, after one round and after the last."""
    found = [line for line in _settings(told) if line["classifier"] == "tuned" and line["first_pass"] == "noise-aware"]
    by: dict[tuple[str, str, float], dict[int, str]] = {}
    for line in found:
        key = line["networks"], line["label"], line["weight"]
        by.setdefault(key, {})[line["rounds"]] = _over(line, "diffsem").signed
    last = max(line["rounds"] for line in found)
    rows = [[*key[:2], f"{key[2]:g}", cells[1], cells[last]] for key, cells in by.items() if last in cells]
    return lines(["networks", "label", "w", "one round", f"{last} rounds"], rows)


def guidance_chosen(told: Mapping[str, Any]) -> dict[str, Any]:
    """The setting with the most over DiffSem on even images, of those that ask no truth; `gain`: on the odd ones."""
    best = max(_found_by_itself(told), key=lambda line: line["over_diffsem"]["even"])
    return best | {"gain": _difference(best["over_diffsem"]["odd"]), "words": WORDS[best["first_pass"]]}


def guidance_gains(told: Mapping[str, Any], classifier: str, **where: Any) -> list[Difference]:
    """Over DiffSem, of all settings that ask no truth, by the classifier that reads z^: "tuned" or "clean"."""
    found = [line for line in _found_by_itself(told) if line["classifier"] == classifier]
    return [_over(line, "diffsem") for line in found if where.items() <= line.items()]


def guidance_of(told: Mapping[str, Any], over: str = "classifier", **where: Any) -> Difference:
    """What one receiver has over another: the first line that is so."""
    return _over(next(line for line in told["lines"] if where.items() <= line.items()), over)


def _settings(told: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    return [line for line in told["lines"] if line["receiver"] == "e-diffsem"]


def _found_by_itself(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [line for line in _settings(told) if line["first_pass"] != "truth"]


def _over(line: Mapping[str, Any], other: str) -> Difference:
    return _difference(line[f"over_{other}"])


def _difference(told: Mapping[str, float]) -> Difference:
    return Difference(*(100 * told[name] for name in ("difference", "low", "high")), paired=True)


FUNCTIONS = (guidance_lines, rounds_lines, guidance_chosen, guidance_gains, guidance_of)
