"""Who listens: the threat models that every system is entered under."""

from dataclasses import dataclass

from diffsem.scenarios.contracts.transmitter import TransmitterSpec


@dataclass(frozen=True)
class Threat:
    """A threat model.

    Parameters
    ----------
    name : str
    title : str
        Of a column.
    meaning : str
        In a sentence.
    settings : tuple of str
        KEY=VALUE: what of the benchmark's scenario it changes.
    needs_key : bool
        Whether there has to be a keystream that could be known.
    white_box : bool
        Whether the attacks are those that know the other side's weights.
    """

    name: str
    title: str
    meaning: str
    settings: tuple[str, ...] = ()
    needs_key: bool = False
    white_box: bool = False

    def threatens(self, transmitter: TransmitterSpec) -> bool:
        """Whether it is another threat than the first one to what such a transmitter sends."""
        return not self.needs_key or (transmitter.keyed and not transmitter.scrambled)


THREATS = (
    Threat("equal-snr", "equal SNR", "hears one transmission, as well as the receiver does"),
    Threat("5-db-worse", "5 dB worse", "the same 5 dB below", ("eavesdropper.snr_db={offset: -5}",)),
    Threat("ten-transmissions", "10 looks", "hears ten transmissions of each image", ("eavesdropper.looks=10",)),
    Threat("four-antennas", "4 antennas", "has four antennas", ("eavesdropper.receive_antennas=4",)),
    Threat(
        "tenth-of-keys",
        "10% of keys",
        "has the keystream of a tenth of the transmissions",
        ("eavesdropper.known_keys=0.1",),
        needs_key=True,
    ),
    Threat(
        "white-box",
        "white box",
        "knows the weights of the receiver's networks, and no key",
        white_box=True,
    ),
)
