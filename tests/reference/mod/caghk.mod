TITLE calcium permeability with one gate, squared, after Goldman, Hodgkin and Katz

COMMENT
ica = pbar m^2 z^2 F^2 v / (R T) (cai - cao exp(-z F v / R T)) / (1 - exp(-z F v / R T)), z = 2
(Hille 2001, Ion channels of excitable membranes, eq. 14.4), gate as in caohm.
ENDCOMMENT

NEURON {
    SUFFIX caghk
    USEION ca READ cai, cao WRITE ica
    RANGE pbar, taum
}

UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (mM) = (milli/liter)
    F = (faraday) (coulomb)
    R = (k-mole) (joule/degC)
}

PARAMETER {
    pbar = 1e-4 (cm/s)
    taum = 1.5 (ms)
}

ASSIGNED {
    v (mV)
    celsius (degC)
    cai (mM)
    cao (mM)
    ica (mA/cm2)
}

STATE { m }

INITIAL { m = minf(v) }

BREAKPOINT {
    SOLVE gate METHOD cnexp
    ica = pbar * m * m * flux(v, cai, cao)
}

DERIVATIVE gate { m' = (minf(v) - m) / taum }

FUNCTION minf(v (mV)) { minf = 1 / (1 + exp(-(v + 20 (mV)) / 6 (mV))) }

: mA/cm2 per cm/s
FUNCTION flux(v (mV), ci (mM), co (mM)) (.001 coul/cm3) {
    LOCAL u
    u = 0.002 * F * v / (R * (celsius + 273.15))
    flux = 0.002 * F * (ci * ratio(-u) - co * ratio(u))
}

: x / (exp(x) - 1)
FUNCTION ratio(x) {
    if (fabs(x) < 1e-4) {
        ratio = 1 - x / 2
    } else {
        ratio = x / (exp(x) - 1)
    }
}
