"""Data, networks and links by name."""

import numpy as np
import pytest
import tensorflow as tf

import diffsem
from diffsem.link import BypassReceiver, Seeds

SCENARIO = diffsem.load_scenario("mnist-quick")


def test_the_pairs_images_are_four_fifths_and_nobody_shares_any():
    mnist = diffsem.load_dataset("mnist")
    assert len(mnist.test) == 10_000
    assert len(mnist.pair) == 4 * len(mnist.surrogate)
    assert mnist.test.images.dtype == np.uint8


def test_a_scenario_says_its_data_set():
    mnist = diffsem.load_dataset(SCENARIO)
    assert mnist.test_sha256() == diffsem.load_dataset("mnist").test_sha256()


def test_an_unknown_data_set_is_told_in_one_line():
    with pytest.raises(diffsem.InputError, match="dataset: mnits: unknown; did you mean mnist"):
        diffsem.load_dataset("mnits")


def test_the_link_and_the_classifier_read_as_the_table_says():
    """Sent by hand over a clean channel the pair reads as many as the paper's pair does in its training record."""
    link, classifier = diffsem.load_link(SCENARIO), diffsem.load_network(SCENARIO, "classifier")
    test = diffsem.load_dataset(SCENARIO).test[:500]
    count = len(test)
    snr_db, own_snr_db = tf.fill([count], 30.0), tf.fill([count], -10.0)
    steps, seeds = tf.zeros(count, tf.int32), Seeds(1, [2], [3])
    heard, (own,), _ = link.transmit(test.as_float(), steps, snr_db, [own_snr_db], seeds)
    logits, _ = BypassReceiver(classifier)([heard.received, heard.step])
    accuracy = np.mean(np.argmax(logits, 1) == test.labels)
    assert accuracy == pytest.approx(0.98, abs=0.02)
    # At -10 dB noise has ten times the signal's power.
    assert 10 * np.log10(np.mean(own.esnr)) == pytest.approx(-10, abs=0.2)


def test_unknown_networks_and_transmitters_are_answered_with_the_nearest():
    with pytest.raises(diffsem.InputError, match="network: clasifier: unknown; did you mean classifier"):
        diffsem.load_network(SCENARIO, "clasifier")
    with pytest.raises(diffsem.InputError, match="transmitter: clean: unknown; did you mean clean-pair"):
        diffsem.load_link(SCENARIO, "clean")
