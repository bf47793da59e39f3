"""How systems and attacks appear in figures and tables: stored as JSON with a result table, and read from there."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from diffsem.link import InputError, shortened
from diffsem.scenarios.contracts.attack import AttackMethod, ListedAttack
from diffsem.scenarios.contracts.network import Dimensions
from diffsem.scenarios.contracts.system import System
from diffsem.scenarios.contracts.transmitter import TransmitterSpec
from diffsem.scenarios.schema.nodes import Surrogate

# What a transmitter that sends features makes of them; any other shape is its own.
SAMPLE = Dimensions(image_shape=(32, 32, 3), feature_shape=(8, 8, 1), classes=10, pixel_rms=0.5)

Title = Annotated[str, Field(min_length=1, max_length=200)]


class TransmitterAppearance(BaseModel):
    """A transmitter.

    Parameters
    ----------
    name : str
    title : str, optional
        None: it goes by the systems that share it.
    sends_feature : bool
        Whether it radiates a feature, whose symbols the ceilings are for, and not, say, every pixel.
    """

    model_config = ConfigDict(frozen=True, strict=True)

    name: str
    title: Title | None = None
    sends_feature: bool = True


class SystemAppearance(BaseModel):
    """A system.

    Parameters
    ----------
    title : str
    colour : str
        #RRGGBB
    one_call : bool
        Its U-Net is called once, whatever the solver.
    transmitter : TransmitterAppearance, optional
    """

    model_config = ConfigDict(frozen=True, strict=True)

    title: Title
    colour: Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$")]
    one_call: bool = False
    transmitter: TransmitterAppearance | None = None


class AttackAppearance(BaseModel):
    """An attack as a scenario lists it.

    Parameters
    ----------
    papers : bool
        Whether it is the paper's attacker, but for what it is told.
    papers_rank : int
        Of several of the paper's attackers in a table the highest counts.
    knows_step : bool
        Whether it is told the noise level; the paper's attacker is not.
    learns : bool
        Whether there is anything to learn: without, an image is what is heard.
    """

    model_config = ConfigDict(frozen=True, strict=True)

    papers: bool = False
    papers_rank: int = 0
    knows_step: bool = True
    learns: bool = True


SYSTEMS = TypeAdapter(dict[str, SystemAppearance])
ATTACKS = TypeAdapter(dict[str, AttackAppearance])


def system_appearances(systems: Iterable[System]) -> dict[str, SystemAppearance]:
    """By name. Raises InputError if a title or colour is none."""
    return {system.name: _system(system) for system in systems}


def system_attributes(systems: Iterable[System]) -> str:
    """A result table's attribute `systems`: JSON, by the name in column `system`. Raises InputError likewise."""
    return SYSTEMS.dump_json(system_appearances(systems)).decode()


def attack_appearances(attacks: Iterable[ListedAttack]) -> dict[str, AttackAppearance]:
    """By name."""
    return {attack.name: _attack(attack) for attack in attacks}


def attack_attributes(attacks: Iterable[ListedAttack]) -> str:
    """A result table's attribute `attacks`: JSON, by the name in column `attack`."""
    return ATTACKS.dump_json(attack_appearances(attacks)).decode()


def usual_attacks(methods: Iterable[AttackMethod]) -> list[ListedAttack]:
    """Each attack on all surrogate images, told the noise level and not."""
    return [ListedAttack(method, knows_step, Surrogate()) for method in methods for knows_step in (True, False)]


def _system(system: System) -> SystemAppearance:
    try:
        return SystemAppearance(
            title=system.title,
            colour=system.colour,
            one_call=system.one_call,
            transmitter=None if system.transmitter is None else _transmitter(system.transmitter),
        )
    except ValidationError as error:
        (first, *_) = error.errors()
        raise InputError(
            f"system {shortened(system.name)}: {'.'.join(map(str, first['loc']))}: {shortened(repr(first['input']))};"
            " allowed: a title of 1 to 200 characters, a colour #RRGGBB"
        ) from error


def _transmitter(transmitter: TransmitterSpec) -> TransmitterAppearance:
    sends_feature = transmitter.sent_shape(SAMPLE) == SAMPLE.feature_shape
    return TransmitterAppearance(name=transmitter.name, title=transmitter.title, sends_feature=sends_feature)


def _attack(attack: ListedAttack) -> AttackAppearance:
    as_in_the_paper = ListedAttack(attack.method, attack.knows_step, Surrogate())
    return AttackAppearance(
        papers=attack.method.papers and attack.name == as_in_the_paper.name,
        papers_rank=attack.method.papers_rank,
        knows_step=attack.knows_step,
        learns=attack.method.train is not None,
    )
