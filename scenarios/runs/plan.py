"""A scenario's words, resolved once into the objects that are trained and run; from here they only flow down."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from diffsem.scenarios.contracts.attack import PlannedAttack
from diffsem.scenarios.contracts.judge import Judge
from diffsem.scenarios.contracts.network import NetworkSpec
from diffsem.scenarios.contracts.setup import Setup
from diffsem.scenarios.contracts.stage import Stage
from diffsem.scenarios.contracts.system import System
from diffsem.scenarios.contracts.transmitter import TransmitterSpec
from diffsem.scenarios.datasets.source import DataSource
from diffsem.scenarios.links.kinds import Channels
from diffsem.scenarios.parts.finding import Source
from diffsem.scenarios.runs.ordering import stages_for
from diffsem.scenarios.schema.scenario import Scenario


@dataclass(frozen=True)
class Plan:
    """What a scenario trains and runs.

    Parameters
    ----------
    scenario : Scenario
        Its words, with the defaults of all parts filled in.
    setup : Setup
    source : DataSource
    judge : Judge
    channels : Channels
    systems : tuple of System
    attacks : tuple of PlannedAttack
        Transmitter by transmitter.
    attack_stages : tuple of Stage
        That train them, one a network.
    outside : tuple of Source
        Parts from outside of the package.
    """

    scenario: Scenario
    setup: Setup
    source: DataSource
    judge: Judge
    channels: Channels
    systems: tuple[System, ...]
    attacks: tuple[PlannedAttack, ...]
    attack_stages: tuple[Stage, ...] = ()
    outside: tuple[Source, ...] = ()

    @property
    def transmitters(self) -> tuple[TransmitterSpec, ...]:
        """The transmitters of the systems, each once; a digital link has none."""
        return transmitters_of(self.systems)

    @property
    def judged(self) -> bool:
        """Whether a sweep has images to judge."""
        makes_images = any(planned.attack.method.output == "image" for planned in self.attacks)
        return makes_images or any(self.judge.network in system.networks(self.setup) for system in self.systems)

    @cached_property
    def networks(self) -> tuple[NetworkSpec, ...]:
        """Every network that a sweep runs and that has weights, each once."""
        found = [transmitter.encoder for transmitter in self.transmitters]
        found += [network for system in self.systems for network in system.networks(self.setup)]
        found += [planned.network for planned in self.attacks]
        if self.judged:
            found += [self.judge.network, self.judge.clean]
        return tuple(network for network in distinct(found) if network.trained)

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """The stages that train all of them, each behind those that it starts from."""
        known = [stage for system in self.systems for stage in system.stages]
        known += [*self.attack_stages, *self.judge.stages(self.scenario, self.judged_attacks)]
        return stages_for(self.networks, known)

    @property
    def judged_attacks(self) -> tuple[PlannedAttack, ...]:
        """Every trained attack that makes images; those that share a network once."""
        makers = {
            planned.network.name: planned
            for planned in reversed(self.attacks)
            if planned.attack.method.output == "image" and planned.network.trained
        }
        return tuple(makers.values())[::-1]


def transmitters_of(systems: Iterable[System]) -> tuple[TransmitterSpec, ...]:
    """The transmitters of systems, each once."""
    return tuple(dict.fromkeys(system.transmitter for system in systems if system.transmitter is not None))


def distinct(networks: Iterable[NetworkSpec]) -> Sequence[NetworkSpec]:
    """Networks of different names, each as it came first."""
    found: dict[str, NetworkSpec] = {}
    for network in networks:
        found.setdefault(network.name, network)
    return list(found.values())
