"""Batches: large sets through a network in batches of one shape, and one number for each sample of a batch."""

from keras import backend, ops, tree


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
    results = _map(lambda batch: function(*batch), batches)
    return tree.map_structure(lambda result: ops.reshape(result, (-1, *result.shape[2:])), results)


def _map(function, batches):
    """`keras.ops.map` over the first axis of each; inside of a TensorFlow graph, traced once and run once a batch.

    Keras traces the function a second time for the shapes of its results, and what of that copy has a loop in it is run
    with every pool: a whole batch of denoising that nobody asked for.
    """
    if backend.backend() != "tensorflow":
        return ops.map(function, batches)
    import tensorflow as tf

    batches = [ops.convert_to_tensor(values) for values in batches]
    if tf.executing_eagerly():
        return ops.map(function, batches)
    signature = [tf.TensorSpec(values.shape[1:], values.dtype) for values in batches]
    traced = tf.function(function, autograph=False).get_concrete_function(signature)
    specs = tf.nest.map_structure(lambda made: tf.TensorSpec(made.shape, made.dtype), traced.structured_outputs)
    return tf.map_fn(lambda batch: traced(*batch), batches, fn_output_signature=specs)
