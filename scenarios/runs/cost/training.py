"""What a training asks for: the largest network's batch in memory, and every stage for all of its epochs."""

import math

from diffsem.models.costs import NetworkCost
from diffsem.scenarios.contracts.stage import Stage
from diffsem.scenarios.runs.cost.need import OPERATIONS, PROGRAM, START, Need
from diffsem.scenarios.runs.plan import Plan
from diffsem.scenarios.schema.scenario import value_at
from diffsem.scenarios.schema.training import Epochs

# Forward and backward pass, in operations; what is kept of a forward pass for the backward one, in activations.
BOTH_PASSES, KEPT = 3, 10
# Share of the training images that the eavesdropper learns from.
SURROGATES = 1 / 5
# Keys of a scenario that say for how long a stage is trained.
EPOCHS = {f"training.epochs.{name}" for name in Epochs.model_fields}


def need_of_training(plan: Plan, test_images: int) -> Need:
    """The need of all stages of a plan."""
    training, sizes = plan.scenario.training, plan.setup.dimensions
    images = min(plan.source.training_images(), training.images or 10**9)
    pixels = math.prod(sizes.image_shape)
    steps, operations, weights = [0.0], 0.0, 0.0
    for stage in plan.stages:
        samples = images * _epochs(plan, stage) * (SURROGATES if stage in plan.attack_stages else 1)
        # Of what is trained on denoised features: each is denoised before.
        estimates = [
            network.cost(sizes) for network in stage.needs if network.precision == "execution" and network.cost
        ]
        once = training.teacher_steps * sum(cost.operations for cost in estimates)
        for network in stage.writes:
            cost = NetworkCost() if network.cost is None else network.cost(sizes)
            operations += samples * (BOTH_PASSES * cost.operations + once)
            weights += 4 * cost.weights  # Adam's moments and the gradient
            steps.append(training.batch_size * (KEPT * cost.activations + pixels * 4))
    data = (test_images + images) * pixels * 9
    return Need(PROGRAM + data + 2 * weights + max(steps), START + operations / OPERATIONS, START)


def _epochs(plan: Plan, stage: Stage) -> int:
    """At most: a stage hangs on one number of epochs, or on one in the place of another."""
    found = [value_at(plan.scenario, key) for key in stage.depends if key in EPOCHS]
    return max((epochs for epochs in found if epochs is not None), default=0)
