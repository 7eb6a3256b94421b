: sk: channelDensity
: Made from model.toml by neuropil VERSION

NEURON {
    SUFFIX sk
    USEION ca READ cai
    NONSPECIFIC_CURRENT i
    RANGE gbar, z
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
    gbar = 0.001 (S/cm2)
    erev = -85 (mV)
    z_timeCourse_tau = 1 (ms)
    z_steadyState_half = 0.00043 (mM)
    z_steadyState_hill = 4.8
    z_steadyState_LEAST = 1e-7 (mM)
}

STATE {
    z
}

INITIAL {
    LOCAL z_steadyState_ca, z_steadyState_ca_part1, z_inf
    if ((z_steadyState_LEAST - cai)/z_steadyState_LEAST >= 0) {
        z_steadyState_ca_part1 = 1
    } else {
        z_steadyState_ca_part1 = 0
    }
    z_steadyState_ca = cai + z_steadyState_LEAST*z_steadyState_ca_part1
    z_inf = 1/(1 + (z_steadyState_half/z_steadyState_ca)^z_steadyState_hill)
    z = z_inf
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    i = gbar*z*(v - erev)
}

DERIVATIVE states {
    LOCAL z_steadyState_ca, z_steadyState_ca_part1, z_inf
    if ((z_steadyState_LEAST - cai)/z_steadyState_LEAST >= 0) {
        z_steadyState_ca_part1 = 1
    } else {
        z_steadyState_ca_part1 = 0
    }
    z_steadyState_ca = cai + z_steadyState_LEAST*z_steadyState_ca_part1
    z_inf = 1/(1 + (z_steadyState_half/z_steadyState_ca)^z_steadyState_hill)
    z' = (z_inf - z)/z_timeCourse_tau
}
