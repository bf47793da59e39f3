"""How a system is entered in the benchmark: where, as what, and next to which claim."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """An entry of a system.

    Parameters
    ----------
    timestep : int
        t, 0..T.
    name : str
        Behind the system's name, where it is entered more than once.
    settings : tuple of str
        KEY=VALUE, what the benchmark's scenario needs for it, as --set takes it.
    adaptive_only : bool
        Whether those attacks alone are run that are written against it: what it shows is that they see through it.
    claim : str
        What its own paper says of it, in a sentence.
    secret : str
        What transmitter and receiver share that the eavesdropper has not.
    control : bool
        Whether it has to fail: some attack must read it, or the attacks are too weak for what they say of others.

    Examples
    --------
    >>> from diffsem.scenarios import Entry
    >>> Entry(240, claim="hides all").control
    False
    """

    timestep: int = 240
    name: str = ""
    settings: tuple[str, ...] = ()
    adaptive_only: bool = False
    claim: str = ""
    secret: str = ""
    control: bool = False
