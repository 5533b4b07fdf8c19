"""How often intervals of one correlation hold it, Fisher's and the bootstrap's.

Small runs of :mod:`simulations.intervals`, whose full size docs/simulations.md tabulates; windows
and envelopes are in test_interval_coverage.py.
"""

from simulations.intervals import CORRELATED, coverage

N = 90


def test_both_hold_93_to_97_percent_on_independent_and_on_garch_returns() -> None:
    """Over 600 series, up to two standard errors of 0.9 percentage points."""
    found = [
        coverage(CORRELATED[name], 300, N, seed=seed)
        for seed, name in enumerate(["independent days, normal", "GARCH, each its own"])
    ]
    for which in ("Fisher", "bootstrap"):
        assert 0.93 - 0.018 <= sum(of[which] for of in found) / 2 <= 0.97 + 0.018


def test_shared_fat_tails_mislead_fisher_and_not_the_bootstrap() -> None:
    found = coverage(CORRELATED["GARCH, one for both, t(5)"], 300, N)
    assert found["Fisher"] < 0.88
    assert 0.91 <= found["bootstrap"] <= 0.98


def test_returns_in_blocks_cost_both_a_few_percent() -> None:
    """91.5 and 90.7% at full size: stated, not hidden."""
    found = coverage(CORRELATED["blocks of 10 days with a level each"], 300, N)
    for share in found.values():
        assert 0.86 <= share <= 0.95
