"""Images a second of the profiled tables that gpu.sh made: a Markdown table, and JSON."""

import argparse
import json
from pathlib import Path

from diffsem.link import read_results
from diffsem.link.timing.timed_program import OVERHEAD, TRACE


def rate(table: Path) -> dict:
    """Of one table: images of all points a second of simulation; loading and tracing are told apart."""
    rows = read_results(table)
    profile = json.loads(rows.attrs["profile"])
    stages = profile["stages"]
    start = sum(seconds for name, seconds in stages.items() if name.startswith("load:") or name == TRACE)
    busy = profile["seconds"] - start - stages.get(OVERHEAD, 0.0)
    images = int(rows.groupby(["timestep", "receiver_snr_db"])["total"].max().sum())
    scenario, _, device = table.stem.rpartition("-")
    return {
        "scenario": scenario,
        "device": device,
        "devices": json.loads(rows.attrs["environment"])["devices"],
        "images": images,
        "seconds_starting": round(start, 2),
        "seconds_simulating": round(busy, 2),
        "images_per_second": round(images / busy, 1),
        "stages": stages,
    }


def markdown(rates: list[dict]) -> str:
    """The table, a line for each scenario and device."""
    lines = ["| scenario | device | images | starting, s | images/s |", "|---|---|---:|---:|---:|"]
    lines += [
        f"| {each['scenario']} | {each['device']} | {each['images']:,} | {each['seconds_starting']:.1f} "
        f"| {each['images_per_second']:,.0f} |"
        for each in rates
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="of SCENARIO-DEVICE.h5")
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    asked = parser.parse_args()
    rates = [rate(table) for table in sorted(asked.folder.glob("*.h5"))]
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(rates, indent=1) + "\n")
    print(markdown(rates))


if __name__ == "__main__":
    main()
