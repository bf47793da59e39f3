"""The one exception for bad input."""


class InputError(ValueError):
    """A scenario, weights, data or a result file cannot be used.

    The message is one line that says what is wrong, where, and what is allowed.

    Examples
    --------
    >>> import diffsem
    >>> try:
    ...     diffsem.load_scenario("mnist-quick", ["timestep=[240]"])
    ... except diffsem.InputError as error:
    ...     print(error)
    --set timestep: unknown key; did you mean timesteps?
    """
