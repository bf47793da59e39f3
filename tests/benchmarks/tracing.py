"""How far the shipped street's path gains are those of another seed, and of Sionna RT's radio map, for docs/results.

Needs the environment that traces, which `diffsem trace` makes:

python tests/benchmarks/tracing.py --out docs/measured/tracing.json
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from diffsem.scenarios.runs.assembly import versions
from diffsem.scenarios.streets.environment import tracing_python
from diffsem.scenarios.streets.street import Street, read_street
from diffsem.scenarios.streets.trace import Traced, read_trace
from diffsem.scenarios.streets.tracing import trace_street

STREET = "street-canyon"
SHIPPED = Path(__file__).parents[2] / "scenarios" / "streets" / "shipped" / f"{STREET}.channels.h5"
RADIO_MAP = Path(__file__).parents[1] / "scenarios" / "streets" / "radio_map.py"
SEEDS = (2, 3)
# m; every third place along both sides of the shipped grid.
SPACING_M = 6.0
# Of places, that differ by less than what is told.
MOST = 0.95


def same_places(shipped: Traced, anew: Traced) -> tuple[np.ndarray, np.ndarray]:
    """Path gains of both where both have a place, [P] and [P], dB."""
    number = {tuple(position): place for place, position in enumerate(shipped.positions.round(3))}
    places = [number.get(tuple(position), -1) for position in anew.positions.round(3)]
    known = np.array(places) >= 0
    return shipped.path_gain_db[np.array(places)[known]], anew.path_gain_db[known]


def apart(one_db: np.ndarray, other_db: np.ndarray) -> dict[str, float | int]:
    """How far gains lie apart where a path reaches the place in both, dB."""
    both = np.isfinite(one_db) & np.isfinite(other_db)
    difference = np.abs(one_db - other_db)[both]
    median, most = np.quantile(difference, [0.5, MOST])
    only_one = int((np.isfinite(one_db) != np.isfinite(other_db)).sum())
    return {
        "places": int(both.sum()),
        "median_db": round(float(median), 4),
        "most_db": round(float(most), 4),
        "only_one": only_one,
    }


def traced_anew(street: Street, seed: int, folder: Path) -> Traced:
    """The eavesdropper's places by another seed."""
    grid = street.eavesdropper.model_copy(update={"spacing_m": SPACING_M})
    path = folder / f"{seed}.h5"
    changed = street.model_copy(update={"seed": seed, "eavesdropper": grid})
    trace_street(changed, path, tracing_python(print), lambda done, total: None)
    return read_trace(path).eavesdropper


def radio_map_db(street: Street, positions: np.ndarray) -> np.ndarray:
    """[P], by the solver that throws rays into cells, dB."""
    question = json.dumps({**street.model_dump(mode="json"), "positions": positions.tolist()})
    command = [str(tracing_python(print)), "-I", str(RADIO_MAP)]
    done = subprocess.run(command, input=question, capture_output=True, text=True, check=True)
    with np.errstate(divide="ignore"):
        return 10 * np.log10(np.array(json.loads(done.stdout.splitlines()[-1])))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--out", type=Path, required=True)
    arguments = options.parse_args()
    street, shipped = read_street(STREET), read_trace(SHIPPED)
    with tempfile.TemporaryDirectory() as folder:
        seeds = {
            seed: apart(*same_places(shipped.eavesdropper, traced_anew(street, seed, Path(folder)))) for seed in SEEDS
        }
    of_map = radio_map_db(street, shipped.eavesdropper.positions)
    told = {
        "what": "Path gains of the shipped trace less those of other tracings of the same street",
        "street": STREET,
        "spacing_m": SPACING_M,
        "most": MOST,
        "versions": versions() | dict(shipped.versions),
        "seeds": seeds,
        "radio_map": apart(shipped.eavesdropper.path_gain_db, of_map),
    }
    arguments.out.write_text(json.dumps(told, indent=1) + "\n")
    print(arguments.out.read_text())


if __name__ == "__main__":
    main()
