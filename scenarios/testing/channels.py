"""What every channel has to pass: its moments against theory."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from pydantic import TypeAdapter, ValidationError

from diffsem.channels import Channel, Csi, Equalizer, correlate, form_beams, reseed
from diffsem.link import InputError
from diffsem.scenarios.contracts.channel import Antennas
from diffsem.scenarios.links.kinds import find_channel
from diffsem.scenarios.schema.channels import BlockFadingKeys, TracedChannel
from diffsem.scenarios.schema.channels import Channel as ChannelWords

# Symbols of a transmission, transmissions, and standard errors that a mean may lie off.
SYMBOLS, TRANSMISSIONS, SIGMAS = 12, 8000, 5
NOISE = 0.1
WHERE = "channel"
ONE, PERFECT = Antennas(1, 1, 1), Csi()


def run_channel_test(words: Mapping[str, Any], transmissions: int = TRANSMISSIONS, symbols: int = SYMBOLS) -> None:
    """Send random symbols over a channel: one antenna, two, with pilots, in beams, and beside another node.

    Parameters
    ----------
    words : mapping
        As a scenario gives them: {"kind": a shipped one or module:NAME, ...}.
    transmissions : int
        Over whose draws means are taken; they may lie off by five standard errors.
    symbols : int
        Of a transmission; two at least, and an even number.

    Raises
    ------
    AssertionError
        If a gain has no unit mean energy, noise is not what is told, symbols do not come back where there is none,
        pilots, antennas or another node change that, a block does not hold, or a seed does not repeat its draws.
    InputError
        If there is no such kind, or it does not know a key.
    """
    _Trial(words, transmissions, symbols).run()


class _Trial:
    """A channel under test, and the symbols that are sent over it."""

    def __init__(self, words: Mapping[str, Any], transmissions: int, symbols: int) -> None:
        try:
            self.channel = find_channel(TypeAdapter(ChannelWords).validate_python(dict(words)), WHERE)
        except ValidationError as error:
            raise InputError(f"{WHERE}: {error.errors()[0]['msg']}") from error
        self.keys, self.transmissions = self.channel.keys, transmissions
        drawn = np.random.default_rng(0).integers(0, 4, (transmissions, symbols))
        self.symbols = tf.constant(np.exp(1j * np.pi * (0.25 + drawn / 2)).astype(np.complex64))
        self.noise = tf.fill([transmissions], NOISE)

    def run(self) -> None:
        reseed(0)
        layer = self.build()
        for check in (self.shapes, self.gains, self.noise_told, self.recovery, self.repeats):
            check(layer)
        # A trace is of the antennas that were traced.
        if not isinstance(self.keys, TracedChannel):
            self.noise_told(self.build(Antennas(1, 1, 2)), "over two receive antennas")
        self.pilots("ls")
        self.pilots("lmmse")
        if isinstance(self.keys, BlockFadingKeys):
            self.blocks()
        if self.keys.scatters:
            self.noise_told(self.build(Antennas(2, 2, 2)), "in two streams")
            self.correlation(layer)
            self.beams()

    def build(self, antennas: Antennas = ONE, csi: Csi = PERFECT, keys: Any = None) -> Any:
        layer = self.channel.kind.build(keys or self.keys, antennas, csi)
        assert isinstance(layer, keras.layers.Layer), f"its build gives {type(layer).__name__}, no Keras layer"
        assert isinstance(layer, Channel), "its layer lacks what diffsem.channels.Channel asks for"
        there = (layer.transmit_antennas, layer.receive_antennas)
        assert there == (antennas.transmit, antennas.receive), f"{there} antennas are built for {antennas}"
        return layer

    def send(self, layer: Any, fading: Any = None) -> tuple[np.ndarray, ...]:
        """(received, gain, noise), as the node has them."""
        return tuple(part.numpy() for part in layer([self.symbols, self.noise], fading))

    def shapes(self, layer: Any) -> None:
        received, gain, noise = self.send(layer)
        uses = (self.transmissions, self.symbols.shape[1])
        found = (received.shape, gain.shape, noise.shape)
        assert found == ((*uses, 1), (*uses, 1, 1), uses), f"received, gain and noise have shapes {found}"
        assert layer.channel_uses(uses[1]) >= uses[1], f"{layer.channel_uses(uses[1])} channel uses, {uses[1]} symbols"

    def gains(self, layer: Any) -> None:
        """A channel use has a mean gain of 1; without fading it is the same for all."""
        _, gain, _ = self.send(layer)
        energy = (np.abs(gain) ** 2).mean(axis=(1, 2, 3))
        _check_mean(energy, 1, "energy of its gain")
        fades = bool(energy.std() > 1e-4)
        assert fades == self.keys.fades, f"its keys say fades: {self.keys.fades}; gains say {fades}"

    def noise_told(self, layer: Any, where: str = "") -> None:
        """After equalisation, noise has the variance that is told, symbol by symbol."""
        count = self.symbols.shape[1]
        received, gain, noise = layer([self.symbols, self.noise])
        decided, variance = Equalizer("zf", count)([received, gain, noise])
        self.compare(decided, variance, f"noise after equalisation {where}".strip())

    def compare(self, decided: Any, variance: Any, what: str) -> None:
        error = np.abs(decided.numpy() - self.symbols.numpy()) ** 2
        _check_mean((error / variance.numpy()).mean(axis=1), 1, f"{what} over what is told")

    def recovery(self, layer: Any) -> None:
        """Without noise to speak of, symbols come back."""
        received = layer([self.symbols, tf.fill([self.transmissions], 1e-8)])
        error = np.abs(Equalizer("zf", self.symbols.shape[1])(received)[0].numpy() - self.symbols.numpy())
        off = (error > 0.05).mean()
        assert off < 0.01, f"at 80 dB, {off:.1%} of the symbols do not come back"

    def repeats(self, layer: Any) -> None:
        """All that it draws comes from the stream that `reseed` sets, and in a graph, too, each call draws anew."""
        send = tf.function(lambda: layer([self.symbols, self.noise])[0])
        reseed(3)
        first, second = send().numpy(), send().numpy()
        reseed(3)
        assert np.array_equal(send().numpy(), first), "the same seed gives other draws: draw from Sionna's stream"
        assert not np.array_equal(first, second), "a second transmission in a graph draws the same"

    def pilots(self, estimator: Any) -> None:
        """The gain is off by what is added to the noise for it, and pilots take channel uses."""
        count, keys = self.symbols.shape[1], self.keys
        if isinstance(keys, BlockFadingKeys):
            # One block, wherever its pilots are.
            keys = keys.model_copy(update={"coherence": None})
        layer, informed = self.build(csi=Csi(2, estimator), keys=keys), self.build(keys=keys)
        assert layer.channel_uses(count) > informed.channel_uses(count), "pilots take no channel uses"
        fading = layer.fading(self.transmissions, count)
        _, gain, noise = self.send(layer, fading)
        _, known, _ = self.send(informed, fading)
        told = float((noise - NOISE).mean())
        error = (np.abs(gain - known) ** 2).sum(axis=(2, 3)).mean(axis=1)
        # Whoever knows that a gain does not fade estimates it without any error.
        _check_mean(error, told, f"error of {estimator} estimates", slack=0.05)
        assert told > 0 or not self.keys.fades, f"with {estimator} estimates, nothing is added to the noise"

    def blocks(self) -> None:
        """A gain holds for a block of channel uses, and blocks fade by themselves."""
        coherence = 4
        keys = self.keys.model_copy(update={"coherence": coherence})
        _, gain, _ = self.send(self.build(keys=keys))
        blocks = gain[:, : gain.shape[1] // coherence * coherence, 0, 0].reshape(len(gain), -1, coherence)
        assert np.ptp(np.abs(blocks), axis=2).max() < 1e-6, "a gain changes within a coherence block"
        if self.keys.fades:
            assert np.ptp(np.abs(blocks[..., 0]), axis=1).min() > 0, "a gain stays over several coherence blocks"

    def correlation(self, layer: Any) -> None:
        """Fading has zero mean and unit energy, and so two nodes' can be correlated."""
        coefficient, count = 0.6, self.symbols.shape[1]
        own, other = (layer.fading(self.transmissions, count) for _ in range(2))
        axes = tuple(range(1, len(own.shape)))
        for name, part in (("mean", np.real), ("mean", np.imag)):
            _check_mean(part(own.numpy()).mean(axis=axes), 0, f"{name} of its fading")
        _check_mean((np.abs(own.numpy()) ** 2).mean(axis=axes), 1, "energy of its fading")
        product = np.real(correlate(own, other, coefficient).numpy() * other.numpy().conj()).mean(axis=axes)
        _check_mean(product, coefficient, "correlation of two nodes' fading")

    def beams(self) -> None:
        """One stream from two antennas: both add up at whoever it is formed for."""
        count = self.symbols.shape[1]
        layer = self.build(Antennas(2, 1, 1))
        state = layer.observe(layer.fading(self.transmissions, count), self.noise, count)
        nothing = tf.zeros([*self.symbols.shape, 0], tf.complex64)
        beams = form_beams(self.symbols, state.known, tf.ones([self.transmissions]), nothing)
        signal = tf.matmul(state.known, beams.signal)
        energy = (np.abs(signal.numpy()) ** 2).mean(axis=(1, 2, 3))
        _check_mean(energy, 2, "energy of a beam from two antennas")
        received = layer.carry(beams.antennas, state.gain, self.noise)
        noise = self.noise[:, None] + state.error
        symbols, effective_noise = Equalizer("zf", count)([received, signal, noise])
        self.compare(symbols, effective_noise, "noise in a beam")


def _check_mean(values: np.ndarray, expected: float, what: str, slack: float = 1e-3) -> None:
    """Whether independent values have a mean, by their own scatter, and a share of slack for arithmetic."""
    margin = SIGMAS * values.std() / np.sqrt(len(values)) + slack * max(abs(expected), 1e-3)
    assert abs(values.mean() - expected) <= margin, (
        f"mean of {what} is {values.mean():.4g}; expected: {expected:g} within {margin:.2g}"
    )
