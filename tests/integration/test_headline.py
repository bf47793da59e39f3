"""The paper's headline, on fewer images than the README's: a gain over the bypassed denoiser, next to its controls."""

import pytest

from diffsem.scenarios import load_scenario, run_scenario


@pytest.mark.slow
def test_denoising_receivers_beat_the_bypass_with_disjoint_intervals():
    scenario = load_scenario("mnist-quick", ["legitimate.snr_db=[15]", "eavesdropper.attacks=[]"])
    rows = run_scenario(scenario).set_index("system")
    for system, points in (("diffsem", 3.35), ("e-diffsem", 10.03)):
        assert rows.loc[system, "ci_low"] > rows.loc["classifier", "ci_high"]
        assert 100 * (rows.loc[system, "accuracy"] - rows.loc["classifier", "accuracy"]) >= points
    # The controls stand in the same table, and the denoiser's own share of the gain is the smaller one.
    assert rows.loc["noise-aware", "ci_low"] > rows.loc["classifier", "ci_high"]
