: I_: channelDensity
: Made from model.toml by neuropil VERSION

NEURON {
    SUFFIX I_
    NONSPECIFIC_CURRENT i
    RANGE gbar, m
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
    gbar = 0 (S/cm2)
    erev = -45 (mV)
    m_forwardRate_rate = 0.076517 (/ms)
    m_forwardRate_midpoint = -154.9 (mV)
    m_forwardRate_scale = -11.9 (mV)
    m_reverseRate_rate = 0.193 (/ms)
    m_reverseRate_midpoint = 0 (mV)
    m_reverseRate_scale = 33.1 (mV)
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
    i = gbar*m*(v - erev)
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
