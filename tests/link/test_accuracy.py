import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import linprog
from scipy.stats import norm

from diffsem.link import (
    ceiling_under_priors,
    effective_images,
    gap_interval,
    share_interval,
    simplex_ceiling,
    simplex_ceilings,
    wilson_interval,
)
from diffsem.models import NoiseSchedule


@given(total=st.integers(1, 20_000), share=st.floats(0, 1))
def test_wilson_interval_is_the_closed_form(total, share):
    correct = round(share * total)
    z, p = 1.959963984540054, correct / total
    centre = (p + z**2 / (2 * total)) / (1 + z**2 / total)
    half = z / (1 + z**2 / total) * np.sqrt(p * (1 - p) / total + z**2 / (4 * total**2))
    low, high = wilson_interval(correct, total)
    assert low == pytest.approx(max(0, centre - half), abs=1e-9)
    assert high == pytest.approx(min(1, centre + half), abs=1e-9)
    assert low <= p <= high


@pytest.mark.parametrize(("correct", "total"), [(2, 1), (-1, 5), (0, 0)])
def test_impossible_counts_are_refused(correct, total):
    with pytest.raises(ValueError):
        wilson_interval(correct, total)


def test_gap_interval_is_newcombes_published_example():
    # Newcombe (Statistics in Medicine 17, 1998), table II, method 10: 56/70 - 48/80.
    low, high = gap_interval(56, 70, 48, 80)
    assert (low, high) == (pytest.approx(0.0524, abs=5e-5), pytest.approx(0.3339, abs=5e-5))


def test_gap_interval_covers_the_true_gap_as_often_as_it_says(rng):
    correct, other = rng.binomial(400, 0.9, 2000), rng.binomial(400, 0.75, 2000)
    covered = 0
    for hits, other_hits in zip(correct, other, strict=True):
        low, high = gap_interval(hits, 400, other_hits, 400)
        covered += low <= 0.15 <= high
    assert 0.93 < covered / 2000 < 0.97


@pytest.mark.parametrize(("step", "expected"), [(240, 0.9997), (300, 0.970), (350, 0.820), (400, 0.578)])
def test_simplex_ceiling_at_the_steps_of_the_schedule(step, expected):
    assert simplex_ceiling(NoiseSchedule().esnr_db(step), 64, 10) == pytest.approx(expected, abs=6e-4)


def test_simplex_ceiling_is_what_a_simulated_simplex_code_reaches(rng):
    classes, symbols, snr = 10, 64, 10 ** (-12 / 10)
    code = np.eye(classes) - 1 / classes
    code *= np.sqrt(symbols * snr / (code[0] @ code[0]))
    labels = rng.integers(0, classes, 40_000)
    received = code[labels] + rng.standard_normal((40_000, classes))
    correct = int(((received @ code.T).argmax(axis=1) == labels).sum())
    low, high = wilson_interval(correct, 40_000)
    assert low - 0.002 <= simplex_ceiling(-12, symbols, classes) <= high + 0.002


@pytest.mark.parametrize(("symbols", "classes"), [(64, 10), (192, 10), (64, 3)])
def test_simplex_ceilings_are_those_of_the_integral(symbols, classes):
    esnr_db = np.array([-35.2, -21.97, -13.0, -4.4, 2.0])
    expected = []
    for value in esnr_db:
        offset = np.sqrt(classes / (classes - 1) * symbols * 10 ** (value / 10))
        integral = quad(lambda x, o=offset: norm.pdf(x - o) * norm.cdf(x) ** (classes - 1), offset - 9, offset + 9)
        expected.append(integral[0])
    np.testing.assert_allclose(simplex_ceilings(10 ** (esnr_db / 10), symbols, classes), expected, atol=1e-4)
    np.testing.assert_allclose([simplex_ceiling(v, symbols, classes) for v in esnr_db], expected, atol=1e-9)
    # Beyond the grid: nothing is left, or everything.
    np.testing.assert_allclose(simplex_ceilings([0, np.inf], symbols, classes), [1 / classes, 1], atol=0.02)


PRIORS = np.array([0.31, 0.24, 0.2, 0.1, 0.08, 0.07])


@pytest.mark.parametrize("esnr_db", [-30.0, -22.0, -15.0])
def test_under_priors_the_ceiling_is_what_map_decisions_on_the_simplex_reach(esnr_db, rng):
    """Codewords in 64 real symbols, noise of their own power over ESNR, and the likeliest class given both."""
    classes, symbols, draws = len(PRIORS), 64, 400_000
    simplex = np.eye(classes) - 1 / classes
    code = np.linalg.svd(simplex)[0][:, : classes - 1] * np.sqrt(classes / (classes - 1)) @ np.eye(classes - 1)
    code = simplex @ code
    code *= np.sqrt(symbols) / np.linalg.norm(code[0])
    sigma = 10 ** (-esnr_db / 20)
    sent = rng.choice(classes, draws, p=PRIORS)
    heard = code[sent] + sigma * rng.standard_normal((draws, classes - 1))
    decided = (heard @ code.T / sigma**2 + np.log(PRIORS)).argmax(axis=1)
    low, high = wilson_interval(int((decided == sent).sum()), draws)
    assert low - 1e-3 <= simplex_ceiling(esnr_db, symbols, classes, PRIORS) <= high + 1e-3


@pytest.mark.slow
@given(
    esnr_db=st.floats(-80, 60),
    weights=st.lists(st.floats(0, 1), min_size=2, max_size=10).filter(lambda w: sum(w) > 0.1),
)
def test_no_ceiling_is_above_one_or_below_saying_the_commonest_class(esnr_db, weights):
    priors = np.array(weights) / sum(weights)
    for ceiling in (
        simplex_ceiling(esnr_db, 64, len(priors), priors),
        simplex_ceilings([10 ** (esnr_db / 10)], 64, len(priors), priors)[0],
    ):
        assert priors.max() - 1e-12 <= ceiling <= 1
        assert ceiling >= simplex_ceiling(esnr_db, 64, len(priors)) - 1e-4
    equal = np.full(len(priors), 1 / len(priors))
    assert simplex_ceiling(esnr_db, 64, len(priors), equal) == pytest.approx(simplex_ceiling(esnr_db, 64, len(priors)))


def test_a_class_that_never_comes_does_not_count():
    assert simplex_ceiling(-20, 64, 10, [0.5, 0.5] + [0.0] * 8) == pytest.approx(simplex_ceiling(-20, 64, 2))
    assert simplex_ceiling(-20, 64, 10, [1.0] + [0.0] * 9) == 1


@given(ceiling=st.floats(0, 1), weights=st.lists(st.floats(0.01, 1), min_size=2, max_size=12))
def test_the_bound_under_priors_solves_its_linear_programme(ceiling, weights):
    """The most of sum p_i c_i over conditional accuracies in [0, 1] that add up to at most M times the ceiling."""
    priors = np.array(weights) / sum(weights)
    solved = linprog(-priors, A_ub=[np.ones(len(priors))], b_ub=[ceiling * len(priors)], bounds=(0, 1))
    assert ceiling_under_priors(ceiling, priors) == pytest.approx(-solved.fun, abs=1e-9)


def test_what_map_decisions_reach_is_under_the_bound_for_the_priors():
    for esnr_db in np.arange(-60.0, 20.0, 2.5):
        reached = simplex_ceiling(esnr_db, 64, len(PRIORS), PRIORS)
        assert reached <= ceiling_under_priors(simplex_ceiling(esnr_db, 64, len(PRIORS)), PRIORS) + 1e-9


def test_simplex_ceiling_runs_from_guessing_to_certainty():
    assert simplex_ceiling(-60, 64, 10) == pytest.approx(0.1, abs=0.01)
    assert simplex_ceiling(40, 64, 10) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize(("right", "wrong"), [(4, 2), (9, 1), (0.5, 0.3), (50, 50), (2, 0.1), (1, 1)])
@pytest.mark.parametrize(("images", "passes"), [(30, 20), (200, 5)])
def test_an_interval_clustered_by_image_covers_the_truth(right, wrong, images, passes):
    """Images differ in how often they are read, Beta(right, wrong): what is sought is the mean over all images."""
    rng = np.random.default_rng(1)
    truth, sweeps = right / (right + wrong), 1500
    correct = rng.binomial(passes, rng.beta(right, wrong, (sweeps, images)))
    total = np.full(images, passes)
    covered = 0
    for row in correct:
        low, high = share_interval(row.sum() / total.sum(), effective_images(row, total))
        covered += low <= truth <= high
    # Its own sampling error is 0.6 points.
    assert 0.92 <= covered / sweeps <= 0.975


def test_draws_of_images_that_are_all_alike_are_worth_nearly_all_of_them():
    rng = np.random.default_rng(1)
    correct = rng.binomial(20, 0.7, 500)
    assert 0.85 < effective_images(correct, np.full(500, 20)) / 10_000 <= 1


@given(
    total=st.lists(st.integers(0, 5), min_size=1, max_size=40).filter(any),
    seed=st.integers(0, 1000),
)
def test_effective_images_lie_between_nothing_and_all_draws(total, seed):
    total = np.array(total)
    correct = np.random.default_rng(seed).integers(0, total + 1)
    effective = effective_images(correct, total)
    assert 0 < effective <= total.sum()
    low, high = share_interval(correct.sum() / total.sum(), effective)
    assert 0 <= low <= correct.sum() / total.sum() <= high <= 1


def test_one_draw_an_image_is_worth_its_images():
    assert effective_images(np.array([1, 0, 1]), np.ones(3, int)) == 3
