"""What a street's file says: the scene, who stands where with which antennas, and how it is traced."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import AfterValidator, Field, ValidationError, model_validator

from diffsem.link import InputError
from diffsem.scenarios.schema.explaining import explain
from diffsem.scenarios.schema.file import read_words
from diffsem.scenarios.schema.keys import FolderPath, Keys
from diffsem.scenarios.schema.strict_yaml import write_yaml

# Of a map; each takes some hundredths of a second to trace and 2 kB of the file.
MOST_POSITIONS = 100_000
SHIPPED = Path(__file__).with_name("shipped")

Metre = Annotated[float, Field(ge=-1e5, le=1e5)]
Position = tuple[Metre, Metre, Metre]


class Array(Keys):
    """A planar array of antennas, as Sionna RT has it."""

    rows: Annotated[int, Field(ge=1, le=16)] = Field(default=1, description="antennas above each other")
    columns: Annotated[int, Field(ge=1, le=16)] = Field(default=1, description="antennas beside each other")
    spacing: Annotated[float, Field(gt=0, le=100)] = Field(default=0.5, description="between them, wavelengths")
    pattern: Literal["iso", "dipole", "hw_dipole", "tr38901"] = Field(
        default="iso", description="of every antenna: iso | dipole | hw_dipole (half a wavelength) | tr38901 (3GPP)"
    )
    polarisation: Literal["V", "H", "VH", "cross"] = Field(
        default="V", description="V | H | VH and cross: two antennas at every place"
    )

    @property
    def antennas(self) -> int:
        """How many there are."""
        return self.rows * self.columns * (1 if self.polarisation in ("V", "H") else 2)


class Node(Keys):
    position_m: Position = Field(description="[x, y, z], m")
    array: Array = Array()


def _ordered(area: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    if area[0] > area[2] or area[1] > area[3]:
        raise ValueError("should be [x from, y from, x to, y to], each from not above its to")
    return area


class Grid(Keys):
    """Where an eavesdropper may stand."""

    area_m: Annotated[tuple[Metre, Metre, Metre, Metre], AfterValidator(_ordered)] = Field(
        description="[x from, y from, x to, y to], m; positions inside of buildings are left out"
    )
    spacing_m: Annotated[float, Field(gt=0, le=1000)] = Field(description="between positions, m")
    height_m: Metre = Field(default=1.5, description="above the scene's zero, m")
    place_m: tuple[Metre, Metre] | None = Field(
        default=None, description="[x, y], m: what `place: eavesdropper` means, the nearest position to it"
    )
    array: Array = Array()

    def positions(self) -> np.ndarray:
        """[N, 3], m, row by row from the area's first corner on."""
        x_from, y_from, x_to, y_to = self.area_m
        slack = 1e-9 * self.spacing_m
        along, across = (
            low + self.spacing_m * np.arange(int((high - low + slack) / self.spacing_m) + 1)
            for low, high in ((x_from, x_to), (y_from, y_to))
        )
        y, x = (each.ravel() for each in np.meshgrid(across, along, indexing="ij"))
        return np.stack([x, y, np.full(x.shape, self.height_m)], axis=1)

    @model_validator(mode="after")
    def _is_affordable(self):
        x_from, y_from, x_to, y_to = self.area_m
        count = ((x_to - x_from) / self.spacing_m + 1) * ((y_to - y_from) / self.spacing_m + 1)
        if count >= MOST_POSITIONS + 1:
            raise ValueError(f"{count:,.0f} positions; allowed: at most {MOST_POSITIONS:,}")
        return self


class Street(Keys):
    """What `diffsem trace` reads."""

    name: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")] = Field(
        description="letters, digits, . _ -"
    )
    scene: FolderPath = Field(description="a scene of Sionna RT by its name, empty, or the path of a Mitsuba XML file")
    carrier_ghz: Annotated[float, Field(ge=0.1, le=300)] = Field(default=3.5, description="carrier frequency, GHz")
    subcarriers: Annotated[int, Field(ge=2, le=4096)] = Field(default=16, description="subcarriers of the OFDM grid")
    subcarrier_spacing_khz: Annotated[float, Field(ge=1, le=10_000)] = Field(
        default=60.0, description="subcarrier spacing, kHz"
    )
    transmitter: Node = Field(description="the mast: position_m and array; it faces the receiver")
    receiver: Node = Field(description="position_m and array")
    eavesdropper: Grid = Field(description="area_m, spacing_m, height_m and array")
    depth: Annotated[int, Field(ge=0, le=20)] = Field(
        default=3, description="reflections, diffractions and refractions of a path at most"
    )
    samples: Annotated[int, Field(ge=1000, le=10**8)] = Field(
        default=100_000, description="rays out of the transmitter, among which reflections are sought"
    )
    diffraction: bool = Field(default=True, description="whether paths bend around edges")
    refraction: bool = Field(default=False, description="whether paths go through walls")
    seed: Annotated[int, Field(ge=0, lt=2**31)] = Field(default=1, description="of the rays' directions")

    @property
    def bandwidth_hz(self) -> float:
        """Of all subcarriers, Hz."""
        return self.subcarriers * self.subcarrier_spacing_khz * 1e3

    def to_yaml(self) -> str:
        """All of it, defaults included."""
        return write_yaml(self.model_dump(mode="json"))


def read_street(street: str | Path, overrides: Sequence[str] = ()) -> Street:
    """Read and check a street; its scene's path is looked for beside its file, too.

    Parameters
    ----------
    street : str or Path
        A shipped name, or the path of a YAML file.
    overrides : sequence of str
        "key.sub=VALUE" pairs, VALUE in YAML.

    Raises
    ------
    InputError
        One line: what is wrong, where, what is allowed.
    """
    words, where = read_words(street, overrides, "street", SHIPPED)
    read = parse_street(words, f"street {where}")
    beside = Path(where).parent / read.scene
    return read.model_copy(update={"scene": str(beside)}) if beside.is_file() else read


def parse_street(words: dict, where: str) -> Street:
    """Validate a street's keys and values; `where` names their origin in errors. Raises InputError."""
    try:
        return Street.model_validate(words)
    except ValidationError as error:
        raise InputError(f"{where}: {explain(error, Street)}") from error
