#!/usr/bin/env python3
"""CPU time of `neuropil generate` for every example and target, in ms, as a table in Markdown.

    python3 benches/generate.py NEUROPIL [EXAMPLE...]

NEUROPIL is an optimised binary; of three runs the fastest counts. The start of the process is included; what a target cannot say is
left out.
"""

import pathlib
import resource
import subprocess
import sys
import tempfile

TARGETS = ["neuroml", "neuron", "arbor", "nineml", "nestml", "spinnaker", "brainscales2", "pynn", "brian2"]


def cpu_ms(command):
    """CPU time of a child, user and system."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1e3 * (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


def main():
    neuropil = pathlib.Path(sys.argv[1]).resolve()
    wanted = sys.argv[2:]
    examples = sorted(pathlib.Path(__file__).parent.parent.joinpath("examples").glob("*.toml"))
    examples = [e for e in examples if not wanted or e.stem in wanted]
    print("| example |", " | ".join(TARGETS), "|")
    print("|---|" + "---|" * len(TARGETS))
    for example in examples:
        row = []
        for target in TARGETS:
            times = []
            for _ in range(3):
                with tempfile.TemporaryDirectory() as folder:
                    out = ["--lossy", "--out", folder + "/out"]
                    times.append(cpu_ms([neuropil, "generate", example, "--target", target, *out]))
            row.append(f"{min(times):.0f}")
        print(f"| {example.stem} |", " | ".join(row), "|", flush=True)


if __name__ == "__main__":
    main()
