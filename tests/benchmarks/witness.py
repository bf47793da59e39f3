"""What nearest neighbours read where the suite's attacks do, for docs/attacks.md.

python tests/benchmarks/witness.py --out docs/measured/witness.json
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import diffsem
from diffsem.scenarios import nearest_neighbours
from diffsem.scenarios.runs.provenance import versions

SCENARIOS = {"mnist-awgn": ("clean-pair", "noise-aware-pair"), "fig5-mnist": ("ibal-d",)}
STEPS = (120, 240, 360)
SNR_DB = 15.0
IMAGES = 10_000


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--out", type=Path, required=True)
    out = options.parse_args().out
    lines = []
    for name, transmitters in SCENARIOS.items():
        scenario = diffsem.load_scenario(name)
        for transmitter in transmitters:
            for step in STEPS:
                found = nearest_neighbours(scenario, step, SNR_DB, transmitter, images=IMAGES, draws=2)
                lines.append({"scenario": name, "transmitter": transmitter, "timestep": step} | asdict(found))
                print(lines[-1], flush=True)
    told = {
        "what": f"k nearest neighbours at {SNR_DB:g} dB, {IMAGES:,} test images; two transmissions of each image that "
        "the eavesdropper has",
        "versions": versions(),
        "lines": lines,
    }
    out.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
