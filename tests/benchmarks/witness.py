"""What scikit-learn's learners read of the label, and of what nobody meant to send, for docs/results.

python tests/benchmarks/witness.py fig5-mnist --out docs/measured/witness.json
DIFFSEM_DATA=DIR python tests/benchmarks/witness.py fig9-cifar10 --out docs/measured/witness-cifar10.json
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import diffsem
from diffsem.scenarios import overheard
from diffsem.scenarios.runs.assembly import versions

# Of a scenario: its transmitters, the steps t, and what is asked, by which learner.
ASKED = {
    "fig5-mnist": (
        ("clean-pair", "noise-aware-pair", "ibal-d"),
        (120, 240, 350),
        (("label", "neighbours"), ("stroke-thickness", "neighbours"), ("stroke-thickness", "network")),
    ),
    "fig9-cifar10": (
        ("clean-pair", "ibal-d"),
        (0, 120, 240),
        (("label", "network"), ("animal", "neighbours"), ("animal", "network")),
    ),
}
SNR_DB = 15.0
IMAGES = 10_000


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("scenario", choices=list(ASKED))
    options.add_argument("--out", type=Path, required=True)
    arguments = options.parse_args()
    scenario, lines = diffsem.load_scenario(arguments.scenario), []
    transmitters, steps, questions = ASKED[arguments.scenario]
    for transmitter in transmitters:
        for step in steps:
            for reads, reader in questions:
                found = overheard(scenario, step, SNR_DB, transmitter, reads=reads, reader=reader, images=IMAGES)
                asked = {"transmitter": transmitter, "timestep": step, "reads": reads, "reader": reader}
                lines.append(asked | asdict(found))
                print(lines[-1], flush=True)
    told = {"what": "What learners of scikit-learn read of what an eavesdropper hears", "scenario": scenario.name}
    told |= {"snr_db": SNR_DB, "images": IMAGES, "versions": versions(), "lines": lines}
    arguments.out.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
