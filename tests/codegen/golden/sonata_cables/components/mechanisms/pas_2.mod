TITLE pas_2: channelDensity

COMMENT
Made from model.toml by neuropil VERSION
ENDCOMMENT

NEURON {
    THREADSAFE
    SUFFIX pas_2
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
    gbar = 0 (S/cm2)
    erev = -65 (mV)
}

ASSIGNED {
    v (mV)
    i (mA/cm2)
}

BREAKPOINT {
    i = gbar*(v - erev)
}
