"""E-DiffSem's rounds: the receiver's own soft label guides the next denoising."""

from keras import ops


def self_referential_rounds(denoise, classify, received, step, max_rounds, tolerance):
    """p_0 = C(y, y, t); repeat z^ = D(y, t, p_i), p_{i+1} = C(y, z^, t) until the labels settle.

    No ground truth is used: the rounds end once the share of samples whose label changed is at most `tolerance`,
    or after `max_rounds`.

    Parameters
    ----------
    denoise : callable
        (y [B, ...], step [B], label [B, classes]) -> z^ [B, ...].
    classify : callable
        (y [B, ...], z^ [B, ...], step [B]) -> logits [B, classes].
    received : [B, ...], float
        y, unit mean square.
    step : [B], float
        The step t that y stands at.
    max_rounds : int
        At least 1.
    tolerance : float
        Share of samples, 0 to 1.

    Returns
    -------
    logits : [B, classes], float
    rounds : scalar int32
        Rounds that were run.
    """

    def unsettled(rounds, logits, changed):
        return changed > tolerance

    def one_round(rounds, logits, changed):
        clean = denoise(received, step, ops.softmax(logits))
        refined = classify(received, clean, step)
        moved = ops.not_equal(ops.argmax(refined, axis=-1), ops.argmax(logits, axis=-1))
        return rounds + 1, refined, ops.mean(ops.cast(moved, "float32"))

    state = (ops.convert_to_tensor(0, "int32"), classify(received, received, step), ops.convert_to_tensor(1.0))
    rounds, logits, _ = ops.while_loop(unsettled, one_round, state, maximum_iterations=max_rounds)
    return logits, rounds
