"""``python -m simulations [name]``: run every simulation in full, or the one named."""

import argparse
import sys

from simulations import event_study, lead_lag, specification

SIMULATIONS = {
    "event-study": event_study.report,
    "specification": specification.report,
    "lead-lag": lead_lag.report,
}


def main() -> None:
    """Write the tables to standard output."""
    parser = argparse.ArgumentParser(prog="python -m simulations", description=__doc__)
    parser.add_argument("name", nargs="?", choices=SIMULATIONS)
    name = parser.parse_args().name
    for chosen in [name] if name else SIMULATIONS:
        sys.stdout.write(f"## {chosen}\n\n{SIMULATIONS[chosen]()}\n\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
