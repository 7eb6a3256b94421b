"""Runs neuropil, NEURON, CoreNEURON and Arbor on the same workloads, in turn, and prints how they compare.

The tools take turns within every repetition, so that whatever else the machine does meets all of
them alike. What is compared is CPU seconds of the run phase (from the first to the last step).
Repetition 0 warms caches up and is not counted.

usage: python compare.py [--only REGEX] [--reps 3] [--threads 1] [--json FILE]
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PROJECT = os.path.dirname(os.path.dirname(HERE))
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "neuropil-peers")

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--neuropil", default=os.path.join(PROJECT, "target", "release", "neuropil"))
parser.add_argument("--peers", default=os.environ.get("PEERS", CACHE),
                    help="folder with the virtual environments `nrn` and `arbor`")
parser.add_argument("--peer-scripts", default=os.path.join(PROJECT, "..", "shared", "peers"),
                    help="folder with rallpack_neuron.py, ring_arbor.py and so on")
parser.add_argument("--only", default="", help="workloads whose name matches this regular expression")
parser.add_argument("--tools", default="", help="tools whose name matches this regular expression")
parser.add_argument("--reps", type=int, default=3)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--simd", help="passed to neuropil: avx512, avx2, portable")
parser.add_argument("--timeout", type=float, default=900)
parser.add_argument("--json", help="append every result line to this file")
a = parser.parse_args()

neuropil = [a.neuropil, "bench"]
more = ["--json", "--threads", str(a.threads)] + (["--simd", a.simd] if a.simd else [])
nrn, arbor = (os.path.join(a.peers, venv, "bin", "python") for venv in ("nrn", "arbor"))
threads = ["--threads", str(a.threads)]


def shared(name):
    return os.path.join(a.peer_scripts, name)


def own(name):
    return os.path.join(HERE, name)


workloads = {}
for k in (1, 2, 3):
    tools = {
        "neuropil": neuropil + [f"rallpack{k}"] + more,
        "arbor": [arbor, shared("rallpack_arbor.py"), str(k)],
        "neuron": [nrn, shared("rallpack_neuron.py"), str(k)],
    }
    if k == 3:
        tools["neuron, exact"] = tools["neuron"] + ["--notable"]
    workloads[f"rallpack{k}"] = tools
for n, depth, tstop, dense in ((256, 2, 200, False), (64, 6, 50, False), (64, 6, 50, True)):
    size = ["--tstop", str(tstop)] + (["--dense"] if dense else [])
    workloads[f"ring-{n}-{depth}-{'dense' if dense else 'soma'}"] = {
        "neuropil": neuropil + ["ring", "--n", str(n), "--depth", str(depth)] + size + more,
        "arbor": [arbor, shared("ring_arbor.py"), str(n), str(depth), "--group", "16"] + size + threads,
        "neuron": [nrn, shared("ring_neuron.py"), str(n), str(depth)] + size + threads,
        "coreneuron": [nrn, shared("ring_neuron.py"), str(n), str(depth), "--core"] + size + threads,
    }
workloads["cells"] = {
    "neuropil": neuropil + ["cells"] + more,
    "arbor": [arbor, own("cells_arbor.py")] + threads,
    "neuron": [nrn, own("cells_neuron.py")] + threads,
    "neuron, exact": [nrn, own("cells_neuron.py"), "--notable"] + threads,
}


def run(command):
    """-> the result line of a run, or what went wrong."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=a.timeout)
    except (OSError, subprocess.TimeoutExpired) as error:
        return None, str(error)
    for line in reversed(done.stdout.splitlines()):
        if line.startswith("{"):
            try:
                return json.loads(line), ""
            except json.JSONDecodeError:
                break
    complaint = (done.stderr or done.stdout).strip().splitlines()
    return None, f"exit {done.returncode}: {complaint[-1] if complaint else 'no output'}"


def short(check):
    text = json.dumps(check)
    return text if len(text) < 150 else text[:147] + "..."


for name, tools in workloads.items():
    if not re.search(a.only, name):
        continue
    tools = {tool: command for tool, command in tools.items() if re.search(a.tools, tool)}
    results = {tool: [] for tool in tools}
    broken = {}
    for repetition in range(a.reps + 1):
        for tool, command in tools.items():
            if tool in broken:
                continue
            line, error = run(command)
            if line is None:
                broken[tool] = error
                continue
            if a.json:
                with open(a.json, "a") as f:
                    f.write(json.dumps(line) + "\n")
            if repetition > 0:
                results[tool].append(line)
            print(".", end="", file=sys.stderr, flush=True)
    print("", file=sys.stderr)
    print(f"== {name} ({a.reps} repetitions, {a.threads} thread{'s' if a.threads > 1 else ''})")
    print(f"{'tool':16} {'CPU s: min':>11} {'median':>8} {'max':>8} {'ns/comp/step':>13}  "
          f"{'x neuropil: min':>15} {'median':>7} {'max':>7}")
    ours = [line["cpu_s"] for line in results.get("neuropil", [])]
    for tool, lines in results.items():
        if not lines:
            print(f"{tool:16} failed: {broken.get(tool, 'no result')}")
            continue
        cpu = [line["cpu_s"] for line in lines]
        ns = min(cpu) * 1e9 / (lines[0]["n_compartments"] * lines[0]["n_steps"])
        # Each against the run of neuropil in the same repetition.
        ratios = [theirs / mine for theirs, mine in zip(cpu, ours) if mine > 0]
        text = (f"{min(ratios):15.2f} {statistics.median(ratios):7.2f} {max(ratios):7.2f}"
                if tool != "neuropil" and ratios else "")
        print(f"{tool:16} {min(cpu):11.4f} {statistics.median(cpu):8.4f} {max(cpu):8.4f} {ns:13.2f}  {text}")
    for tool, lines in results.items():
        if lines:
            print(f"   {tool}: {lines[0]['n_spikes']} spikes, {short(lines[0]['check'])}")
    print(flush=True)
