"""White box: an attacker who knows the weights of the other side, as an upper reference of those who learn."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from diffsem.scenarios.contracts.attack import AttackMethod

if TYPE_CHECKING:  # a scenario is checked without it
    import keras


def _receivers_votes(receivers: "Sequence[keras.layers.Layer]") -> Callable[[list[Any]], Any]:
    """The receivers' own networks on what the eavesdropper hears; of several, the sum of their log-probabilities."""
    from keras import ops

    def vote(inputs: list[Any]) -> Any:
        logits = [receiver(inputs)[0] for receiver in receivers]
        return sum(ops.log_softmax(each) for each in logits) if len(logits) > 1 else logits[0]

    return vote


ATTACKS = (
    AttackMethod(
        "known-weights",
        "label",
        None,
        None,
        # Whose symbols come in an order that a key gives, which the receivers take for granted.
        applies=lambda target: not target.scrambled,
        white_box=_receivers_votes,
    ),
)
