"""The white box: the receivers' own networks, on what somebody else hears."""

import numpy as np
import pytest

from diffsem.link import InputError
from diffsem.scenarios import load_scenario, run_scenario
from diffsem.scenarios.attacks import shipped_attacks
from diffsem.scenarios.attacks.checked import checked
from diffsem.scenarios.contracts.attack import AttackMethod, Target
from diffsem.scenarios.parts.finding import Source

METHOD = shipped_attacks()["known-weights"]


def receiver(logits):
    return lambda inputs: (np.asarray(logits, np.float32), np.zeros(len(logits)))


def softmax(logits):
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponents / exponents.sum(axis=1, keepdims=True)


def test_one_receiver_s_logits_are_the_attack_s(rng):
    logits = rng.standard_normal((5, 10))
    np.testing.assert_allclose(METHOD.white_box([receiver(logits)])([None, None]), logits, rtol=1e-6)


def test_of_several_the_product_of_their_probabilities_decides(rng):
    first, second = rng.standard_normal((2, 5, 10)).astype(np.float32)
    made = np.asarray(METHOD.white_box([receiver(first), receiver(second)])([None, None]))
    np.testing.assert_allclose(softmax(made), _normalised(softmax(first) * softmax(second)), rtol=1e-4)


def _normalised(values):
    return values / values.sum(axis=1, keepdims=True)


def test_it_needs_symbols_in_their_order_and_has_no_network_of_its_own():
    shape = (8, 8, 1), (28, 28, 1), 10, 0.3
    assert METHOD.applies(Target(*shape))
    assert not METHOD.applies(Target(*shape, scrambled=True))
    assert METHOD.threat == "white-box"
    with pytest.raises(ValueError, match="known-weights: runs the networks of the other side"):
        METHOD.network(Target(*shape))


@pytest.mark.slow
def test_at_one_snr_it_reads_what_the_receiver_reads_but_for_the_noise():
    """And column threat tells it from attacks that learn."""
    words = ["timesteps=[240]", "legitimate.snr_db=[15]", "legitimate.receivers=[noise-aware-pair]"]
    attacks = "eavesdropper.attacks=[known-weights, linear-probe]"
    rows = run_scenario(load_scenario("mnist-quick", [*words, attacks, "monte_carlo.max_images=1024"]))
    own, white, black = (rows[rows["attack"] == name].iloc[0] for name in ("", "known-weights", "linear-probe"))
    # Of 1,024 images at 87%, two of independent noise differ by 1.5 points, a deviation.
    assert abs(own["accuracy"] - white["accuracy"]) < 0.05
    assert (own["threat"], white["threat"], black["threat"]) == ("", "white-box", "black-box")
    assert (white["training_images"], white["surrogate"]) == (0, "")
    assert white["leaked_bits"] > 2


@pytest.mark.parametrize("white_box", [None, METHOD.white_box])
def test_one_from_outside_builds_or_knows_and_not_both(white_box):
    build = None if white_box is None else lambda target: None
    method = AttackMethod("mine", "label", build, None, white_box=white_box)
    with pytest.raises(InputError, match="mine:ATTACK: has a build and a white_box, neither"):
        checked(method, shipped_attacks(), Source("mine:ATTACK", None), "eavesdropper.attacks")
