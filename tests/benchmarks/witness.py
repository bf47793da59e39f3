"""What scikit-learn's learners read of the label, and of how thick strokes are, for docs/attacks.md.

python tests/benchmarks/witness.py --out docs/measured/witness.json
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import diffsem
from diffsem.scenarios import overheard
from diffsem.scenarios.runs.provenance import versions

TRANSMITTERS = {"clean-pair": "mnist-awgn", "ibal-d": "fig5-mnist", "reference": "mnist-reference"}
STEPS = (120, 240, 360)
ASKED = (("label", "neighbours"), ("stroke-thickness", "neighbours"), ("stroke-thickness", "network"))
SNR_DB = 15.0
IMAGES = 10_000


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--out", type=Path, required=True)
    out = options.parse_args().out
    lines = []
    for transmitter, name in TRANSMITTERS.items():
        scenario = diffsem.load_scenario(name)
        for step in STEPS:
            for reads, reader in ASKED:
                found = overheard(scenario, step, SNR_DB, transmitter, reads=reads, reader=reader, images=IMAGES)
                where = {"scenario": name, "transmitter": transmitter, "timestep": step}
                lines.append(where | {"reads": reads, "reader": reader} | asdict(found))
                print(lines[-1], flush=True)
    what = f"What learners read at {SNR_DB:g} dB, of {IMAGES:,} test images"
    out.write_text(json.dumps({"what": what, "versions": versions(), "lines": lines}, indent=1) + "\n")


if __name__ == "__main__":
    main()
