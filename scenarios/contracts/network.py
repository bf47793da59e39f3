"""A network: how it is built, stored and computed, and what a call of it costs."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from diffsem.models.costs import NetworkCost

if TYPE_CHECKING:  # a scenario is checked without it
    import keras


@dataclass(frozen=True)
class Dimensions:
    """What networks are built for.

    Parameters
    ----------
    image_shape, feature_shape : tuple of three int
        Height, width and channels of an image, and of a feature: one real symbol a value.
    classes : int
    pixel_rms : float
        Root mean square of the pixels of a training image, on average over the images.
    denoiser_channels : int
        Width of the U-Nets.

    Examples
    --------
    >>> from diffsem.models import feature_shape
    >>> from diffsem.scenarios import Dimensions
    >>> image_shape = (32, 32, 3)
    >>> dimensions = Dimensions(image_shape, feature_shape(image_shape, 192), classes=10, pixel_rms=0.522)
    >>> dimensions.feature_shape, dimensions.denoiser_channels
    ((8, 8, 3), 128)
    """

    image_shape: tuple[int, int, int]
    feature_shape: tuple[int, int, int]
    classes: int
    pixel_rms: float
    denoiser_channels: int = 128


@dataclass(frozen=True)
class Storage:
    """How a network's weights are packed to be shipped: in float16, large kernels on an even grid.

    A half of a kernel's deviation costs 3.5 bits a weight, a quarter 4.5, float16 alone 15.

    Parameters
    ----------
    large : float
        Values of a kernel from which on it is put on a grid.
    share : float
        Step of the grid in shares of the kernel's standard deviation.

    Examples
    --------
    The weights of a judge that are put on a grid by default.

    >>> import math
    >>> from diffsem.models import build_strong_classifier
    >>> from diffsem.scenarios import Storage
    >>> judge = build_strong_classifier((28, 28, 1), classes=10)
    >>> [tuple(kernel.shape) for kernel in judge.weights if math.prod(kernel.shape) >= Storage().large]
    [(784, 784), (784, 128)]
    """

    large: float = 20_000
    share: float = 1 / 2


# Of what is called again and again, or sends what has to survive noise.
FINE = Storage(share=1 / 4)
# Of attacks and judges, whose kernels are smaller.
COARSE = Storage(large=4_000)
# Of encoders that others are trained behind, and of what reads inputs that hardly differ from each other.
AS_FLOAT16 = Storage(large=math.inf, share=0)


@dataclass(frozen=True)
class NetworkSpec:
    """A network.

    Parameters
    ----------
    name : str
        Of its file, NAME.weights.h5, and of its entry in the training record.
    build : callable
        Dimensions -> keras.Model, untrained.
    storage : Storage
    precision : str
        "float32", or "execution": as `execution.precision` of the scenario says.
    trained : bool
        Whether it has weights.
    cost : callable, optional
        Dimensions -> NetworkCost of a call; None: not known, and left out of estimates.

    Examples
    --------
    >>> from diffsem.models import build_encoder
    >>> from diffsem.scenarios import Dimensions, NetworkSpec
    >>> spec = NetworkSpec("own-encoder", lambda sizes: build_encoder(sizes.image_shape, sizes.feature_shape))
    >>> spec.build(Dimensions((32, 32, 3), (8, 8, 3), classes=10, pixel_rms=0.522)).output_shape
    (None, 8, 8, 3)
    """

    name: str
    build: "Callable[[Dimensions], keras.Model]"
    storage: Storage = Storage()
    precision: Literal["float32", "execution"] = "float32"
    trained: bool = True
    cost: Callable[[Dimensions], NetworkCost] | None = None
