"""Names that are taken: a simulation in Arbor.

Made from model.toml by neuropil VERSION.

    arbor-build-catalogue model mod && python run.py

Writes its results into the folder results: a file for each recording, and the spikes.
"""

import csv
import os

import arbor as A
from arbor import units as U

HERE = os.path.dirname(os.path.abspath(__file__))
DT = 0.025  # ms
STEPS = 800

# Populations: name, cell (none for those that only send spikes), how many, number of the first.
POPULATIONS = [
    ("lambda", "neuron_2", 2, 0),
    ("train", None, 1, 2),
]

# Current clamps: population, cell, name, place, envelope (ms, nA), frequency (kHz), phase.
CLAMPS = [
    ("lambda", 0, "step", "(location 0 0.090909090909)", [(5, 0.5), (15, 0.5), (15, 0)], 0, 0),
]

# Spike detectors: population, cell, number, place, threshold (mV), whether its spikes are among the results.
DETECTORS = [
    ("lambda", 0, 0, "(location 0 0.090909090909)", -20, True),
    ("lambda", 1, 0, "(location 0 0.090909090909)", -20, True),
]

# Potentials at the start (mV) that differ between cells.
STARTS = {
}

# What sits at points: population, cell, name, instance, mechanism, place, values.
POINTS = [
    ("lambda", 0, "ExpSyn", 0, "ExpSyn_2", "(location 0 0.590909090909)", {}),
    ("lambda", 1, "ExpSyn", 0, "ExpSyn_2", "(location 0 0.590909090909)", {}),
]

# Who sends spikes to whom: population, cell, detector; population, cell, point, instance; weight, delay (ms).
CONNECTIONS = [
    ("train", 0, 0, "lambda", 1, "ExpSyn", 0, 2, 1),
    ("lambda", 1, 0, "lambda", 0, "ExpSyn", 0, 1, 1),
]

# Spikes that are given: times (ms) by population and cell.
SPIKE_TIMES = {
    ("train", 0): [5, 7.5],
}


def above(threshold):
    return lambda v: float(v > threshold)


# What is recorded: file, steps between samples, columns: header, parts as (cell, probe of a tag, factor), constant part.
RECORD = [
    ("soma", 1, [
        ("lambda[0].soma.v (mV)", [(0, lambda tag: A.cable_probe_membrane_voltage("(location 0 0.090909090909)", tag), 1)], 0),
        ("lambda[0].soma.ca.concentration (mM)", [(0, lambda tag: A.cable_probe_ion_int_concentration("(location 0 0.090909090909)", "ca", tag), 1)], 0),
        ("lambda[1].soma.v (mV)", [(1, lambda tag: A.cable_probe_membrane_voltage("(location 0 0.090909090909)", tag), 1)], 0),
        ("lambda[1].soma.ca.concentration (mM)", [(1, lambda tag: A.cable_probe_ion_int_concentration("(location 0 0.090909090909)", "ca", tag), 1)], 0),
    ]),
]


def by_cell(rows):
    """Rows by population and cell."""
    found = {}
    for population, cell, *rest in rows:
        found.setdefault((population, cell), []).append(rest)
    return found


class Recipe(A.recipe):
    def __init__(self):
        super().__init__()
        self.first = {name: first for name, _, _, first in POPULATIONS}
        self.cells = [(name, kind, i) for name, kind, size, _ in POPULATIONS for i in range(size)]
        self.points, self.clamps, self.detectors = by_cell(POINTS), by_cell(CLAMPS), by_cell(DETECTORS)
        self.incoming = {}
        for source, i, number, target, j, *rest in CONNECTIONS:
            self.incoming.setdefault((target, j), []).append((source, i, number, *rest))
        self.own_probes, self.columns = {}, []
        for file, every, columns in RECORD:
            for number, (_, parts, _) in enumerate(columns):
                for k, (gid, probe, factor) in enumerate(parts):
                    tag = f"{file}/{number}/{k}"
                    self.own_probes.setdefault(gid, []).append(probe(tag))
                    self.columns.append((file, every, number, gid, tag, factor))
        self.properties = A.neuron_cable_properties()
        self.properties.catalogue = A.load_catalogue(os.path.join(HERE, "model-catalogue.so"))
        self.properties.set_property(tempK=307.15 * U.Kelvin)

    def num_cells(self):
        return len(self.cells)

    def cell_kind(self, gid):
        return A.cell_kind.cable if self.cells[gid][1] else A.cell_kind.spike_source

    def global_properties(self, kind):
        return self.properties

    def cell_description(self, gid):
        population, kind, cell = self.cells[gid]
        if not kind:
            times = SPIKE_TIMES.get((population, cell), [])
            return A.spike_source_cell("detector 0", A.explicit_schedule([time * U.ms for time in times]))

        def part(of):
            return A.load_component(os.path.join(HERE, f"{kind}.{of}.acc")).component

        decor = part("decor")
        if (population, cell) in STARTS:
            decor.set_property(Vm=STARTS[population, cell] * U.mV)
        for name, instance, mechanism, place, values in self.points.get((population, cell), []):
            decor.place(place, A.synapse(mechanism, values), f"{name}[{instance}]")
        for name, place, envelope, frequency, phase in self.clamps.get((population, cell), []):
            envelope = [(time * U.ms, current * U.nA) for time, current in envelope]
            decor.place(place, A.i_clamp(envelope, frequency=frequency * U.kHz, phase=phase * U.rad))
        for number, place, threshold, _ in self.detectors.get((population, cell), []):
            decor.place(place, A.threshold_detector(threshold * U.mV), f"detector {number}")
        # The ends of compartments.
        with open(os.path.join(HERE, f"{kind}.boundaries.txt"), encoding="utf-8") as file:
            policy = A.cv_policy_explicit(file.read())
        return A.cable_cell(part("morphology"), decor, part("labels"), policy)

    def connections_on(self, gid):
        population, _, cell = self.cells[gid]
        return [
            A.connection((self.first[source] + i, f"detector {number}"), f"{name}[{instance}]", weight, delay * U.ms)
            for source, i, number, name, instance, weight, delay in self.incoming.get((population, cell), [])
        ]

    def probes(self, gid):
        return self.own_probes.get(gid, [])


def main(folder):
    recipe = Recipe()
    simulation = A.simulation(recipe)
    simulation.record(A.spike_recording.local)
    handles = [
        simulation.sample((gid, tag), A.regular_schedule(every * DT * U.ms)) for _, every, _, gid, tag, _ in recipe.columns
    ]
    # Half a step more: the end is a sample too.
    simulation.run((STEPS + 0.5) * DT * U.ms, DT * U.ms)
    os.makedirs(folder, exist_ok=True)
    samples = {}
    for (file, _, number, _, _, factor), handle in zip(recipe.columns, handles):
        data, _ = simulation.samples(handle)[0]
        samples.setdefault((file, number), []).append((data[:, 1], factor))
    for file, every, columns in RECORD:
        path = os.path.join(folder, file + ".csv")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", newline="", encoding="utf-8") as out:
            out = csv.writer(out, lineterminator="\n")
            out.writerow(["time (ms)"] + [header for header, _, _ in columns])
            for row, step in enumerate(range(0, STEPS + 1, every)):
                values = [
                    constant + sum(factor(data[row]) if callable(factor) else data[row] * factor for data, factor in samples.get((file, number), []))
                    for number, (_, _, constant) in enumerate(columns)
                ]
                out.writerow([repr(step * DT)] + [repr(float(value)) for value in values])
    silent = {(self_population, cell, number) for self_population, cell, number, _, _, output in DETECTORS if not output}
    with open(os.path.join(folder, "spikes.csv"), "w", newline="", encoding="utf-8") as out:
        out = csv.writer(out, lineterminator="\n")
        out.writerow(["time (ms)", "source", "label"])
        for (gid, number), time in sorted(simulation.spikes(), key=lambda spike: (spike[1], spike[0][0])):
            population, _, cell = recipe.cells[gid]
            if (population, cell, number) not in silent and time <= STEPS * DT:
                out.writerow([repr(float(time)), gid, f"{population}[{cell}]"])


if __name__ == "__main__":
    main("results")
