"""The workload `cells`: unlike cells with Hodgkin-Huxley channels everywhere. Specification: README.md.

No simulator is imported here. usage: python cells.py [N]   prints what identifies the cells.
"""
import json
import os
import sys
import time

N, ENOUGH, COMPARTMENT_UM = 32, 480, 10.0
SOMA_UM, STEM_DIAMETER = 20.0, 300        # um; hundredths of um
DT, TSTOP, THRESHOLD = 0.025, 100.0, -10.0

os.environ.setdefault("OMP_NUM_THREADS", "1")


def scramble(x):
    """A number of 32 bits made of x: multiplications and shifts, each of which can be undone."""
    x &= 0xFFFFFFFF
    x ^= x >> 16
    x = x * 0x21F0AAAD & 0xFFFFFFFF
    x ^= x >> 15
    x = x * 0x735A2D97 & 0xFFFFFFFF
    return x ^ x >> 15


def cell(index):
    """-> [(parent branch or -1 for the soma, compartments, diameter in hundredths of um)]."""
    def branch(parent, number):
        compartments = 4 + scramble(1000 * index + number) % 21
        diameter = STEM_DIAMETER if parent < 0 else max(60, branches[parent][2] * 3 // 4)
        return parent, compartments, diameter

    branches = []
    total = 1
    for _ in range(5):
        branches.append(branch(-1, len(branches)))
        total += branches[-1][1]
    parent = 0
    while total < ENOUGH:
        for _ in range(2):
            branches.append(branch(parent, len(branches)))
            total += branches[-1][1]
        parent += 1
    return branches


def current(index):
    """The current into the soma from time 0 on, nA."""
    return 2.0 + index % 8 / 8


def compartments(branches):
    return 1 + sum(n for _, n, _ in branches)


def options(about):
    import argparse
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--cells", type=int, default=N)
    parser.add_argument("--dt", type=float, default=DT)
    parser.add_argument("--tstop", type=float, default=TSTOP)
    parser.add_argument("--threads", type=int, default=1)
    return parser


class Stopwatch:
    """Wall and CPU seconds (all threads of the process) since it was made."""

    def __init__(self):
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def read(self):
        return time.perf_counter() - self.wall, time.process_time() - self.cpu


def emit(peer, version, arguments, setup_s, run, n_compartments, spikes):
    """Prints the one line of results. spikes: [(ms, cell)]."""
    spikes = sorted((round(float(t), 4), int(k)) for t, k in spikes)
    count = [sum(1 for _, k in spikes if k == c) for c in range(arguments.cells)]
    of_first = [t for t, k in spikes if k == 0]
    check = dict(spikes_per_cell=count, sum_t=round(sum(t for t, _ in spikes), 3),
                 cell0_first=of_first[:2], cell0_last=of_first[-1:])
    print(json.dumps(dict(
        peer=peer, version=version, workload="cells",
        size=dict(n=arguments.cells, dt=arguments.dt, threads=arguments.threads),
        setup_s=round(setup_s, 4), run_s=round(run[0], 5), cpu_s=round(run[1], 5), sim_ms=arguments.tstop,
        n_compartments=n_compartments, n_steps=round(arguments.tstop / arguments.dt),
        n_spikes=len(spikes), check=check)), flush=True)


if __name__ == "__main__":
    cells = [cell(i) for i in range(int(sys.argv[1]) if len(sys.argv) > 1 else N)]
    sizes = [compartments(c) for c in cells]
    print("compartments", sum(sizes), "of", len(cells), "cells, from", min(sizes), "to", max(sizes))
    print("branches", sum(len(c) for c in cells), "from", min(map(len, cells)), "to", max(map(len, cells)))
    print("sum of (cell + 1) * (branch + 1) * compartments * diameter:",
          sum((i + 1) * (b + 1) * n * d for i, c in enumerate(cells) for b, (_, n, d) in enumerate(c)))
    print("cell 0:", cells[0])
