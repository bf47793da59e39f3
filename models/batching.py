"""Batches: large sets through a network in batches of one shape, and one number for each sample of a batch."""

from keras import ops, tree


def per_sample(values, like):
    """[B] values shaped to broadcast over the features `like` of [B, ...]."""
    return ops.reshape(values, (-1,) + (1,) * (len(like.shape) - 1))


def in_batches(function, batch_size, *arrays):
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

    Returns
    -------
    array or nest of arrays [N, ...]
    """
    if batch_size is None:
        return function(*arrays)
    batches = [ops.reshape(array, (-1, batch_size, *array.shape[1:])) for array in arrays]
    results = ops.map(lambda batch: function(*batch), batches)
    return tree.map_structure(lambda result: ops.reshape(result, (-1, *result.shape[2:])), results)
