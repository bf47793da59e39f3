"""The references of shipped systems and attacks, from what they declare."""

from diffsem.link import InputError
from diffsem.scenarios.attacks import default_attacks, shipped_attacks
from diffsem.scenarios.contracts.attack import AttackMethod
from diffsem.scenarios.contracts.system import System
from diffsem.scenarios.runs.plan import Plan
from diffsem.scenarios.runs.reading import parse_words
from diffsem.scenarios.runs.resolving import plan
from diffsem.scenarios.systems import default_systems, shipped_systems

SYSTEMS = """\
# Shipped systems

Names for `legitimate.receivers`. A scenario that lists none compares those that are marked *default*.

Networks are listed for MNIST; those for colour images have the same names. Behind one transmitter all receivers face
the same attacks.
"""
ATTACKS = """\
# Shipped attacks

Names for `eavesdropper.attacks`. A scenario that lists none runs those that are marked *default*.
What each does is told in [attacks](../attacks.md).

| attack | gives | default | trained first | written against a defence | the paper's |
|---|---|---|---|---|---|
"""


def systems_page() -> str:
    """The page of systems, in Markdown."""
    return "\n".join([SYSTEMS, *(_system(system) for system in shipped_systems().values())])


def attacks_page() -> str:
    """The page of attacks, in Markdown."""
    return ATTACKS + "".join(_attack(method) for method in shipped_attacks().values())


def _attack(method: AttackMethod) -> str:
    before = ", ".join(f"`{each.name}`" for each in method.after)
    cells = [
        f"`{method.name}`",
        f"a{'n' if method.output == 'image' else ''} {method.output}",
        _yes(method.name in default_attacks()),
        before,
        _yes(method.adaptive),
        "if not told the noise level" if method.papers else "",
    ]
    return f"| {' | '.join(cells)} |\n"


def _system(system: System) -> str:
    mark = ", *default*" if system.name in default_systems() else ""
    lines = [f"## `{system.name}`\n", f"{system.title}{mark}.\n"]
    transmitter = system.transmitter
    if transmitter is None:
        lines.append("- Sends bits. Nothing that attacks could hear: it faces none.")
    else:
        lines.append(f"- Transmitter `{transmitter.name}`{_needs(transmitter)}.")
        if transmitter.heard_like is not None:
            lines.append(f"- Without the key, or beside the beam, it is heard like `{transmitter.heard_like.name}`.")
    lines += [f"- {line}" for line in _demands(system)]
    return "\n".join(lines) + "\n"


def _needs(transmitter) -> str:
    facts = {
        "its self-noise comes from a key that the receiver has": transmitter.keyed,
        "a key orders and signs its symbols": transmitter.scrambled,
        "its self-noise goes where the receiver does not hear it": transmitter.null_space,
    }
    return "".join(f"; {fact}" for fact, holds in facts.items() if holds)


def _demands(system: System) -> list[str]:
    """What it is made of, or what a scenario has to say before it can have the system."""
    try:
        planned = _plan(system.name)
    except InputError as error:
        reason = str(error).split(": ", 2)[-1]
        return [f"A scenario of defaults cannot have it: {reason}."]
    networks = system.networks(planned.setup)
    names = ", ".join(f"`{network.name}`" for network in networks) or "none"
    return [f"Networks of the receiver: {names}.", f"Calls of a U-Net, at most: {system.unet_calls(planned.setup)}."]


def _plan(name: str) -> Plan:
    content = {"name": "reference", "dataset": "mnist", "timesteps": [240]}
    return plan(parse_words(content | {"legitimate": {"snr_db": [15], "receivers": [name]}}, name))


def _yes(holds: bool) -> str:
    return "yes" if holds else ""
