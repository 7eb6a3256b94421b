TITLE leak: channelDensity

COMMENT
Made from model.toml by neuropil VERSION
ENDCOMMENT

NEURON {
    THREADSAFE
    SUFFIX leak
    NONSPECIFIC_CURRENT i
    RANGE gbar, i
}

UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (nA) = (nanoamp)
    (uS) = (microsiemens)
    (S) = (siemens)
    (um) = (micron)
    (mM) = (milli/liter)
}

PARAMETER {
    gbar = 0.0003 (S/cm2)
    erev = -54.3 (mV)
}

ASSIGNED {
    v (mV)
    i (mA/cm2)
}

BREAKPOINT {
    i = gbar*(v - erev)
}
