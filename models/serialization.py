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
        A Keras layer or network, or a dataclass that one of them is built from. An instance keeps each argument but
        `name` in an attribute of the same name: a plain value, a tuple, or an instance of a class that Keras can store.

    Returns
    -------
    type
        The same, with `get_config` and `from_config`.
    """
    own = [name for name in inspect.signature(part.__init__).parameters if name not in ("self", "name", "kwargs")]

    def get_config(self):
        arguments = {name: keras.saving.serialize_keras_object(getattr(self, name)) for name in own}
        return _keras_config(self) | arguments

    def from_config(cls, config):
        return cls(**keras.saving.deserialize_keras_object(config))

    part.get_config = get_config
    part.from_config = classmethod(from_config)
    return keras.saving.register_keras_serializable("diffsem")(part)


def _keras_config(part) -> dict:
    """What Keras itself keeps of a layer, a network or anything else."""
    if isinstance(part, keras.Model):
        return {"name": part.name}
    if isinstance(part, keras.layers.Layer):
        return keras.layers.Layer.get_config(part)
    return {}
