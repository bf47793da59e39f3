"""The street that a table's map is of: walls, mast and receiver."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from diffsem.link import InputError

Metre = Annotated[float, Field(ge=-1e6, le=1e6)]


class Scene(BaseModel):
    """What a table's attribute `street` says.

    Parameters
    ----------
    outline : list of (x, y, x, y)
        Walls at the eavesdropper's height, m.
    transmitter, receiver : (x, y, z)
        m.
    spacing_m : float
        Between places.
    silent : int
        Places that no path reaches.
    """

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    outline: list[tuple[Metre, Metre, Metre, Metre]]
    transmitter: tuple[Metre, Metre, Metre]
    receiver: tuple[Metre, Metre, Metre]
    spacing_m: Annotated[float, Field(gt=0)]
    silent: Annotated[int, Field(ge=0)] = 0


def scene_of(attributes: Mapping[str, Any]) -> Scene | None:
    """The street of a table; None if it says nothing of one. Raises InputError if what it says is none."""
    if not attributes.get("street"):
        return None
    try:
        return Scene.model_validate_json(str(attributes["street"]))
    except ValidationError:
        raise InputError("attribute street is not the JSON that `diffsem run` writes") from None
