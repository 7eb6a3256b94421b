TITLE ohmic calcium conductance with one gate, squared

COMMENT
ica = gbar m^2 (v - eca), m' = (1 / (1 + exp(-(v + 20) / 6)) - m) / taum
ENDCOMMENT

NEURON {
    SUFFIX caohm
    USEION ca READ eca WRITE ica
    RANGE gbar, taum
}

UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (S) = (siemens)
}

PARAMETER {
    gbar = 0.001 (S/cm2)
    taum = 1.5 (ms)
}

ASSIGNED {
    v (mV)
    eca (mV)
    ica (mA/cm2)
}

STATE { m }

INITIAL { m = minf(v) }

BREAKPOINT {
    SOLVE gate METHOD cnexp
    ica = gbar * m * m * (v - eca)
}

DERIVATIVE gate { m' = (minf(v) - m) / taum }

FUNCTION minf(v (mV)) { minf = 1 / (1 + exp(-(v + 20 (mV)) / 6 (mV))) }
