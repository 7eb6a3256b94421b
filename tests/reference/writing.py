"""Writes reference tables: a commented header, then comma-separated rows."""
import math
import os

HERE = os.path.dirname(os.path.abspath(__file__))
LIMIT = 300_000


def digits(n):
    """Formats with n significant digits, without what says nothing."""
    return lambda x: format(float(x), f".{n}g")


def decimals(n):
    """Formats with n digits after the point."""
    return lambda x: format(float(x), f".{n}f").replace("-0." + "0" * n, "0." + "0" * n)


def table(name, about, columns, rows, form=digits(12)):
    """Writes data/NAME: `about` (lines) as comments, `columns` as the header line, `rows`."""
    path = os.path.join(HERE, "data", name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", newline="\n") as f:
        for line in about.strip().splitlines():
            f.write(f"# {line.strip()}\n")
        f.write(",".join(columns) + "\n")
        for row in rows:
            assert all(math.isfinite(x) for x in row), (name, row)
            f.write(",".join(form(x) for x in row) + "\n")
    size = os.path.getsize(path)
    assert size < LIMIT, f"{name}: {size} bytes"
    print(f"{name}: {size} bytes")


def version():
    """NEURON's version, for the headers."""
    import neuron
    return f"NEURON {neuron.__version__}"
