"""The batches of a pool, one after another, in a TensorFlow graph."""

import tensorflow as tf
from keras import backend, ops


def map_once(function, batches):
    """`keras.ops.map` over the first axis of each; inside of a TensorFlow graph, traced once and run once a batch.

    Keras traces the function a second time for the shapes of its results, and what of that copy has a loop in it is run
    with every pool: a whole batch of denoising that nobody asked for.
    """
    if backend.backend() != "tensorflow":
        return ops.map(function, batches)
    batches = [tf.convert_to_tensor(values) for values in batches]
    if tf.executing_eagerly():
        return ops.map(function, batches)
    signature = [tf.TensorSpec(values.shape[1:], values.dtype) for values in batches]
    traced = tf.function(function, autograph=False).get_concrete_function(signature)
    specs = tf.nest.map_structure(lambda made: tf.TensorSpec(made.shape, made.dtype), traced.structured_outputs)
    return tf.map_fn(lambda batch: traced(*batch), batches, fn_output_signature=specs)
