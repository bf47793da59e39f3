"""Channels over an OFDM grid with pilots, by Sionna: 3GPP TDL and CDL, and ray-traced ones."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Literal

import keras
import numpy as np
import tensorflow as tf
from sionna.phy.channel import AWGN, ApplyOFDMChannel, GenerateOFDMChannel
from sionna.phy.channel.tr38901 import CDL, TDL, PanelArray
from sionna.phy.ofdm import (
    KroneckerPilotPattern,
    LinearInterpolator,
    LMMSEInterpolator,
    LSChannelEstimator,
    PilotPattern,
    ResourceGrid,
    ResourceGridMapper,
)

from diffsem.channels.channel import ChannelState
from diffsem.channels.csi import Csi, csi_of
from diffsem.channels.randomness import undisturbed
from diffsem.channels.rays import Rays
from diffsem.channels.streams import symbols_to_streams, uses_of

# Of the model's own statistics, which the LMMSE estimator is told.
COVARIANCE_DRAWS = 4096


@dataclass(frozen=True)
class Multipath:
    """A channel model of 3GPP TR 38.901, section 7.7, and the grid that samples it.

    Parameters
    ----------
    family : str
        "tdl" or "cdl".
    model : str
        A, B, C (without line of sight), D or E (with).
    delay_spread_ns : float
        Root mean square, ns.
    carrier_ghz : float
    speed_mps : float
        Of the node, m/s; its Doppler spread decorrelates the OFDM symbols.
    subcarriers : int
    subcarrier_spacing_khz : float

    Examples
    --------
    >>> from diffsem.channels import Multipath, OfdmChannel
    >>> OfdmChannel(Multipath(subcarriers=48)).channel_uses(64)  # two whole OFDM symbols
    96
    """

    family: Literal["tdl", "cdl"] = "tdl"
    model: Literal["A", "B", "C", "D", "E"] = "A"
    delay_spread_ns: float = 100.0
    carrier_ghz: float = 3.5
    speed_mps: float = 0.0
    subcarriers: int = 16
    subcarrier_spacing_khz: float = 60.0


@keras.saving.register_keras_serializable("diffsem")
class OfdmChannel(keras.layers.Layer):
    """y = H x + n on every resource element of a grid, H from a TDL or CDL model or traced rays; n ~ CN(0, no I).

    A transmission fills as many OFDM symbols as its data need, and as many again as carry pilots; those are spread
    evenly over it. Every transmit antenna sends a stream with its share of the energy; pilots of different antennas
    stand on different subcarriers. The cyclic prefix is taken to be longer than the channel, and the Doppler spread
    small against the subcarrier spacing: a resource element meets no other. SNR is the average over draws of the
    channel; no draw is normalised.

    A least-squares node does not know by how much the channel departs from a straight line between pilots, and tells
    too little noise where that is more than the noise: told over true 0.94 at 300 ns and two streams of two pilots,
    0.80 at 30 m/s and one pilot (TDL-A, 16 subcarriers, 64 symbols, 20 dB, no self-noise, gains of unit energy). It is
    1.00 for two pilots, 300 ns, 3 m/s and 32 subcarriers up to 20 dB.

    Parameters
    ----------
    multipath : Multipath, Rays or dict, optional
        The model and the grid, or their fields.
    transmit_antennas, receive_antennas : int
        More than one: independent for TDL; vertically polarised uniform linear arrays for CDL, half a wavelength apart;
        those that were traced for rays.
    csi : Csi or dict, optional
        What the node knows of H, or its fields; perfect by default. "ls" is interpolated linearly, "lmmse" by the
        model's own covariances over time and frequency.
    streams : int, optional
        As for BlockFadingChannel; with fewer than transmit antennas, CSI must be perfect.

    Input
    -----
    [symbols, no]
        symbols : [B, n], complex64; unit mean energy.
        no : [B], float; noise variance a resource element and receive antenna, 1 / (mean Es/N0).
    fading : [B, OFDM symbols, subcarriers, receive antennas, transmit antennas], complex64, optional
        H, as the method `fading` draws it. Default: a fresh draw.

    Output
    ------
    received : [B, N, receive antennas], complex64
        y in the N resource elements that carry data.
    gain : [B, N, receive antennas, transmit antennas], complex64
        What the node knows of the gain of every stream of unit energy.
    noise : [B, N], float32
        Noise variance a receive antenna, what the error of the gain adds to it included.

    Raises
    ------
    ValueError
        If the subcarriers do not divide among the transmit antennas' pilots, or the CSI is outdated by other means than
        the node's speed, or there are fewer streams than transmit antennas and pilots, or a call; or rays were traced
        between other numbers of antennas.

    Examples
    --------
    Two OFDM symbols of data and two of pilots, 16 subcarriers each.

    >>> import numpy as np
    >>> from diffsem.channels import Csi, Multipath, OfdmChannel
    >>> channel = OfdmChannel(Multipath(model="C"), receive_antennas=2, csi=Csi(pilots=2))
    >>> received, gain, noise = channel([np.ones((5, 32), "complex64"), np.full(5, 0.1, "float32")])
    >>> channel.channel_uses(32), received.shape.as_list(), gain.shape.as_list()
    (64, [5, 32, 2], [5, 32, 2, 1])
    """

    def __init__(self, multipath=None, transmit_antennas=1, receive_antennas=1, csi=None, streams=None, **kwargs):
        super().__init__(**kwargs)
        self.multipath = _multipath_of(multipath)
        self.transmit_antennas = transmit_antennas
        self.receive_antennas = receive_antennas
        self.csi: Csi = csi_of(csi)
        self.streams = streams or transmit_antennas
        if self.streams != transmit_antennas and self.csi.pilots:
            raise ValueError("beams on a grid need perfect channel knowledge")
        if self.multipath.subcarriers % transmit_antennas:
            raise ValueError(
                f"subcarriers {self.multipath.subcarriers}: must be a multiple of the {transmit_antennas} transmit "
                "antennas, whose pilots share them"
            )
        if self.csi.correlation != 1:
            raise ValueError("correlation: on a grid, channel knowledge grows old by the node's speed")
        self._draw = _draw_of(self.multipath, transmit_antennas, receive_antennas)
        self._apply = ApplyOFDMChannel()
        self._awgn = AWGN()
        self._grids: dict[int, _Grid] = {}

    def channel_uses(self, count: int) -> int:
        """Resource elements of the grid that `count` symbols take, pilots and empty ones among them."""
        return self._ofdm_symbols(count) * self.multipath.subcarriers

    def fading(self, batch, count: int, place=None):
        """H for `count` symbols, [batch, OFDM symbols, subcarriers, receive antennas, transmit antennas].

        `place` as `Rays.draw` has it; of rays only.
        """
        draw = self._grid(count).draw
        return draw(batch) if place is None else draw(batch, place)

    def observe(self, fading, no, count: int) -> ChannelState:
        """The channel between antennas where `count` symbols are, known perfectly.

        Parameters
        ----------
        fading : [B, OFDM symbols, subcarriers, receive antennas, transmit antennas], complex64
        no : [B], float
        count : int
        """
        gain = self._data(fading, self._grid(count))[:, : uses_of(count, self.streams)]
        return ChannelState(gain, gain, tf.zeros(tf.shape(gain)[:2]))

    def carry(self, antennas, gain, no):
        """[B, N, K] what antennas radiate, over gains [B, N, M, K] -> [B, N, M] what is received in noise no [B]."""
        return self._awgn(tf.linalg.matvec(gain, antennas), no)

    def call(self, inputs, fading=None):
        symbols, no = inputs
        if self.streams != self.transmit_antennas:
            raise ValueError(f"{self.streams} streams over {self.transmit_antennas} antennas: form beams first")
        count = symbols.shape[-1]
        grid = self._grid(count)
        if fading is None:
            fading = self.fading(tf.shape(symbols)[0], count)
        gain = fading / math.sqrt(self.transmit_antennas)
        response = tf.transpose(gain, [0, 3, 4, 1, 2])[:, None, :, None]
        streams = tf.transpose(symbols_to_streams(symbols, self.transmit_antennas), [0, 2, 1])
        empty = grid.data.shape[0] - streams.shape[-1]
        sent = grid.place(tf.pad(streams, [[0, 0], [0, 0], [0, empty]])[:, None])
        heard = self._apply(sent, response, no)  # [B, 1, rx, OFDM symbols, subcarriers]
        noise = tf.broadcast_to(no[:, None, None], tf.shape(gain)[:3])
        if grid.estimate is not None:
            known, error = grid.estimate(heard, no)
            gain = tf.transpose(known[:, 0, :, 0], [0, 3, 4, 1, 2])
            if grid.noise_share is not None:
                error = no[:, None, None, None, None, None, None] * grid.noise_share
            # The same for all antennas; the error of all streams' gains together meets a channel use's energy.
            noise += tf.reduce_sum(error[:, 0, 0, 0], axis=1)
        heard = tf.transpose(heard[:, 0], [0, 2, 3, 1])
        uses = uses_of(count, self.transmit_antennas)
        return tuple(self._data(values, grid)[:, :uses] for values in (heard, gain, noise))

    def _data(self, values, grid):
        """[B, OFDM symbols, subcarriers, ...] -> [B, data resource elements, ...]."""
        flat = tf.reshape(values, [-1, values.shape[1] * values.shape[2], *values.shape[3:]])
        return tf.gather(flat, grid.data, axis=1)

    def _ofdm_symbols(self, count: int) -> int:
        return math.ceil(uses_of(count, self.streams) / self.multipath.subcarriers) + self.csi.pilots

    def _grid(self, count: int) -> "_Grid":
        symbols = self._ofdm_symbols(count)
        if symbols not in self._grids:
            with tf.init_scope():  # its constants outlive the graph that is being traced
                self._grids[symbols] = _build_grid(self, symbols)
        return self._grids[symbols]

    def compute_output_spec(self, inputs, fading=None):
        symbols, _ = inputs
        shape = (symbols.shape[0], uses_of(symbols.shape[-1], self.transmit_antennas), self.receive_antennas)
        return (
            keras.KerasTensor(shape, dtype="complex64"),
            keras.KerasTensor((*shape, self.transmit_antennas), dtype="complex64"),
            keras.KerasTensor(shape[:2], dtype="float32"),
        )

    def get_config(self):
        return super().get_config() | {
            "multipath": self.multipath.stored() if isinstance(self.multipath, Rays) else asdict(self.multipath),
            "transmit_antennas": self.transmit_antennas,
            "receive_antennas": self.receive_antennas,
            "csi": asdict(self.csi),
            "streams": self.streams,
        }


@dataclass(frozen=True)
class _Grid:
    """What belongs to one size of the grid.

    Parameters
    ----------
    draw : callable
        Batch -> H, as `OfdmChannel.fading` gives it.
    place : ResourceGridMapper
    data : [N], int
        Places of its data, row by row.
    estimate : LSChannelEstimator or None
    noise_share : [streams, OFDM symbols, subcarriers], float32, or None
        Variance of a linearly interpolated estimate's error over that of the noise. Sionna's own is 1 dB too large
        where estimates are averaged: it interpolates variances as it does estimates.
    """

    draw: Callable
    place: ResourceGridMapper
    data: np.ndarray
    estimate: LSChannelEstimator | None = None
    noise_share: tf.Tensor | None = None


def _build_grid(channel: OfdmChannel, ofdm_symbols: int) -> _Grid:
    antennas, csi, multipath = channel.transmit_antennas, channel.csi, channel.multipath
    grid = ResourceGrid(
        ofdm_symbols, multipath.subcarriers, multipath.subcarrier_spacing_khz * 1e3, num_streams_per_tx=antennas
    )
    draw = channel._draw(grid)
    carries_data = np.ones([ofdm_symbols, multipath.subcarriers], bool)
    if not csi.pilots:
        return _Grid(draw, ResourceGridMapper(grid), np.flatnonzero(carries_data))
    places = np.unique(np.rint(np.linspace(0, ofdm_symbols - 1, csi.pilots)).astype(int))
    carries_data[places] = False
    pattern = KroneckerPilotPattern(grid, list(places))
    pattern = PilotPattern(pattern.mask, pattern.pilots * math.sqrt(csi.boost))
    grid.pilot_pattern = pattern
    if csi.estimator == "lmmse":
        time, frequency = _covariances(draw)
        # The second pass takes errors of the first for independent. From one OFDM symbol, those over time are the same
        # on all subcarriers; from several, those over frequency are the same in all of them.
        order = "f-t" if len(places) == 1 else "t-f"
        estimate = LSChannelEstimator(
            grid, interpolator=LMMSEInterpolator(pattern, time / antennas, frequency / antennas, order=order)
        )
        noise_share = None
    else:
        estimate, noise_share = LSChannelEstimator(grid, "lin"), _noise_share(pattern)
    return _Grid(draw, ResourceGridMapper(grid), np.flatnonzero(carries_data), estimate, noise_share)


def _noise_share(pattern: PilotPattern):
    """Noise variance of linearly interpolated least-squares estimates for noise of unit variance: [streams, S, F]."""
    energy = np.abs(pattern.pilots.numpy()[0]) ** 2  # [streams, pilots]
    count = energy.shape[-1]
    # The interpolation is linear: what it makes of each pilot alone tells all.
    alone = tf.eye(count, dtype=tf.complex64)[:, None, None, None, None, :]
    alone = tf.tile(alone, [1, 1, 1, 1, len(energy), 1])
    weight, _ = LinearInterpolator(pattern)(alone, tf.zeros(alone.shape))
    variance = np.divide(1, energy, out=np.zeros_like(energy), where=energy > 0)
    return tf.einsum("pkst,kp->kst", tf.abs(weight[:, 0, 0, 0]) ** 2, variance)


def _covariances(draw: Callable):
    """Of a channel over OFDM symbols [S, S] and over subcarriers [F, F], sampled from its model."""
    with undisturbed(seed=0):
        response = draw(COVARIANCE_DRAWS)[..., 0, 0].numpy()
    _, symbols, subcarriers = response.shape
    over_time = response.transpose(0, 2, 1).reshape(-1, symbols)
    over_frequency = response.reshape(-1, subcarriers)
    return tuple(tf.constant(rows.T @ rows.conj() / len(rows), tf.complex64) for rows in (over_time, over_frequency))


def _multipath_of(words: "Multipath | Rays | dict | None") -> "Multipath | Rays":
    """From an object, from its fields as they are stored, or the default."""
    if not isinstance(words, dict):
        return words or Multipath()
    return Rays.restored(words) if "delays" in words else Multipath(**words)


def _draw_of(multipath: "Multipath | Rays", transmit_antennas: int, receive_antennas: int) -> Callable:
    """Grid -> (batch -> H)."""
    if isinstance(multipath, Rays):
        if multipath.gains.shape[1:3] != (receive_antennas, transmit_antennas):
            raise ValueError(
                f"rays from {multipath.gains.shape[2]} to {multipath.gains.shape[1]} antennas; there are "
                f"{transmit_antennas} and {receive_antennas}"
            )
        return lambda grid: lambda *where: multipath.draw(grid.num_ofdm_symbols, *where)
    model = _channel_model(multipath, transmit_antennas, receive_antennas)

    def of_grid(grid: ResourceGrid) -> Callable:
        response = GenerateOFDMChannel(model, grid)  # [batch, 1, rx, 1, tx, OFDM symbols, subcarriers]
        return lambda batch: tf.transpose(response(batch)[:, 0, :, 0], [0, 3, 4, 1, 2])

    return of_grid


def _channel_model(multipath: Multipath, transmit_antennas: int, receive_antennas: int):
    spread, carrier = multipath.delay_spread_ns * 1e-9, multipath.carrier_ghz * 1e9
    if multipath.family == "tdl":
        return TDL(
            multipath.model,
            spread,
            carrier,
            min_speed=multipath.speed_mps,
            num_rx_ant=receive_antennas,
            num_tx_ant=transmit_antennas,
        )
    transmitter, receiver = (
        PanelArray(
            num_rows_per_panel=1,
            num_cols_per_panel=antennas,
            polarization="single",
            polarization_type="V",
            antenna_pattern="omni",
            carrier_frequency=carrier,
        )
        for antennas in (transmit_antennas, receive_antennas)
    )
    return CDL(multipath.model, spread, carrier, receiver, transmitter, "downlink", min_speed=multipath.speed_mps)
