: pas_2: channelDensity
: Made from model.toml by neuropil VERSION

NEURON {
    SUFFIX pas_2
    NONSPECIFIC_CURRENT i
    RANGE gbar
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
    v (mV)
    gbar = 0.00005 (S/cm2)
    erev = -75 (mV)
}

INITIAL {
}

BREAKPOINT {
    i = gbar*(v - erev)
}
