"""Compartments of a hand-made cell in NEURON: numbers, areas, axial resistances, transfer resistances.

The cell has what makes trouble: tapers, points closer together than compartments, a ring (two points at
one place), a tip of no diameter, sections at the start, inside and at the end of others.
Writes data/discretisation.json. Sections that a case does not name have its `default` resistivity.

usage: python discretisation.py
"""
import json
import math
import os

from neuron import h

from writing import HERE, version

# name: (parent, fraction, [x, y, z, diameter in um])
CELL = {
    "soma": (None, 0, [(0, 0, 0, 12), (8, 1, 0, 16.5), (17, 2, 1, 9)]),
    "basal": ("soma", 0.0, [(0, 0, 0, 3), (-20, 5, 0, 2.5), (-21, 5, 0, 1.1), (-95, 12, 30, 0.7)]),
    "axon": ("soma", 0.0, [(0, 0, 0, 2), (0, -10, 0, 1), (3, -200, 4, 1), (3, -420, 4, 0.4)]),
    "side": ("soma", 0.5, [(8, 9, 0, 2.2), (9, 40, -3, 1.5), (9, 40, -3, 1.9), (12, 77, 3, 0.3)]),
    "side_twin": ("side", 0.0, [(8, -9, 0, 1), (9, -33, 0, 0.9)]),
    "apical": ("soma", 1.0, [(17, 2, 1, 5), (60, 3, 1, 4), (61, 3, 1.5, 4.4), (62, 3, 2, 3.9), (230, 10, 9, 2)]),
    "apical_twin": ("soma", 1.0, [(17, 2, 1, 1.3), (50, 44, 0, 1)]),
    "at_start_of_apical": ("apical", 0.0, [(17, 2, 1, 0.8), (33, -30, 9, 0.5)]),
    "oblique": ("apical", 0.37, [(96, 4, 3, 1.2), (130, 50, 20, 0.6)]),
    "tuft": ("apical", 1.0, [(230, 10, 9, 2), (300, 20, 9, 1.7), (460, 9, 0, 0.2)]),
    "tip": ("tuft", 1.0, [(460, 9, 0, 0.2), (470, 15, 0, 0.1), (471, 15, 0, 0)]),
}

# NEURON keeps points in single precision: take numbers that are the same in both.
CELL = {name: (parent, fraction, [tuple(round(x * 64) / 64 for x in p) for p in points])
        for name, (parent, fraction, points) in CELL.items()}

# name, policy as neuropil writes it, default resistivity (ohm cm), others, capacitance (uF/cm2)
CASES = [
    ("one each", {"per_section": {"compartments": 1}}, 100.0, {}, 1.0),
    ("odd numbers", {"per_section": {"compartments": 5, "sections": {"soma": 3, "axon": 41, "side": 8}}},
     35.4, {"axon": 110.0, "apical": 70.0}, 1.0),
    ("many", {"per_section": {"compartments": 60}}, 200.0, {}, 1.0),
    ("d_lambda", {"d_lambda": {"fraction": 0.1, "frequency_hz": 100.0}}, 150.0, {"axon": 70.0}, 0.75),
    ("fine d_lambda", {"d_lambda": {"fraction": 0.03, "frequency_hz": 1000.0}}, 150.0, {}, 1.0),
    ("length", {"max_length": {"length_um": 7.0}}, 100.0, {}, 1.0),
]


def nseg(policy, section):
    if "per_section" in policy:
        p = policy["per_section"]
        return p.get("sections", {}).get(section.name(), p["compartments"])
    if "max_length" in policy:
        return math.ceil(section.L / policy["max_length"]["length_um"])
    rule = policy["d_lambda"]
    return int((section.L / (rule["fraction"] * h.lambda_f(rule["frequency_hz"], sec=section)) + 0.9) / 2) * 2 + 1


def case(name, policy, default, others, capacitance):
    sections = {}
    for section, (parent, fraction, points) in CELL.items():
        s = sections[section] = h.Section(name=section)
        for point in points:
            s.pt3dadd(*point)
        if parent:
            s.connect(sections[parent](fraction))
    for s in sections.values():
        s.Ra, s.cm = others.get(s.name(), default), capacitance
        s.nseg = nseg(policy, s)
        s.insert("pas")
        for seg in s:
            seg.pas.g, seg.pas.e = 1e-4, -65
    h.celsius = 6.3
    h.finitialize(-65)
    impedance = h.Impedance()
    impedance.loc(sections["tuft"](0.999))
    impedance.compute(0)
    out = dict(name=name, policy=policy, resistivity=dict(default=default, **others), capacitance=capacitance, sections=[])
    for s in sections.values():
        out["sections"].append(dict(
            name=s.name(), length=s.L, end_ri=s(1).ri() if s.diam3d(s.n3d() - 1) > 0 else None,
            area=[x.area() for x in s], ri=[x.ri() for x in s], diameter=[x.diam for x in s],
            volume=[x.volume() for x in s], transfer=[impedance.transfer(x) for x in s]))
    return out


def rounded(x):
    if isinstance(x, float):
        return float(format(x, ".13g"))
    if isinstance(x, dict):
        return {k: rounded(v) for k, v in x.items()}
    if isinstance(x, list):
        return [rounded(v) for v in x]
    return x


h.load_file("stdlib.hoc")
data = dict(
    about=f"{version()}, tests/reference/discretisation.py. Lengths um, areas um2, volumes um3, resistivity ohm cm, "
          "capacitance uF/cm2. ri: axial resistance to the node before, Mohm; end_ri: from the last compartment to the "
          "end; transfer: steady-state transfer resistance from the last compartment of tuft, 1e-4 S/cm2 everywhere, Mohm.",
    cell=[dict(name=n, parent=p, fraction=f, points=[list(map(float, x)) for x in pts]) for n, (p, f, pts) in CELL.items()],
    cases=[rounded(case(*c)) for c in CASES])
path = os.path.join(HERE, "data", "discretisation.json")
with open(path, "w", newline="\n") as f:
    f.write(json.dumps(data, separators=(",", ":")).replace('},{"name"', '},\n{"name"') + "\n")
print(os.path.getsize(path), "bytes", [(c["name"], [len(s["area"]) for s in c["sections"]]) for c in data["cases"]])
