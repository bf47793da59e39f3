"""How images are learnt: the loss, and a decoder that has learnt nothing."""

import numpy as np
import pytest

from diffsem.scenarios.attacks import shipped_attacks
from diffsem.scenarios.attacks.reconstruction import reconstruct, reconstruction_loss
from diffsem.scenarios.contracts.attack import Target

TARGET = Target((8, 8, 1), (28, 28, 1), 10, pixel_rms=0.33)


def test_the_reconstruction_loss_is_mse_and_a_tenth_of_what_ssim_lacks():
    left, right = np.full((2, 28, 28, 1), 0.25, np.float32), np.full((2, 28, 28, 1), 0.5, np.float32)
    # Of two constant images only the luminance term of eq. 8 is left, with C1 = 0.01 ** 2.
    ssim = (2 * 0.25 * 0.5 + 1e-4) / (0.25**2 + 0.5**2 + 1e-4)
    expected = 0.25**2 + 0.1 * (1 - ssim)
    np.testing.assert_allclose(reconstruction_loss(left, right), expected, rtol=1e-3)


class Standing:
    """Stands for an Eavesdropping: every training ends with the given losses."""

    def __init__(self, losses, method):
        self.losses, self.method, self.seen = losses, method, []

    def fit(self, model, loss, target, part="", *options):
        self.seen.append(part)
        return [{"val_loss": value} for value in self.losses]

    def rebuilt(self):
        return self.method.build(TARGET)


@pytest.mark.parametrize(("losses", "parts"), [((0.2, 0.1), [""]), ((0.2, 0.199), ["", "again"])])
@pytest.mark.parametrize("name", ["inversion-conv", "denoise-invert"])
def test_a_decoder_that_has_learnt_nothing_begins_once_more_from_other_weights(name, losses, parts):
    method = shipped_attacks()[name]
    eavesdropping, model = Standing(losses, method), method.build(TARGET)

    def decoder_of(attack):
        return attack.network if name == "denoise-invert" else attack

    before = decoder_of(model).get_weights()
    history = reconstruct(eavesdropping, model, decoder_of=decoder_of)
    assert eavesdropping.seen == parts
    assert len(history) == 2 * len(parts)
    moved = any(np.abs(old - new).max() > 0 for old, new in zip(before, decoder_of(model).get_weights(), strict=True))
    assert moved == (len(parts) == 2)
