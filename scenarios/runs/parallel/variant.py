"""What a worker has to be told of a variant of a sweep."""

from dataclasses import dataclass

from diffsem.link import Point
from diffsem.scenarios.schema.scenario import Scenario


@dataclass(frozen=True)
class Variant:
    """A variant of a sweep, and those of its points that are to be simulated.

    Parameters
    ----------
    scenario : Scenario
    origin : str
        `origin_of` the variant's plan where the sweep was started.
    points : tuple of Point
    """

    scenario: Scenario
    origin: str
    points: tuple[Point, ...]
