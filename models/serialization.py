"""Layers and networks that Keras stores by what their constructors were given."""

import inspect

import keras


def serializable(part):
    """Class decorator: the class is registered with Keras, as diffsem>NAME, and stored by its constructor's arguments.

    Keras's own automatic configuration takes layers of plain arguments only: none of other layers or dataclasses, and
    no networks, whose arguments it does not see.

    Parameters
    ----------
    part : type
        A Keras layer or network, or a dataclass that one of them is built from. An instance keeps each argument of its
        constructors, those above Keras's own, in an attribute of the same name: a plain value, a tuple, or an instance
        of a class that Keras can store.

    Returns
    -------
    type
        The same, with `get_config` and `from_config`.

    Examples
    --------
    >>> import keras
    >>> from diffsem.models import serializable
    >>> @serializable
    ... class Gain(keras.layers.Layer):
    ...     def __init__(self, factor, **kwargs):
    ...         super().__init__(**kwargs)
    ...         self.factor = factor
    >>> Gain.from_config(Gain(3.0).get_config()).factor
    3.0
    """
    own = _arguments(part)

    def get_config(self):
        stored = {name: keras.saving.serialize_keras_object(getattr(self, name)) for name in own}
        return _keras_config(self) | stored

    def from_config(cls, config):
        return cls(**keras.saving.deserialize_keras_object(config))

    part.get_config = get_config
    part.from_config = classmethod(from_config)
    return keras.saving.register_keras_serializable("diffsem")(part)


def _arguments(part: type) -> list[str]:
    """Names of what the constructors of a class and of its parents take, but for what Keras stores by itself."""
    own: dict[str, None] = {}
    for parent in inspect.getmro(part):
        if parent is object or parent.__module__.partition(".")[0] == "keras":
            break
        constructor = vars(parent).get("__init__")
        if constructor is not None:
            parameters = list(inspect.signature(constructor).parameters.values())[1:]
            named = [each.name for each in parameters if each.kind is not inspect.Parameter.VAR_KEYWORD]
            own |= dict.fromkeys(named)
    own.pop("name", None)
    return list(own)


def _keras_config(part) -> dict:
    """What Keras itself keeps of a layer, a network or anything else."""
    if isinstance(part, keras.Model):
        return {"name": part.name}
    if isinstance(part, keras.layers.Layer):
        return keras.layers.Layer.get_config(part)
    return {}
