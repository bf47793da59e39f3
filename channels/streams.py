"""Symbols to the streams of several transmit antennas, and back."""

import math

import tensorflow as tf


def uses_of(count: int, streams: int) -> int:
    """Channel uses that `count` symbols take, `streams` at a time."""
    return math.ceil(count / streams)


def symbols_to_streams(symbols, streams: int):
    """[B, n] symbols -> [B, N, streams], N = ceil(n / streams); what is missing at the end is zero."""
    missing = -symbols.shape[-1] % streams
    return tf.reshape(tf.pad(symbols, [[0, 0], [0, missing]]), [-1, uses_of(symbols.shape[-1], streams), streams])


def streams_to_symbols(streamed, count: int):
    """Undo `symbols_to_streams`: [B, N, streams] -> [B, count], of any type."""
    return tf.reshape(streamed, [-1, streamed.shape[1] * streamed.shape[2]])[:, :count]
