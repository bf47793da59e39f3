"""What scikit-learn's learners read of the label, and of how thick strokes are, for docs/attacks.md.

python tests/benchmarks/witness.py --out docs/measured/witness.json
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import diffsem
from diffsem.scenarios import overheard
from diffsem.scenarios.runs.assembly import versions

SCENARIO = "fig5-mnist"
TRANSMITTERS = ("clean-pair", "noise-aware-pair", "ibal-d")
STEPS = (120, 240, 350)
ASKED = (("label", "neighbours"), ("stroke-thickness", "neighbours"), ("stroke-thickness", "network"))
SNR_DB = 15.0
IMAGES = 10_000


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--out", type=Path, required=True)
    out = options.parse_args().out
    scenario, lines = diffsem.load_scenario(SCENARIO), []
    for transmitter in TRANSMITTERS:
        for step in STEPS:
            for reads, reader in ASKED:
                found = overheard(scenario, step, SNR_DB, transmitter, reads=reads, reader=reader, images=IMAGES)
                asked = {"transmitter": transmitter, "timestep": step, "reads": reads, "reader": reader}
                lines.append(asked | asdict(found))
                print(lines[-1], flush=True)
    told = {"what": "What learners of scikit-learn read of what an eavesdropper hears", "scenario": SCENARIO}
    told |= {"snr_db": SNR_DB, "images": IMAGES, "versions": versions(), "lines": lines}
    out.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
