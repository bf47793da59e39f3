from dataclasses import replace

import pytest

from diffsem.scenarios import load_scenario
from diffsem.scenarios.reporting.figures import (
    accuracy_figure,
    attacks_figure,
    channel_figure,
    front_figure,
    quality_figure,
)
from diffsem.scenarios.reporting.setting import nodes, setting


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ([], "both awgn"),
        (["eavesdropper.snr_db={offset: -5}"], "both awgn; eavesdropper offset -5 dB"),
        (["eavesdropper.snr_db={offset: 0}"], "both awgn"),
        (["eavesdropper.snr_db={distance: 10, path_loss_exponent: 2}"], "both awgn; eavesdropper offset -20 dB"),
        (["eavesdropper.snr_db=[0, 5, 10]"], "both awgn; eavesdropper SNR 0, 5, 10 dB"),
        (["legitimate.snr_db=[15]", "eavesdropper.snr_db=[15]"], "both awgn"),
        (["eavesdropper.looks=10"], "both awgn; eavesdropper 10 looks"),
        (["eavesdropper.looks=[1, 10]"], "both awgn; eavesdropper 1/10 looks"),
        (["eavesdropper.receive_antennas=[1, 4]"], "receiver awgn; eavesdropper awgn, 1/4 antennas"),
        (
            [
                "eavesdropper.channel={kind: rayleigh}",
                "eavesdropper.snr_db={offset: -5}",
                "eavesdropper.receive_antennas=2",
                "eavesdropper.looks=10",
            ],
            "receiver awgn; eavesdropper rayleigh, offset -5 dB, 2 antennas, 10 looks",
        ),
        (["legitimate.receive_antennas=2", "eavesdropper.receive_antennas=2"], "both awgn, 2 antennas"),
        (["legitimate.receive_antennas=2"], "receiver awgn, 2 antennas; eavesdropper awgn, 1 antenna"),
        (
            ["legitimate.channel={kind: rician}", "eavesdropper.channel={kind: rician, k_factor_db: 0}"],
            "receiver rician k_factor_db 6.0; eavesdropper rician k_factor_db 0.0",
        ),
        (
            ["legitimate.channel={kind: rayleigh}", "eavesdropper.channel={kind: rayleigh, coherence: 8}"],
            "receiver rayleigh; eavesdropper rayleigh coherence 8",
        ),
    ],
)
def test_titles_say_what_the_eavesdropper_does_not_share_with_the_receiver(overrides, words, table):
    scenario = load_scenario("mnist-awgn", overrides)
    built = replace(table(), attributes={"scenario": scenario.to_yaml()})
    assert setting(scenario.to_yaml(), built.rows) == words
    without = words.split(";")[0].removeprefix("both ").removeprefix("receiver ").removesuffix(" k_factor_db 6.0")
    assert setting(scenario.to_yaml(), built.rows[:0]) == without


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ([], "receiver awgn, 1 x 1 antennas; eavesdropper awgn, 1 antenna, same SNR"),
        (
            ["eavesdropper.channel={kind: rayleigh, coherence: 8}", "eavesdropper.snr_db={offset: -5}"],
            "receiver awgn, 1 x 1 antennas; eavesdropper rayleigh coherence 8, 1 antenna, offset -5 dB",
        ),
        (
            ["legitimate.receive_antennas=2", "eavesdropper.receive_antennas=4", "eavesdropper.snr_db=[0, 5]"],
            "receiver awgn, 1 x 2 antennas; eavesdropper awgn, 4 antennas, SNR 0, 5 dB",
        ),
        (
            ["legitimate.channel={kind: rician, k_factor_db: 3}", "eavesdropper.looks=10"],
            "receiver rician k_factor_db 3.0, 1 x 1 antennas; eavesdropper awgn, 1 antenna, same SNR, 10 looks",
        ),
    ],
)
def test_captions_say_channel_antennas_and_snr_of_both_nodes(overrides, words, table, attacked_table):
    scenario = load_scenario("mnist-awgn", overrides)
    built = replace(table(), attributes={"scenario": scenario.to_yaml()})
    assert nodes(scenario.to_yaml(), built.rows) == words
    assert nodes(scenario.to_yaml(), built.rows[:0]) == words.split(";")[0]
    judged = replace(attacked_table(), attributes=built.attributes)
    figures = [accuracy_figure(built, "timestep", 15.0), attacks_figure(built, "clean-pair", 15.0)]
    figures += [quality_figure(judged, 15.0), channel_figure(built, "diffsem"), front_figure([built], 15.0)]
    for figure in figures:
        assert figure.get_label().startswith(f"mnist-awgn: {words}; ")
        assert figure.get_suptitle().replace("\n", " ") == figure.get_label()
    for figure in (*figures[:3], figures[-1]):
        assert "receiver SNR 15 dB" in figure.get_label()


def test_titles_read_a_scenario_from_before_the_newer_keys(table):
    older = "name: old\nlegitimate: {snr_db: [15], channel: {kind: awgn}}\neavesdropper: {snr_db: same}\n"
    assert setting(older, table().rows) == "both awgn"
    assert setting("name: old\n", table().rows) == "both awgn"
