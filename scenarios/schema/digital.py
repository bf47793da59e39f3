"""Links that carry bits."""

from typing import Annotated

from pydantic import Field, model_validator

from diffsem.link import coded_bits
from diffsem.scenarios.schema.keys import Keys
from diffsem.scenarios.schema.values import CodeRate, Modulation


class DigitalLink(Keys):
    """Features, quantised and sent as bits to the same classifier."""

    modulation: Modulation = Field(default="256qam", description="bpsk to 256qam, Gray mapping")
    code_rate: CodeRate = Field(default=0.5, description="of Sionna's 5G LDPC code; null: uncoded")
    bits: Annotated[int, Field(ge=1, le=8)] = Field(default=2, description="bits a real symbol of the feature")

    def named(self, system: str) -> str:
        """The system's name, and what is not the default."""
        return _joined(system, self, {"modulation": "{}", "code_rate": "{}", "bits": "{}bit"})


class BitErrorRate(Keys):
    """A calibration of the channel: random bits, no image."""

    modulation: Modulation = Field(default="qpsk", description="bpsk to 256qam, Gray mapping")
    code_rate: CodeRate = Field(default=None, description="of Sionna's 5G LDPC code; null: uncoded")
    information_bits: Annotated[int, Field(ge=1, le=100000)] = Field(default=512, description="a block")

    @property
    def name(self) -> str:
        """`bits`, the modulation, and what else is not the default."""
        return _joined(f"bits+{self.modulation}", self, {"code_rate": "{}", "information_bits": "{}bit"})

    @model_validator(mode="after")
    def _has_a_code(self):
        coded_bits(self.information_bits, self.code_rate, self.modulation)
        return self


def _joined(name: str, link: Keys, formats: dict[str, str]) -> str:
    for key, form in formats.items():
        value = getattr(link, key)
        if value != type(link).model_fields[key].default:
            text = "uncoded" if value is None else form.format(value)
            name = f"{name}+{text}"
    return name
