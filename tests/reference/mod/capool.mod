TITLE calcium in a thin shell under the membrane

COMMENT
Calcium enters through the membrane into a shell of thickness `depth` and leaves it exponentially:
  d[Ca]/dt = -ica / (2 F depth) - ([Ca] - rest) / tau
ENDCOMMENT

NEURON {
    SUFFIX capool
    USEION ca READ ica WRITE cai
    RANGE depth, tau, rest
}

UNITS {
    (mM) = (milli/liter)
    (um) = (micron)
    (mA) = (milliamp)
    F = (faraday) (coulomb)
}

PARAMETER {
    depth = 0.1 (um)
    tau = 20 (ms)
    rest = 1e-4 (mM)
}

ASSIGNED { ica (mA/cm2) }
STATE { cai (mM) }

INITIAL { cai = rest }

BREAKPOINT { SOLVE shell METHOD cnexp }

DERIVATIVE shell {
    cai' = -(10000) * ica / (2 * F * depth) - (cai - rest) / tau
}
