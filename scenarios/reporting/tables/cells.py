"""What stands in a cell: one line of text for a line of numbers."""

import pandas as pd

from diffsem.link import escaped

NOTHING = "-"


def value(line: dict, name: str) -> str:
    """A number as short as it can be said, or a name."""
    found = line[name]
    if pd.isna(found):
        return NOTHING
    return f"{found:g}" if isinstance(found, float) else escaped(found)


def name(found: object) -> str:
    """A name, which comes from outside."""
    return escaped(found) if isinstance(found, str) else NOTHING


def percent(line: dict, key: str, sign: str = "") -> str:
    """A share and its interval."""
    if pd.isna(line[key]):
        return NOTHING
    middle, low, high = (100 * line[end] for end in (key, f"{key}_low", f"{key}_high"))
    return f"{middle:{sign}.2f} [{low:{sign}.2f}, {high:{sign}.2f}]"


def bits(line: dict, key: str) -> str:
    """An information and its interval."""
    if pd.isna(line[key]):
        return NOTHING
    return f"{line[key]:.3f} [{line[f'{key}_low']:.3f}, {line[f'{key}_high']:.3f}]"


def percent_between(line: dict, middle: str, low: str, high: str) -> str:
    """A difference of shares and its interval, whose ends have names of their own."""
    return f"{100 * line[middle]:+.2f} [{100 * line[low]:+.2f}, {100 * line[high]:+.2f}]"


def share_in_hundredths(found: float) -> str:
    """A share in percent, with two digits behind the point."""
    return NOTHING if pd.isna(found) else f"{100 * found:.2f}"


def rate(line: dict, key: str) -> str:
    """An error rate and its interval."""
    return f"{line[key]:.2e} [{line[f'{key}_low']:.2e}, {line[f'{key}_high']:.2e}]"


def share(found: float) -> str:
    """A share without an interval."""
    return NOTHING if pd.isna(found) else f"{100 * found:.1f}"


def percent_alone(found: float) -> str:
    """A share without an interval, in whole percent."""
    return NOTHING if pd.isna(found) else f"{100 * found:.0f}%"


def number(found: float, digits: int) -> str:
    """With so many digits behind the point."""
    return NOTHING if pd.isna(found) else f"{found:.{digits}f}"


def chance(found: float) -> str:
    """The p of a test."""
    return "<0.0001" if found < 1e-4 else number(found, 4)


def images(line: dict) -> str:
    """How many, and how often each was sent."""
    passes = line["draws"] / line["images"]
    return f"{line['images']:.0f}" if passes == 1 else f"{line['images']:.0f} x {passes:.3g}"


def learnt_from(line: dict) -> str:
    """The images that an attack was trained on; of a white box, what it knows in their place."""
    if line["threat"] == "white-box":
        return "a white box: the other side's weights"
    if not line["training_epochs"]:
        return NOTHING
    return escaped(f"{line['training_images']:,} images, {line['surrogate']}, {line['training_epochs']} epochs")


def worst_classes(line: dict) -> str:
    """Of receiver and strongest attack."""
    return " / ".join(share(line[f"{node}_worst"]) for node in ("receiver", "adversary"))


def ceiling_and_judge(line: dict) -> str:
    """The most that the noise lets through, and what the clean judge reads."""
    return f"{share(line['ceiling'])} / {share(line['clean_judge_accuracy'])}"


def quality(line: dict) -> str:
    """PSNR and SSIM."""
    return f"{number(line['psnr_db'], 1)} / {number(line['ssim'], 3)}"
