"""The wiretap link whose transmitter sends bits: each node decides them over its own channel."""

from collections.abc import Sequence

import tensorflow as tf

from diffsem.channels import correlate, reseed
from diffsem.link.digital.digital_link import DigitalLink
from diffsem.link.digital.payload import FeaturePayload
from diffsem.link.transmission.observation import Observation
from diffsem.link.transmission.seeds import Seeds
from diffsem.models import NoiseSchedule


class DigitalWiretapLink:
    """image -> bits -> (channel, equaliser, demapper, decoder) of the receiver and, apart, of the eavesdropper.

    Both nodes listen to the same coded bits, and what a node has is the feature that its decided bits stand for. It is
    told how good its channel is: t' is the step whose noise-to-signal ratio is the channel's, N0 / Es. The transmitter
    adds no noise of its own. What a node can read is not bounded by its ESNR as where symbols are features.

    Repeated transmissions (looks) are observations by themselves: bits that are decided do not add up.

    Parameters
    ----------
    payload : FeaturePayload
        Its `bits` draw from the seed of the transmitter's own noise.
    legitimate, eavesdropper : DigitalLink
        The two listeners: alike but for channel and equaliser.
    schedule : NoiseSchedule
    fading_correlation : float
        Of the eavesdropper's fading with the receiver's, 0..1, in the transmission that both hear, as `WiretapLink`.

    Raises
    ------
    ValueError
        If the two links do not send the same coded bits, or a block of theirs is not one of the payload.

    Examples
    --------
    Both nodes at 60 dB have the same levels of the feature; two looks are two observations.

    >>> import math
    >>> import numpy as np
    >>> from diffsem.channels import BlockFadingChannel
    >>> from diffsem.link import DigitalLink, DigitalWiretapLink, QuantizedFeature, Seeds, UniformQuantizer
    >>> from diffsem.models import NoiseSchedule, mnist
    >>> payload = QuantizedFeature(mnist.Encoder(), UniformQuantizer(1))
    >>> node = DigitalLink(BlockFadingChannel(math.inf), "zf", "qpsk", None, payload.bits_count)
    >>> link, snr_db = DigitalWiretapLink(payload, node, node, NoiseSchedule()), np.full(2, 60.0)
    >>> receiver, heard, _ = link.transmit(np.ones([2, 28, 28, 1]), None, snr_db, [snr_db], Seeds(2, [1, 4], [3, 5]))
    >>> len(heard), [np.array_equal(each.received, receiver.received) for each in heard]
    (2, [True, True])
    """

    scrambled = True
    bounded_symbols = None

    def __init__(
        self,
        payload: FeaturePayload,
        legitimate: DigitalLink,
        eavesdropper: DigitalLink,
        schedule: NoiseSchedule,
        fading_correlation: float = 0.0,
    ):
        if legitimate.format != eavesdropper.format:
            raise ValueError(f"eavesdropper listens to {eavesdropper.format}; allowed: {legitimate.format}, as sent")
        if payload.bits_count != legitimate.information_bits:
            raise ValueError(
                f"link of {legitimate.information_bits} information bits; allowed: {payload.bits_count}, the payload's"
            )
        self.payload = payload
        self.legitimate = legitimate
        self.eavesdropper = eavesdropper
        self.schedule = schedule
        self.fading_correlation = fading_correlation

    @property
    def feature_shape(self) -> tuple[int, ...]:
        return self.payload.feature_shape

    @property
    def receiver_channel_uses(self) -> int:
        return self.legitimate.channel_uses

    @property
    def eavesdropper_channel_uses(self) -> int:
        return self.eavesdropper.channel_uses

    def observations(self, looks: int) -> int:
        """One each."""
        return looks

    def signal_power(self, step: int, noise_step: float) -> float:
        """NaN: no feature is radiated."""
        return float("nan")

    def transmit(
        self, image, step, snr_db, eavesdropper_snr_db: Sequence, seeds: Seeds
    ) -> tuple[Observation, list[Observation], tf.Tensor]:
        """One transmission of a batch, as `Link`; `step` has no meaning here, and s is 0.

        Where a feature that is sent is not finite, nor is any that is received of it.
        """
        image = tf.cast(image, tf.float32)
        noise_step = tf.zeros(tf.shape(image)[:1], tf.int32)
        sent = self.payload.bits(image, seeds.self_noise[0])
        reseed(seeds.legitimate)
        receiver_fading = self.legitimate.fading(tf.shape(image)[0])
        receiver = self._hear(self.legitimate, sent, snr_db, seeds.self_noise[0], receiver_fading)
        if len(eavesdropper_snr_db) == 0:
            return receiver, [], noise_step
        by_look = []
        for look, (payload_seed, channel_seed) in enumerate(zip(seeds.self_noise, seeds.eavesdropper, strict=True)):
            if look > 0:
                sent = self.payload.bits(image, payload_seed)
            heard = []
            for own_snr_db in eavesdropper_snr_db:
                reseed(channel_seed)
                fading = self.eavesdropper.fading(tf.shape(image)[0])
                if look == 0:
                    fading = correlate(fading, receiver_fading, self.fading_correlation)
                heard.append(self._hear(self.eavesdropper, sent, own_snr_db, payload_seed, fading))
            by_look.append(heard)
        overheard = [heard[place] for place in range(len(eavesdropper_snr_db)) for heard in by_look]
        return receiver, overheard, noise_step

    def _hear(self, link: DigitalLink, sent, snr_db, payload_seed, fading) -> Observation:
        no = tf.cast(10 ** (-tf.cast(snr_db, tf.float64) / 10), tf.float32)
        has_bit = tf.math.is_finite(sent)
        decided = link.transmit(tf.where(has_bit, sent, 0.0), no, payload_seed, fading)
        feature = self.payload.feature(decided)
        whole = tf.reshape(tf.reduce_all(has_bit, axis=1), [-1] + [1] * len(self.feature_shape))
        return Observation(tf.where(whole, feature, float("nan")), self.schedule.matched_step(no), 1 / no)
