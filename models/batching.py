"""Batches: large sets through a network in batches of one shape, and one number for each sample of a batch."""

from keras import ops, tree


def per_sample(values, like):
    """[B] values shaped to broadcast over the features `like` of [B, ...].

    Examples
    --------
    >>> import numpy as np
    >>> from diffsem.models import per_sample
    >>> feature = np.ones((2, 8, 8, 1))
    >>> scaled = per_sample(np.array([1.0, 3.0]), feature) * feature
    >>> float(scaled[0].numpy().mean()), float(scaled[1].numpy().mean())
    (1.0, 3.0)
    """
    return ops.reshape(values, (-1,) + (1,) * (len(like.shape) - 1))


def in_batches(function, batch_size, *arrays, over=ops.map):
    """Apply a function of batches to a whole pool, batch by batch.

    Every batch has the same shape: one kernel serves them all, and a sample's result does not depend on how many
    others are in the pool.

    Parameters
    ----------
    function : callable
        ([batch_size, ...], ...) -> array or nest of arrays [batch_size, ...].
    batch_size : int or None
        None: the pool is one batch.
    arrays : [N, ...]
        N is a multiple of the batch size.
    over : callable
        Maps over the first axis of each of a list of arrays, as `keras.ops.map` does.

    Returns
    -------
    array or nest of arrays [N, ...]

    Examples
    --------
    >>> import numpy as np
    >>> from diffsem.models import in_batches
    >>> in_batches(lambda batch: batch - batch[:1], 2, np.array([1, 2, 5, 7])).numpy().tolist()  # two batches
    [0, 1, 0, 2]
    """
    if batch_size is None:
        return function(*arrays)
    batches = [ops.reshape(array, (-1, batch_size, *array.shape[1:])) for array in arrays]
    results = over(lambda batch: function(*batch), batches)
    return tree.map_structure(lambda result: ops.reshape(result, (-1, *result.shape[2:])), results)
