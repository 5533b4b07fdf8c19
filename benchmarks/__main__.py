"""``python -m benchmarks [name]``: run every benchmark, or the one named."""

import argparse

from benchmarks import drag, evidence, kernels, refresh, sharing, store, view
from benchmarks.report import table

BENCHMARKS = {
    "drag": drag.rows,
    "kernels": kernels.rows,
    "evidence": evidence.rows,
    "view": view.rows,
    "sharing": sharing.rows,
    "store": store.rows,
    "refresh": refresh.rows,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", nargs="?", choices=BENCHMARKS)
    name = parser.parse_args().name
    for chosen in [name] if name else BENCHMARKS:
        print(f"{chosen}\n\n{table(BENCHMARKS[chosen]())}\n", flush=True)


if __name__ == "__main__":
    main()
