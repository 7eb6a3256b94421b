"""Compiles the NESTML models beside this file for the NEST that Python imports. Made from model.toml by neuropil VERSION.

Needs the Python packages nestml 9 and nest-simulator, cmake, make, a C++ compiler, and the development files of GSL, libltdl and the
Boost headers. The module is kept in the folder build, and made again when a model is newer.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
MODULE = "model_module"
# Which neurons hear which synapses, and which parameter of a synapse is its weight.
PAIRS = []
WEIGHTS = {}
MODELS = ["balls_neuron.nestml"]


def nest_config(folder):
    """A nest-config in `folder` that says where NEST is: the one of NEST's wheel names the machine that it was built on."""
    import nest

    include = Path(nest.__file__).parent / "include" / "nest"
    real = shutil.which("nest-config", path=str(Path(sys.executable).parent)) or shutil.which("nest-config")
    if real is None:
        raise SystemExit("nest-config is not beside this Python: is nest-simulator installed?")
    if not include.is_dir():
        return str(Path(real).parent.parent)
    script = folder / "bin" / "nest-config"
    script.parent.mkdir(parents=True, exist_ok=True)
    # The wheel uses the old C++ ABI.
    script.write_text(f"""#!/bin/sh
for a in "$@"; do case "$a" in
--prefix|--exec-prefix) echo "{folder}";;
--includes) echo "-I{include}";;
--libs) echo "-lgsl -lgslcblas -lgomp";;
--compiler) command -v g++;;
--compiler-name) echo GNU;;
--compiler-version) g++ -dumpfullversion;;
--cflags) echo "-Wall -O2 -std=c++20 -D_GLIBCXX_USE_CXX11_ABI=0";;
*) "{real}" "$a";;
esac; done
""")
    script.chmod(0o755)
    return str(folder)


def module():
    """Where the module is, compiled if need be."""
    build = HERE / "build"
    library = build / f"{MODULE}.so"
    texts = [HERE / name for name in MODELS]
    if library.exists() and all(library.stat().st_mtime > text.stat().st_mtime for text in texts):
        return str(library.with_suffix(""))
    build.mkdir(exist_ok=True)
    # Another process: the compiler of models loads NEST, which wants to be started once.
    job = {"models": [str(text) for text in texts], "build": str(build), "nest": nest_config(build / "nest")}
    done = subprocess.run([sys.executable, __file__, json.dumps(job)], capture_output=True, text=True)
    if done.returncode != 0 or not library.exists():
        raise SystemExit(f"the models could not be compiled:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
    return str(library.with_suffix(""))


if __name__ == "__main__":
    from pynestml.frontend.pynestml_frontend import generate_nest_compartmental_target

    job = json.loads(sys.argv[1])
    failed = generate_nest_compartmental_target(
        input_path=job["models"],
        target_path=job["build"] + "/source",
        install_path=job["build"],
        module_name=MODULE,
        suffix="_nestml",
        logging_level="ERROR",
        codegen_opts={"nest_path": job["nest"], "neuron_synapse_pairs": PAIRS, "weight_variable": WEIGHTS},
    )
    sys.exit(1 if failed else 0)
