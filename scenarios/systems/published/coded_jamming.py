"""Superposed jamming that the receiver cancels, as a defence of the reference pair.

Chen et al., "A Coding-Enhanced Jamming Approach for Secure Semantic Communication over Wiretap Channels", arXiv
2504.16960. From its text: a second 4-QAM sequence out of a private codebook is superposed on what carries the image,
a coefficient shares the power out, and the receiver, told which of them was taken, decodes it first and removes it. It
claims an eavesdropper who all but guesses, and a receiver 1 dB better than with other defences. Chosen here: the
feature stays as it is instead of becoming 4-QAM; 1,024 words of independent signs, where the paper encodes secret
images; the step t sets the coefficient, abar_t to the feature; the receiver knows the word, so that nothing of it
stays. How many words there are is public (Kerckhoffs), and ten bits a transmission tell which one it is.
"""

from diffsem.scenarios.contracts.entry import Entry
from diffsem.scenarios.contracts.system import System
from diffsem.scenarios.contracts.transmitter import TransmitterSpec
from diffsem.scenarios.systems import reference
from diffsem.scenarios.systems.clean_pair import bypass

NAME = "coded-jamming"
WORDS = 1024

SYSTEMS = (
    System(
        NAME,
        "jamming by a codebook",
        "#2805F2",
        TransmitterSpec(NAME, reference.ENCODER, keyed=True, codewords=WORDS),
        networks=lambda setup: {reference.CLASSIFIER: 1},
        receiver=lambda setup, load: bypass(setup, load(reference.CLASSIFIER)),
        stages=(reference.TRAIN,),
        # The key takes the jamming away.
        at_transmitters_step=False,
        entries=(
            Entry(
                450,
                claim="an eavesdropper who all but guesses, without a key to be sent",
                secret="a codebook, and which of 1,024 words is on",
            ),
        ),
    ),
)
