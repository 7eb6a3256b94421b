"""One network, written by libNeuroML as XML (`network.net.nml`) and in tables of HDF5 (`network.net.nml.h5`, compressed;
`plain.net.nml.h5`, uncompressed, as jNeuroML lays it out: columns of ids, the text of numbers, attributes of one element).

`pip install libNeuroML==0.6.7 tables==3.11.1`, then `python make.py` in this folder. The cell with a shape is in `cell.nml`.
"""
import neuroml.utils  # the writer needs it and does not import it
import numpy
import tables
from neuroml import (
    Connection, ConnectionWD, ContinuousConnectionInstance, ContinuousConnectionInstanceW, ContinuousProjection,
    ElectricalConnection, ElectricalConnectionInstance, ElectricalConnectionInstanceW, ElectricalProjection, ExpOneSynapse,
    GapJunction, GradedSynapse, IafCell, IncludeType, Input, InputList, InputW, Instance, Location, Network,
    NeuroMLDocument, Population, Projection, Property, PulseGenerator, SilentSynapse,
)
from neuroml.writers import NeuroMLHdf5Writer, NeuroMLWriter


def document():
    doc = NeuroMLDocument(id="hdf5_network", notes="a network of each kind of table")
    doc.includes.append(IncludeType(href="cell.nml"))
    doc.iaf_cells.append(IafCell(id="iaf", leak_reversal="-60mV", thresh="-50mV", reset="-65mV", C="0.2nF",
                                 leak_conductance="0.01uS"))
    doc.exp_one_synapses.append(ExpOneSynapse(id="syn", gbase="3nS", erev="0mV", tau_decay="3ms"))
    doc.gap_junctions.append(GapJunction(id="gap", conductance="0.7nS"))
    doc.graded_synapses.append(GradedSynapse(id="graded", conductance="2nS", delta="5mV", Vth="-55mV", k="0.1per_ms",
                                             erev="0mV"))
    doc.silent_synapses.append(SilentSynapse(id="silent"))
    doc.pulse_generators.append(PulseGenerator(id="pulse", delay="2ms", duration="40ms", amplitude="0.17nA"))

    net = Network(id="net", type="networkWithTemperature", temperature="32degC")
    doc.networks.append(net)
    shaped = Population(id="shaped", component="stick", size=3, type="populationList")
    shaped.properties.append(Property(tag="color", value="0.1 0.5 0.9"))
    for i in range(3):
        shaped.instances.append(Instance(id=i, location=Location(x=10.5 * i, y=0.1 * i, z=-7.25)))
    points = Population(id="points", component="iaf", size=4)
    placed = Population(id="placed", component="iaf", size=2, type="populationList")
    for i in range(2):
        placed.instances.append(Instance(id=i, location=Location(x=100 * i, y=0, z=3)))
    net.populations += [shaped, points, placed]

    def at(population, i):
        return f"../{population.id}[{i}]" if not population.instances \
            else f"../{population.id}/{i}/{population.component}"

    plain = Projection(id="plain", presynaptic_population="points", postsynaptic_population="points", synapse="syn")
    for i, (a, b) in enumerate([(0, 1), (1, 2), (2, 3), (3, 0)]):
        plain.connections.append(Connection(id=i, pre_cell_id=at(points, a), post_cell_id=at(points, b)))
    weighted = Projection(id="weighted", presynaptic_population="points", postsynaptic_population="shaped",
                          synapse="syn")
    for i, (a, b, segment, along, weight, delay) in enumerate(
            [(0, 0, 0, 0.5, 0.3, "1.1ms"), (1, 1, 1, 0.25, 1.7, "0.002s"), (2, 2, 1, 0.9, 1, "0ms")]):
        weighted.connection_wds.append(ConnectionWD(
            id=i, pre_cell_id=at(points, a), post_cell_id=at(shaped, b), post_segment_id=segment,
            post_fraction_along=along, weight=weight, delay=delay))
    back = Projection(id="back", presynaptic_population="shaped", postsynaptic_population="placed", synapse="syn")
    for i, (a, b) in enumerate([(0, 1), (2, 0)]):
        back.connections.append(Connection(id=i, pre_cell_id=at(shaped, a), post_cell_id=at(placed, b)))
    net.projections += [plain, weighted, back]

    gaps = ElectricalProjection(id="gaps", presynaptic_population="points", postsynaptic_population="points")
    gaps.electrical_connections.append(ElectricalConnection(id=0, pre_cell="0", post_cell="2", synapse="gap"))
    wide = ElectricalProjection(id="wide", presynaptic_population="shaped", postsynaptic_population="shaped")
    wide.electrical_connection_instances.append(ElectricalConnectionInstance(
        id=0, pre_cell=at(shaped, 0), post_cell=at(shaped, 1), pre_segment=1, pre_fraction_along=0.75,
        synapse="gap"))
    heavy = ElectricalProjection(id="heavy", presynaptic_population="shaped", postsynaptic_population="placed")
    heavy.electrical_connection_instance_ws.append(ElectricalConnectionInstanceW(
        id=0, pre_cell=at(shaped, 2), post_cell=at(placed, 1), pre_segment=1, synapse="gap", weight=2.5))
    net.electrical_projections += [gaps, wide, heavy]

    analog = ContinuousProjection(id="analog", presynaptic_population="shaped", postsynaptic_population="placed")
    analog.continuous_connection_instances.append(ContinuousConnectionInstance(
        id=0, pre_cell=at(shaped, 0), post_cell=at(placed, 0), pre_component="silent", post_component="graded"))
    loud = ContinuousProjection(id="loud", presynaptic_population="placed", postsynaptic_population="shaped")
    loud.continuous_connection_instance_ws.append(ContinuousConnectionInstanceW(
        id=0, pre_cell=at(placed, 1), post_cell=at(shaped, 1), post_segment=1, post_fraction_along=0.125,
        pre_component="silent", post_component="graded", weight=0.6))
    net.continuous_projections += [analog, loud]

    drive = InputList(id="drive", component="pulse", populations="points")
    for i in range(4):
        drive.input.append(Input(id=i, target=at(points, i), destination="synapses"))
    push = InputList(id="push", component="pulse", populations="shaped")
    push.input_ws.append(InputW(id=0, target=at(shaped, 0), destination="synapses", weight=1.3))
    push.input_ws.append(InputW(id=1, target=at(shaped, 2), destination="synapses", segment_id=1,
                                fraction_along=0.3, weight=0.8))
    net.input_lists += [drive, push]
    return doc


def as_jneuroml(source, target):
    """The tables of `source` that jNeuroML can write, as it writes them; those it cannot write as they are."""
    with tables.open_file(source) as a, tables.open_file(target, "w", filters=tables.Filters()) as b:
        def text(node, name, value):
            node._v_attrs[name] = numpy.array([str(value).encode()])

        def copy(group, into):
            for name in group._v_attrs._v_attrnamesuser:
                value = group._v_attrs[name]
                if value is not None:
                    text(into, name, value)
            for child in group._v_children.values():
                if isinstance(child, tables.Group):
                    copy(child, b.create_group(into, child._v_name))
                    continue
                columns = [str(child.attrs[f"column_{i}"]) for i in range(child.shape[1])]
                data = child[:]
                if "id" not in columns:
                    data = numpy.hstack([numpy.arange(len(data), dtype="f4")[:, None], data])
                    columns.insert(0, "id")
                array = b.create_array(into, child.name, data)
                if columns != ["id", "x", "y", "z"]:
                    for i, column in enumerate(columns):
                        text(array, f"column_{i}", column)

        copy(a.root.neuroml, b.create_group("/", "neuroml"))


NeuroMLWriter.write(document(), "network.net.nml")
NeuroMLHdf5Writer.write(document(), "network.net.nml.h5")
as_jneuroml("network.net.nml.h5", "plain.net.nml.h5")
