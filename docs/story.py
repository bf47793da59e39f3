"""Draw the picture of the README, docs/pictures/story.png, from the tables that ship: `python docs/story.py`."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot as plt

import diffsem

ROOT = Path(__file__).parents[1]
# (table, system, what is said above its panel)
PANELS = (
    ("notebooks/fig4-mnist.h5", "diffsem", "noise that nobody knows: both lose alike"),
    ("notebooks/defences/keyed-self-noise.h5", "keyed-self-noise", "noise out of a shared key: only one loses"),
)
NODES = {"receiver": ("#0077BB", "o", "receiver"), "adversary": ("#CC3311", "s", "eavesdropper, its strongest attack")}


def lines_of(file, system):
    """Receiver and strongest adversary of a system over t at the table's highest SNR."""
    lines = diffsem.leakage(diffsem.read_results(ROOT / file))
    lines = lines[(lines["system"] == system) & (lines["receiver_snr_db"] == lines["receiver_snr_db"].max())]
    return lines.sort_values("timestep")


def draw():
    figure, panels = plt.subplots(1, 2, figsize=(9, 3.4), sharex=True, sharey=True, layout="constrained")
    for panel, (file, system, words) in zip(panels, PANELS, strict=True):
        lines = lines_of(file, system)
        for node, (colour, marker, name) in NODES.items():
            low, high = (100 * lines[f"{node}_{end}"] for end in ("low", "high"))
            panel.plot(lines["timestep"], 100 * lines[node], marker, color=colour, linestyle="-", label=name)
            panel.fill_between(lines["timestep"], low, high, color=colour, alpha=0.25, linewidth=0)
        panel.axhline(10, color="grey", linewidth=0.8)
        panel.set_title(f"{system}: {words}", fontsize=10)
        panel.set_xlabel("self-noising step t")
        panel.grid(alpha=0.3)
    panels[0].text(2, 12, "guessing", fontsize=8, color="grey")
    panels[0].set(ylabel="labels read [%]", ylim=(0, 103))
    panels[0].legend(loc=(0.02, 0.16), fontsize=9)
    return figure


if __name__ == "__main__":
    place = ROOT / "docs" / "pictures" / "story.png"
    place.parent.mkdir(exist_ok=True)
    draw().savefig(place, dpi=110, metadata={"Software": None})
    print(place)
