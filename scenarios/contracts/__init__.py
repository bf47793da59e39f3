"""What a part of a simulation declares: data set, network, transmitter, system, stage, attack. Dataclasses and protocols."""
