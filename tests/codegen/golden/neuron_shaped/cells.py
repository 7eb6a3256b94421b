"""Names that are taken: the cells, for NEURON.

Made from model.toml by neuropil VERSION.
"""

from neuron import h


class Cell:
    """Sections by name."""

    def __init__(self, name):
        self.name = name
        self.sections = {}

    def __repr__(self):
        return self.name

    def __getitem__(self, section):
        return self.sections[section]

    @property
    def all(self):
        return list(self.sections)

    def section(self, name, parent, at, nseg, points):
        """A section through points (x, y, z, diameter; um), attached to its parent there."""
        section = self.sections[name] = h.Section(name=name, cell=self)
        for point in points:
            section.pt3dadd(*point)
        section.nseg = nseg
        if parent is not None:
            section.connect(self.sections[parent](at), 0)

    def values(self, value, sections):
        """Segments with their values: one number for all, or by section one or one for each segment."""
        for name in sections:
            own = value[name] if isinstance(value, dict) else value
            section = self.sections[name]
            own = own if isinstance(own, list) else [own] * section.nseg
            yield from zip(section, own)

    def passive(self, cm, Ra):
        """Capacitance (uF/cm2) and axial resistivity (ohm cm)."""
        for segment, value in self.values(cm, self.sections):
            segment.cm = value
        for segment, value in self.values(Ra, self.sections):
            segment.sec.Ra = value

    def insert(self, mechanism, sections, **parameters):
        """A mechanism on sections, with values of its parameters."""
        for name in sections:
            self.sections[name].insert(mechanism)
        for parameter, value in parameters.items():
            for segment, own in self.values(value, sections):
                setattr(getattr(segment, mechanism), parameter, own)

    def start(self):
        """Sets the potential at the start."""
        for segment, value in self.values(self.v, self.sections):
            segment.v = value


def neuron_2(name):
    """2 sections, 4 compartments."""
    cell = Cell(name)
    cell.section("soma", None, 0, 1, [
        (0, 0, 0, 20),
        (20, 0, 0, 20),
    ])
    cell.section("dend", "soma", 1, 3, [
        (20, 0, 0, 3),
        (110, 0, 0, 1),
    ])
    cell.passive(cm=1, Ra=100)
    cell.insert("ca", cell.all)
    cell.insert("pas_2", cell.all, gbar=0.00005)
    cell.insert("hh_2", ["soma"], gbar=1)
    cell.insert("I_", cell.all, gbar={"soma": 0.00002031281742727903, "dend": [0.000021617238354595258, 0.000023721227570428044, 0.000026029996441632475]})
    cell.insert("cal", cell.all, gbar=0.001, cover={"soma": 1, "dend": [1, 0.5416666666666665, 0]})
    cell.insert("sk", ["soma"], gbar=0.001)
    cell.v = -70
    return cell
