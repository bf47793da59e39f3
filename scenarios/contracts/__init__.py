"""What a part of a simulation declares, in dataclasses and protocols."""
