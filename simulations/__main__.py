"""``python -m simulations [name]``: run every simulation in full, or the one named."""

import argparse
import sys
from time import process_time

from simulations import event_study, intervals, lead_lag, moves, regimes, specification

SIMULATIONS = {
    "intervals": ("Intervals of a correlation", intervals.report),
    "event-study": ("Event study", event_study.report),
    "lead-lag": ("Lead and lag", lead_lag.report),
    "regimes": ("Regime changes of a correlation", regimes.report),
    "moves": ("Doubtful moves of a price", moves.report),
    "specification": ("Specification curve", specification.report),
}


def main() -> None:
    """Write the tables to standard output."""
    parser = argparse.ArgumentParser(prog="python -m simulations", description=__doc__)
    parser.add_argument("name", nargs="?", choices=SIMULATIONS)
    name = parser.parse_args().name
    for chosen in [name] if name else SIMULATIONS:
        title, report = SIMULATIONS[chosen]
        sys.stdout.write(f"## {title}\n\n{report()}\n\n")
        sys.stdout.flush()
    sys.stdout.write(f"{process_time():.0f} seconds of one core.\n")


if __name__ == "__main__":
    main()
