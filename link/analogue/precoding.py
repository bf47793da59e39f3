"""Where the transmitter's antennas send; `WiretapLink` says what each word means."""

from typing import Literal

Precoding = Literal["streams", "beam", "null-space"]
