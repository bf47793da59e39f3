"""Defence of the reference pair by antennas: its self-noise goes where the receiver does not hear it."""

from diffsem.scenarios.contracts.entry import Entry
from diffsem.scenarios.contracts.system import System
from diffsem.scenarios.contracts.transmitter import TransmitterSpec
from diffsem.scenarios.links.checks import check_null_space
from diffsem.scenarios.systems import reference
from diffsem.scenarios.systems.clean_pair import bypass

NAME = "null-space-noise"

SYSTEMS = (
    System(
        NAME,
        "self-noise in the null space",
        "#0E7530",
        TransmitterSpec(NAME, reference.ENCODER, null_space=True, heard_like=reference.TRANSMITTER),
        networks=lambda setup: {reference.CLASSIFIER: 1},
        receiver=lambda setup, load: bypass(setup, load(reference.CLASSIFIER)),
        stages=(reference.TRAIN,),
        at_transmitters_step=False,
        entries=(
            Entry(
                480,
                settings=(
                    "legitimate.channel={kind: rayleigh}",
                    "legitimate.transmit_antennas=4",
                    "legitimate.precoding=beam",
                    "eavesdropper.channel={kind: rayleigh}",
                ),
                claim="ours: who stands elsewhere, with fewer antennas than the transmitter, reads next to nothing",
            ),
        ),
        check=lambda setup: check_null_space(NAME, setup.scenario.legitimate),
    ),
)
