"""Gradient inversion, by whoever knows the encoder's weights: what the judge reads of it, for docs/results.

Of every transmission those pixels are sought whose feature explains what is heard, by Adam: half the squared distance
to y in units of its noise, plus a prior. That is a weight times the total variation, from grey or from what
`inversion-conv` makes of y, or times the squared distance from that. The setting that reads most of the eavesdropper's
own images is taken.

python tests/benchmarks/gradient_inversion.py --out docs/measured/gradient-inversion.json
"""

import argparse
import json
from pathlib import Path

import diffsem

# First of all: it has TensorFlow use oneDNN, whoever imports it next.
from diffsem.scenarios.runs.assembly import versions
from diffsem.scenarios.runs.parallel.quiet import load_tensorflow

SCENARIO, TRANSMITTER, SNR_DB = "fig5-mnist", "clean-pair", 15.0
TIMESTEPS = (0, 60, 120, 240)
OWN, TESTED = 250, 1000
GREY, BLACK_BOX = "grey", "inversion-conv"
SMOOTH, NEAR = "smooth", "near the start"
# (start, prior, its weight)
SETTINGS = (
    *((start, SMOOTH, weight) for start in (GREY, BLACK_BOX) for weight in (0.03, 0.1, 0.3, 1.0)),
    *((BLACK_BOX, NEAR, weight) for weight in (0.3, 1.0, 3.0, 10.0)),
)
ADAM_STEPS, LEARNING_RATE = 200, 0.1
# Of a pixel, so that its logit is finite.
DARKEST = 0.02


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--images", type=int, default=TESTED, help="test images")
    arguments = options.parse_args()
    load_tensorflow()
    from diffsem.scenarios import load_dataset

    scenario = diffsem.load_scenario(SCENARIO)
    data = load_dataset(scenario)
    attack = Inversion(scenario)
    lines = [one_step(attack, data, timestep, arguments.images) for timestep in TIMESTEPS]
    told = {"what": "Labels read of gradient inversion through the known encoder", "scenario": SCENARIO}
    told |= {"transmitter": TRANSMITTER, "snr_db": SNR_DB, "images": arguments.images, "own_images": OWN}
    told |= {"adam_steps": ADAM_STEPS, "versions": versions(), "lines": lines}
    arguments.out.write_text(json.dumps(told, indent=1) + "\n")


def one_step(attack: "Inversion", data, timestep: int, images: int) -> dict:
    """Of each start the setting that reads most of the eavesdropper's own images, on test images."""
    own, tested = data.surrogate[:OWN], data.test[:images]
    heard = attack.heard(own, timestep, seed=1)
    read = {setting: attack.read(own, heard, setting) for setting in SETTINGS}
    heard = attack.heard(tested, timestep, seed=1000)
    line = {"timestep": timestep, "total": len(tested)}
    for start in (GREY, BLACK_BOX):
        best = max((setting for setting in SETTINGS if setting[0] == start), key=read.__getitem__)
        line[start] = {"prior": best[1], "weight": best[2], "correct": attack.read(tested, heard, best)}
    print(line, flush=True)
    return line


class Inversion:
    """The attack with the networks of a scenario."""

    def __init__(self, scenario):
        import tensorflow as tf

        self.link = diffsem.load_link(scenario, TRANSMITTER)
        self.encoder = self.link.transmitter.encoder
        self.judge = diffsem.load_network(scenario, "strong-classifier")
        self.black_box = diffsem.load_network(scenario, f"{TRANSMITTER}.inversion-conv")
        self.descend = tf.function(self._descend)
        self.steps = scenario.schedule.steps

    def heard(self, part, timestep: int, seed: int):
        """(y, step, share of signal) of one transmission an image."""
        import numpy as np

        from diffsem.link import Seeds

        levels = np.full(len(part), SNR_DB, np.float32)
        seeds = Seeds(seed, [seed + 1], [seed + 2])
        _, (node,), _ = self.link.transmit(part.as_float(), np.full(len(part), timestep), levels, [levels], seeds)
        return node.received, node.step, node.esnr / (1 + node.esnr)

    def read(self, part, heard, setting: tuple[str, str, float]) -> int:
        """How many labels the judge reads of the images that are found."""
        import numpy as np
        import tensorflow as tf

        (received, step, signal), (start, prior, weight) = heard, setting
        image = tf.fill([len(part), *part.images.shape[1:]], 0.5)
        if start == BLACK_BOX:
            image = tf.cast(self.black_box([received, step[:, None] / self.steps]), tf.float32)
        first = tf.clip_by_value(image, DARKEST, 1 - DARKEST)
        smooth, near = (tf.constant(weight if prior == each else 0.0) for each in (SMOOTH, NEAR))
        found = self.descend(received, signal, first, smooth, near)
        return int(np.sum(np.argmax(self.judge(found), -1) == part.labels))

    def _descend(self, received, signal, first, smooth, near):
        """Images [N, height, width, 1] after all steps of Adam."""
        import tensorflow as tf

        signal, logits = tf.reshape(signal, [-1, 1, 1, 1]), tf.math.log(first / (1 - first))
        mean, square = tf.zeros_like(logits), tf.zeros_like(logits)
        for step in tf.range(1, ADAM_STEPS + 1):
            with tf.GradientTape() as tape:
                tape.watch(logits)
                image = tf.sigmoid(logits)
                missed = received - tf.sqrt(signal) * self.encoder(image)
                loss = tf.reduce_sum(missed**2 / (2 * (1 - signal)))
                loss += smooth * tf.reduce_sum(tf.image.total_variation(image))
                loss += near * tf.reduce_sum((image - first) ** 2)
            slope = tape.gradient(loss, logits)
            mean, square = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope**2
            count = tf.cast(step, tf.float32)
            size = tf.sqrt(square / (1 - 0.999**count)) + 1e-8
            logits -= LEARNING_RATE * mean / (1 - 0.9**count) / size
        return tf.sigmoid(logits)


if __name__ == "__main__":
    main()
