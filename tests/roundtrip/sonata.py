"""Opens a circuit with libsonata, and prints all that it finds there, a line for each thing."""

import json
import os
import sys

import h5py
import libsonata

folder = sys.argv[1]
circuit = libsonata.CircuitConfig.from_file(os.path.join(folder, "circuit_config.json"))
for name in sorted(circuit.node_populations):
    nodes = circuit.node_population(name)
    every = nodes.select_all()
    kind = circuit.node_population_properties(name).type
    starts = nodes.get_attribute("v_init", every).tolist() if "v_init" in nodes.attribute_names else []
    values = {key: nodes.get_dynamics_attribute(key, every).tolist() for key in sorted(nodes.dynamics_attribute_names)}
    print("nodes", name, nodes.size, kind, starts, json.dumps(values))
for name in sorted(circuit.edge_populations):
    edges = circuit.edge_population(name)
    every = edges.select_all()
    columns = [edges.source_nodes(every), edges.target_nodes(every)]
    columns += [edges.get_attribute(key, every) for key in ("syn_weight", "delay")]
    if "afferent_section_id" in edges.attribute_names:
        columns += [edges.get_attribute(key, every) for key in ("afferent_section_id", "afferent_section_pos")]
    rows = list(zip(*(column.tolist() for column in columns)))
    for row in rows:
        print("edge", edges.source, edges.target, *row)
    # The index leads to the same edges.
    for source in range(circuit.node_population(edges.source).size):
        found = edges.efferent_edges([source]).flatten().tolist()
        assert found == [k for k, row in enumerate(rows) if row[0] == source], (name, source, found)
    for target in range(circuit.node_population(edges.target).size):
        found = edges.afferent_edges([target]).flatten().tolist()
        assert found == [k for k, row in enumerate(rows) if row[1] == target], (name, target, found)
with open(os.path.join(folder, "simulation_config.json"), encoding="utf-8") as file:
    simulation = json.load(file)
with open(os.path.join(folder, "node_sets.json"), encoding="utf-8") as file:
    sets = libsonata.NodeSets(file.read())
for key, thing in sorted(simulation["inputs"].items()) + sorted(simulation["reports"].items()):
    of = thing.get("node_set", thing.get("cells"))
    for name in sorted(circuit.node_populations):
        chosen = sets.materialize(of, circuit.node_population(name)).flatten().tolist()
        if chosen:
            print("set", key, name, chosen)
    if thing.get("module") == "sonata":
        path = thing["input_file"].replace("$BASE_DIR", folder)
        spikes = libsonata.SpikeReader(path)
        for name in spikes.get_population_names():
            for node, time in sorted(spikes[name].get()):
                print("spike", name, node, time)
        with h5py.File(path, "r") as file:
            assert file.attrs["magic"] == 0x0A7A and list(file.attrs["version"]) == [0, 1], dict(file.attrs)
