"""Whether an attack that learnt in the street reads more there than the shipped one, which learnt over AWGN.

SETTINGS="--set legitimate.receivers=[reference,null-space-noise] --set eavesdropper.attacks=[task-classifier-wide]"
diffsem train street-canyon $SETTINGS --start pretrained --out weights/street
diffsem train street-canyon $SETTINGS --renew --mixed-versions --out weights/street
SWEEP="--set timesteps=[450] --set eavesdropper.channel.every=2 --set monte_carlo.max_images=1024"
diffsem run street-canyon $SETTINGS $SWEEP --out results/shipped.h5
diffsem run street-canyon $SETTINGS $SWEEP --set weights=weights/street --out results/own.h5
python tests/benchmarks/street_attack.py results/own.h5 results/shipped.h5 --out docs/measured/street-attack.json
"""

import argparse
import json
from pathlib import Path

import numpy as np
from scipy import stats

import diffsem
from diffsem.link import ResultTable, read_table
from diffsem.scenarios.runs.assembly import versions


def read_by_image(table: ResultTable, system: str) -> np.ndarray:
    """[N], the share of the places at which each image is read."""
    rows = table.rows[(table.rows["node"] == "adversary") & (table.rows["system"] == system)].sort_values("place")
    hits = [table.hits_of(row) for row in rows.index]
    return np.mean(np.stack([each for each in hits if each is not None]), axis=0)


def points_more(own: ResultTable, shipped: ResultTable, system: str) -> list[float]:
    """Mean over places, points, with a 95% interval over images, which all places have in common."""
    difference = 100 * (read_by_image(own, system) - read_by_image(shipped, system))
    low, high = stats.t.interval(0.95, len(difference) - 1, difference.mean(), stats.sem(difference))
    return [round(float(value), 3) for value in (difference.mean(), low, high)]


def percent_of_area(table: ResultTable, system: str) -> list[float]:
    """Of places where more than half is read, with its interval over squares."""
    lines = diffsem.share_of_area(diffsem.street_map(table.rows), 0.5).set_index("system")
    return [round(100 * float(lines.loc[system, name]), 2) for name in ("share", "share_low", "share_high")]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("own", type=Path)
    options.add_argument("shipped", type=Path)
    options.add_argument("--out", type=Path, required=True)
    arguments = options.parse_args()
    own, shipped = read_table(arguments.own), read_table(arguments.shipped)
    systems = own.rows["system"].unique().tolist()
    told = {
        "what": "An attack trained over all places of the street, beside the same trained over AWGN",
        "attack": own.rows.loc[own.rows["node"] == "adversary", "attack"].unique().tolist(),
        "timestep": int(own.rows["timestep"].max()),
        "images": int(own.rows["images"].max()),
        "places": int(own.rows.loc[own.rows["node"] == "adversary", "place"].nunique()),
        "points_more": {system: points_more(own, shipped, system) for system in systems},
        "percent_of_area": {
            name: {system: percent_of_area(table, system) for system in systems}
            for name, table in (("own", own), ("shipped", shipped))
        },
        "versions": versions(),
    }
    arguments.out.write_text(json.dumps(told, indent=1) + "\n")
    print(arguments.out.read_text())


if __name__ == "__main__":
    main()
