: cal: channelDensityNernst
: Made from model.toml by neuropil VERSION

NEURON {
    SUFFIX cal
    USEION ca READ cai, cao WRITE ica
    RANGE gbar, cover, m
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
    zCa = 2
    F = 96485.3 (coulomb/mole)
    R_2 = 8.3144621 (joule/mole/K)
    m_forwardRate_rate = 156.9 (/ms)
    m_forwardRate_midpoint = 81.5 (mV)
    m_forwardRate_scale = 10 (mV)
    m_reverseRate_rate = 0.29 (/ms)
    m_reverseRate_midpoint = 0 (mV)
    m_reverseRate_scale = -10.86 (mV)
    s_steadyState_half = 0.001 (mM)
    temperature = 307.15 (K)
    cover = 1
}

STATE {
    m
}

INITIAL {
    LOCAL m_forwardRate_x, m_alpha, m_beta, m_inf
    m_forwardRate_x = (v - m_forwardRate_midpoint)/m_forwardRate_scale
    m_alpha = m_forwardRate_rate*exprelr(-(m_forwardRate_x))
    m_beta = m_reverseRate_rate*exp((v - m_reverseRate_midpoint)/m_reverseRate_scale)
    m_inf = m_alpha/(m_alpha + m_beta)
    m = m_inf
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    LOCAL s_inf, g, erev, ica_part1
    s_inf = s_steadyState_half/(s_steadyState_half + cai)
    if (cao > 0) {
        g = gbar*(m^2*s_inf)
    } else {
        g = 0*gbar
    }
    if (cao > 0) {
        erev = 1000*(R_2*temperature/(zCa*F)*log(cao/cai))
    } else {
        erev = 0*v
    }
    if (cao > 0) {
        ica_part1 = g*(v - erev)
    } else {
        ica_part1 = 0*g*v
    }
    ica = cover*ica_part1
}

DERIVATIVE states {
    LOCAL m_forwardRate_x, m_alpha, m_beta, m_inf, m_tau
    m_forwardRate_x = (v - m_forwardRate_midpoint)/m_forwardRate_scale
    m_alpha = m_forwardRate_rate*exprelr(-(m_forwardRate_x))
    m_beta = m_reverseRate_rate*exp((v - m_reverseRate_midpoint)/m_reverseRate_scale)
    m_inf = m_alpha/(m_alpha + m_beta)
    m_tau = 1/(m_alpha + m_beta)
    m' = (m_inf - m)/m_tau
}
