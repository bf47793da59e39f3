"""Defences of the reference pair by a key that the receiver has: of the self-noise, of order and signs, of both."""

from diffsem.scenarios.contracts.entry import Entry
from diffsem.scenarios.contracts.system import System
from diffsem.scenarios.contracts.transmitter import TransmitterSpec
from diffsem.scenarios.systems import reference
from diffsem.scenarios.systems.clean_pair import bypass

# Without the key, what is heard is the feature in Gaussian noise, in an order of its own or not. Attacks are trained
# over all noise levels, so that one training serves all that are heard alike.
SELF_NOISE = TransmitterSpec("keyed-self-noise", reference.ENCODER, keyed=True, heard_like=reference.TRANSMITTER)
SCRAMBLE = TransmitterSpec("keyed-scramble", reference.ENCODER, scrambled=True)
BOTH = TransmitterSpec("keyed-self-noise-scramble", reference.ENCODER, keyed=True, scrambled=True, heard_like=SCRAMBLE)


OURS = "ours: who has no key reads next to nothing"
# A cipher that is broken, and the attack that finds it out.
WEAK = Entry(
    450,
    "weak-generator",
    ("legitimate.key.generator=weak",),
    adaptive_only=True,
    claim="none: its pads repeat after 16 transmissions",
    secret="a key of 256 bits",
    control=True,
)


def _system(transmitter: TransmitterSpec, title: str, colour: str, *entries: Entry) -> System:
    return System(
        transmitter.name,
        title,
        colour,
        transmitter,
        networks=lambda setup: {reference.CLASSIFIER: 1},
        receiver=lambda setup, load: bypass(setup, load(reference.CLASSIFIER)),
        stages=(reference.TRAIN,),
        # The key takes the self-noise away.
        at_transmitters_step=not transmitter.keyed,
        entries=entries,
    )


SYSTEMS = (
    _system(SELF_NOISE, "keyed self-noise", "#332288", Entry(450, claim=OURS, secret="a key of 256 bits"), WEAK),
    _system(SCRAMBLE, "keyed scramble", "#872355", Entry(240, claim=OURS, secret="a key of 256 bits")),
    _system(BOTH, "keyed self-noise and scramble", "#2FA99D", Entry(450, claim=OURS, secret="a key of 256 bits")),
)
