"""The paper's strong classifier Q, and a second one that has seen nothing but clean images."""

from collections.abc import Sequence
from typing import Any

import diffsem.models as models
import diffsem.scenarios.training as training
from diffsem.models import costs
from diffsem.scenarios.contracts.attack import PlannedAttack
from diffsem.scenarios.contracts.depends import JUDGE, JUDGE_OF_ATTACKS
from diffsem.scenarios.contracts.judge import Judge
from diffsem.scenarios.contracts.network import COARSE, Dimensions, NetworkSpec
from diffsem.scenarios.contracts.stage import Session, Stage
from diffsem.scenarios.schema.scenario import Scenario


def _build(dimensions: Dimensions) -> Any:
    return models.build_strong_classifier(dimensions.image_shape, dimensions.classes)


def _network(name: str) -> NetworkSpec:
    return NetworkSpec(
        name,
        _build,
        COARSE,
        cost=lambda dimensions: costs.strong_classifier_cost(dimensions.image_shape),
    )


NETWORK, CLEAN = _network("strong-classifier"), _network("strong-classifier-clean")


def _stages(scenario: Scenario, attacks: Sequence[PlannedAttack]) -> tuple[Stage, ...]:
    def train(session: Session) -> dict[str, Any]:
        return training.train_judge(session, NETWORK, CLEAN, attacks)

    def train_clean(session: Session) -> dict[str, Any]:
        return training.train_clean_judge(session, CLEAN)

    seen = [network for planned in attacks for network in (planned.learns_on.encoder, planned.network)]
    goes_on = scenario.training.epochs.judge_of_attacks is not None
    needs = ((CLEAN,) if goes_on else ()) + tuple(network for network in seen if network.trained)
    return (
        Stage(CLEAN.name, (CLEAN,), (), train_clean, JUDGE),
        Stage(NETWORK.name, (NETWORK,), needs, train, JUDGE_OF_ATTACKS),
    )


JUDGES = (Judge("strong-classifier", NETWORK, CLEAN, _stages),)
