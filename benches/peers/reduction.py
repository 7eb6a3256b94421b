"""Reduced cells of neuropil and of neuron_reduce (Amsalem et al. 2020) beside the detailed cell, all three in NEURON.

    pip install "neuron<9" neuron_reduce pyspike
    python benches/peers/reduction.py NEUROPIL MODEL MEAN_NA DEVIATION_NA [TRIALS] [METHOD]

MODEL is a NeuroML or LEMS document or an experiment file. `neuropil generate --target neuron` writes the detailed cell for NEURON;
neuron_reduce makes its cell of that; `neuropil reduce` makes one with as many compartments, which is written for NEURON too. All get
the same currents into the soma: normally distributed numbers, each held for 3 ms, for 1.5 s, after 3 s without. METHOD is that of neuropil
(cylinder).

neuron_reduce knows one apical dendrite, one axon, and dendrites, by name: a dendrite with a section that is called so is apical, and of
several the one with most sections; the leak has to be NEURON's `pas`.
"""
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import time

import numpy as np
import pyspike

NEUROPIL, MODEL = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
MEAN, DEVIATION = float(sys.argv[3]), float(sys.argv[4])
TRIALS = int(sys.argv[5]) if len(sys.argv) > 5 else 4
METHOD = sys.argv[6] if len(sys.argv) > 6 else "cylinder"
# ms, mV. Calcium pools take seconds to come to rest.
SETTLE, SPAN, HOLD, SAMPLE, WINDOW, THRESHOLD = 3000.0, 1500.0, 3.0, 0.1, 4.0, -20.0

work = tempfile.mkdtemp()


def neuropil(*arguments):
    done = subprocess.run([NEUROPIL, *arguments], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


def compiled(folder):
    """The cells of a generated folder, with its mechanisms under names that do not meet those of the other."""
    mod = os.path.join(folder, "mod")
    mark = os.path.basename(folder)[0]
    cells = open(os.path.join(folder, "cells.py"), encoding="utf-8").read()
    for name in os.listdir(mod):
        path = os.path.join(mod, name)
        text = open(path, encoding="utf-8").read()
        suffix = re.search(r"(?:SUFFIX|POINT_PROCESS)\s+(\w+)", text).group(1)
        text = re.sub(rf"(SUFFIX|POINT_PROCESS)(\s+){suffix}\b", rf"\1\2{mark}_{suffix}", text)
        # NEURON's `dir` of a mechanism cuts long names.
        text = text.replace("concentrationModel_", "c_")
        open(path, "w", encoding="utf-8").write(text)
        os.rename(path, os.path.join(mod, f"{mark}_{name}"))
        cells = cells.replace(f'insert("{suffix}"', f'insert("{mark}_{suffix}"')
    open(os.path.join(folder, "cells.py"), "w", encoding="utf-8").write(cells)
    subprocess.run(["nrnivmodl", "mod"], cwd=folder, check=True, capture_output=True)
    h.nrn_load_dll(os.path.join(folder, "x86_64", "libnrnmech.so"))
    spec = importlib.util.spec_from_file_location(mark, os.path.join(folder, "cells.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    run = open(os.path.join(folder, "run.py"), encoding="utf-8").read()
    makers = re.search(r"from cells import (\w+)", run).group(1)
    return module, getattr(module, makers), float(re.search(r"h\.celsius = ([\d.eE+-]+)", run).group(1))


class Named(list):
    """Sections as neuron_reduce wants them."""

    def hname(self):
        return self[0].hname() + "]"


def as_neuron_reduce_wants(module, maker, folder):
    """The same cell with sections called soma[0], dend[i], apic[i] and axon[i], and NEURON's `pas`."""
    plain = maker("plain")
    names = list(plain.sections)
    parent = {}
    for name, section in plain.sections.items():
        seg = section.parentseg()
        parent[name] = next((other for other in names if seg is not None and plain.sections[other] == seg.sec), None)
    root = next(name for name in names if parent[name] is None)
    soma = next((name for name in names if "soma" in name.lower()), root)
    stem = {}
    for name in names:
        stem[name] = None if parent[name] is None else name if parent[name] == soma else stem[parent[name]]
    stems = {s: [n for n in names if stem[n] == s] for s in set(stem.values()) if s}
    axons = [s for s in stems if re.search("axon|hill", s.lower())][:1]
    apical = sorted((s for s in stems if any("apic" in n.lower() for n in stems[s])), key=lambda s: -len(stems[s]))[:1]
    new, count = {}, {}
    for name in names:
        kind = "soma" if name == soma else "axon" if stem[name] in axons else "apic" if stem[name] in apical else "dend"
        new[name] = f"{kind}[{count.get(kind, 0)}]"
        count[kind] = count.get(kind, 0) + 1
    leaks = {}
    for file in os.listdir(os.path.join(folder, "mod")):
        text = open(os.path.join(folder, "mod", file), encoding="utf-8").read()
        body = re.search(r"BREAKPOINT \{\s*i = gbar\*\(v - erev\)\s*\}", text)
        if body and "STATE" not in text:
            value = lambda key: float(re.search(rf"\b{key} = ([\d.eE+-]+)", text).group(1))
            leaks[re.search(r"SUFFIX\s+(\w+)", text).group(1)] = {"gbar": value("gbar"), "erev": value("erev")}

    class Cell(module.Cell):
        def section(self, name, parent, at, nseg, points):
            super().section(name, parent, at, nseg, points)
            self.sections[name] = renamed = h.Section(name=new[name], cell=self)
            for point in points:
                renamed.pt3dadd(*point)
            renamed.nseg = nseg
            if parent is not None:
                renamed.connect(self.sections[parent](at), 0)

        def insert(self, mechanism, sections, **parameters):
            if mechanism not in leaks:
                return super().insert(mechanism, sections, **parameters)
            for name in sections:
                self.sections[name].insert("pas")
            for ours, theirs in (("gbar", "g"), ("erev", "e")):
                value = parameters.get(ours, leaks[mechanism][ours])
                for segment, own in self.values(value, sections):
                    setattr(segment.pas, theirs, own)

    kept, module.Cell = module.Cell, Cell
    cell = maker("cell")
    module.Cell = kept
    of = lambda kind: Named(cell.sections[n] for n in names if new[n].startswith(kind))
    cell.soma, cell.apic, cell.dend, cell.axon = of("soma"), of("apic"), of("dend"), of("axon")
    cell.somatic, cell.apical, cell.basal, cell.axonal = cell.soma, cell.apic, cell.dend, cell.axon
    for section in plain.sections.values():
        h.delete_section(sec=section)
    return cell, [cell.sections[n] for n in names]


def run(soma, sections, v):
    """The potential at the soma and its spikes, for each trial, from where the cell is after a time without input."""
    clamp = h.IClamp(soma(0.5))
    clamp.delay, clamp.dur, clamp.amp = 0, 1e9, 0
    for section in sections:
        for segment in section:
            segment.v = v
    h.finitialize()
    while h.t < SETTLE:
        h.fadvance()
    rest, settled = soma(0.5).v, h.SaveState()
    settled.save()
    steps = round(SAMPLE / h.dt)
    out = []
    for trial in range(TRIALS):
        settled.restore()
        trace = []
        for number in np.random.RandomState(trial).normal(MEAN, DEVIATION, int(SPAN / HOLD)):
            clamp.amp = number
            for _ in range(round(HOLD / SAMPLE)):
                trace.append(soma(0.5).v)
                for _ in range(steps):
                    h.fadvance()
        trace = np.array(trace)
        up = np.nonzero((trace[:-1] < THRESHOLD) & (trace[1:] >= THRESHOLD))[0]
        out.append((trace, (up + (THRESHOLD - trace[up]) / (trace[up + 1] - trace[up])) * SAMPLE))
    return rest, out


def coincidence(data, model):
    i = j = n = 0
    while i < len(data) and j < len(model):
        apart = model[j] - data[i]
        if abs(apart) <= WINDOW:
            i, j, n = i + 1, j + 1, n + 1
        elif apart < 0:
            j += 1
        else:
            i += 1
    chance = 2 * WINDOW * len(model) / SPAN
    total = len(data) + len(model)
    return 1.0 if total == 0 else (n - chance * len(data)) / (0.5 * total) / (1 - chance)


def report(name, size, full, reduced, took):
    gamma, distance, rms, near = [], [], [], []
    (rest, full), (own_rest, reduced) = full, reduced
    for (v, a), (w, b) in zip(full, reduced):
        gamma.append(coincidence(a, b))
        distance.append(pyspike.spike_distance(pyspike.SpikeTrain(a, [0, SPAN]), pyspike.SpikeTrain(b, [0, SPAN])))
        rms.append(np.mean((v - w) ** 2))
        t = np.arange(len(v)) * SAMPLE
        away = np.ones(len(v), bool)
        for s in list(a) + list(b):
            away &= ~((t - s >= -2) & (t - s < 10))
        near.append(np.mean((v - w)[away] ** 2))
    spikes = lambda runs: sum(len(s) for _, s in runs)
    print(f"| {name} | {size} | {rest:.2f} -> {own_rest:.2f} | {spikes(full)} -> {spikes(reduced)} | {np.mean(gamma):.2f} | {np.mean(distance):.3f} | "
          f"{np.sqrt(np.mean(rms)):.2f} | {np.sqrt(np.mean(near)):.2f} | {took:.1f} s |", flush=True)


def count():
    return sum(section.nseg for section in h.allsec())


detailed = os.path.join(work, "detailed")
neuropil("generate", "--target", "neuron", "--lossy", MODEL, "-o", detailed)
from neuron import h  # noqa: E402  after the folder of mechanisms of the current directory is not ours

import neuron_reduce  # noqa: E402

h.load_file("stdrun.hoc")
module, maker, h.celsius = compiled(detailed)
h.dt, h.steps_per_ms = 0.025, 40
cell, sections = as_neuron_reduce_wants(module, maker, detailed)
start = cell.v if isinstance(cell.v, (int, float)) else -65.0
before = count()
full = run(cell.soma[0], sections, start)
print(f"detailed: {before} compartments, {sum(len(s) for _, s in full[1])} spikes in {TRIALS} x {SPAN / 1000:.1f} s", flush=True)
begin = time.perf_counter()
theirs, _, _ = neuron_reduce.subtree_reductor(cell, [], [], reduction_frequency=0, total_segments_manual=-1)
took = time.perf_counter() - begin
after = count()
everything = list(h.allsec())
report("neuron_reduce", after, full, run(theirs.soma[0], everything, start), took)
for section in everything:
    h.delete_section(sec=section)

folder = os.path.join(work, "reduced")
begin = time.perf_counter()
said = neuropil("reduce", MODEL, "--method", METHOD, "-n", str(after), "--no-report", "-o", folder)
took = float(re.search(r"in ([\d.]+) s", said).group(1))
(document,) = [name for name in os.listdir(folder) if name.startswith("LEMS_")]
written = os.path.join(work, "reduced_by_neuropil")
neuropil("generate", "--target", "neuron", "--lossy", os.path.join(folder, document), "-o", written)
module, maker, h.celsius = compiled(written)
cell = maker("cell")
sections = list(cell.sections.values())
soma = next((s for name, s in cell.sections.items() if "soma" in name.lower()), sections[0])
report(f"neuropil {METHOD}", count(), full, run(soma, sections, start), took)
