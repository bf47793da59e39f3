"""E-DiffSem's rounds: the receiver's own soft label guides the next denoising."""

from keras import ops


def self_referential_rounds(denoise, classify, received, step, logits, max_rounds, lanes=None):
    """p_0 = C(y, y, t); repeat z^ = D(y, t, p_i), p_{i+1} = C(y, z^, t) until a sample's label settles.

    No ground truth is used: a sample is done with the first round that leaves its label as it was, or after
    `max_rounds`. Samples are worked on `lanes` at a time. A lane whose sample is done takes the next one from the pool,
    so that the denoiser runs on full batches of one shape until the pool runs out; which samples share a batch changes
    nothing.

    Parameters
    ----------
    denoise : callable
        (y [lanes, ...], step [lanes], label [lanes, classes]) -> z^ [lanes, ...].
    classify : callable
        (y [lanes, ...], z^ [lanes, ...], step [lanes]) -> logits [lanes, classes].
    received : [B, ...], float
        y, unit mean square.
    step : [B], float
        The step t that y stands at.
    logits : [B, classes], float
        The first classification, C(y, y, t).
    max_rounds : int
        At least 1.
    lanes : int, optional
        Samples denoised at a time; default: all of them.

    Returns
    -------
    logits : [B, classes], float
    rounds : [B], int32
        Rounds that each sample took.

    Examples
    --------
    A classifier that takes y itself for logits: the first label of the first sample was another one.

    >>> import numpy as np
    >>> from diffsem.models import self_referential_rounds
    >>> y, first = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[1.0, 0.0], [1.0, 0.0]])
    >>> denoise, classify = lambda y, step, label: y, lambda y, clean, step: clean
    >>> logits, rounds = self_referential_rounds(denoise, classify, y, np.zeros(2), first, max_rounds=5)
    >>> logits.numpy().argmax(axis=1).tolist(), rounds.numpy().tolist()
    ([1, 0], [2, 1])
    """
    count = ops.shape(received)[0]
    lanes = lanes or count

    # Idle lanes work on a spare row at the end, which is thrown away.
    def with_spare(values):
        return ops.concatenate([values, values[:1]])

    received, step, logits = with_spare(received), with_spare(step), with_spare(logits)
    samples = ops.minimum(ops.arange(lanes, dtype="int32"), count)
    rounds = ops.zeros((count + 1,), "int32")

    def busy(samples, fed, logits, rounds):
        return ops.any(samples < count)

    def one_round(samples, fed, logits, rounds):
        before = ops.take(logits, samples, axis=0)
        y, t = ops.take(received, samples, axis=0), ops.take(step, samples)
        after = classify(y, denoise(y, t, ops.softmax(before)), t)
        taken = ops.take(rounds, samples) + 1
        settled = ops.argmax(after, axis=-1) == ops.argmax(before, axis=-1)
        free = settled | (taken >= max_rounds) | (samples >= count)
        logits = ops.scatter_update(logits, samples[:, None], after)
        rounds = ops.scatter_update(rounds, samples[:, None], taken)
        place = ops.cumsum(ops.cast(free, "int32"))
        samples = ops.where(free, ops.minimum(fed + place - 1, count), samples)
        return samples, fed + place[-1], logits, rounds

    state = (samples, ops.convert_to_tensor(lanes, "int32"), logits, rounds)
    _, _, logits, rounds = ops.while_loop(busy, one_round, state)
    return logits[:-1], rounds[:-1]
