"""Numbers and names as the page shows them."""

import html

import pandas as pd

from diffsem.link import escaped
from diffsem.scenarios.reporting.style import Style


def title_of(style: Style, system: str) -> str:
    """A system's title, or its name where it has none, on one line of printable characters."""
    return escaped(style.systems[system].title if system in style.systems else system)


def marked_up(text: str) -> str:
    """A text as Plotly shows it letter by letter; it takes some HTML for markup."""
    return html.escape(escaped(text), quote=False)


def percent(value: float, sign: str = "") -> str:
    """A share in percent, without the unit."""
    return "–" if pd.isna(value) else f"{100 * value:{sign}.2f}"


def percent_range(low: float, high: float, sign: str = "") -> str:
    """An interval of shares."""
    return "" if pd.isna(low) or pd.isna(high) else f"[{percent(low, sign)}, {percent(high, sign)}]"


def rate(value: float) -> str:
    """An error rate."""
    return "–" if pd.isna(value) else f"{value:.2e}"


def point(timestep: float, receiver_snr_db: float, eavesdropper_snr_db: float | None = None, variant: str = "") -> str:
    """A point of the sweep: "t = 240 and 15 dB"; the eavesdropper's own SNR and the variant behind it where given."""
    own = "" if eavesdropper_snr_db is None or pd.isna(eavesdropper_snr_db) else eavesdropper_snr_db
    heard = f", the eavesdropper at {own:g} dB" if own != "" else ""
    return f"t = {timestep:g} and {receiver_snr_db:g} dB{heard}{f' ({variant})' if variant else ''}"


def listed(names: list[str]) -> str:
    """Names in a sentence: "a, b and c"."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
