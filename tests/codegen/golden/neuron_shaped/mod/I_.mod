TITLE I_: channelDensity

COMMENT
Made from model.toml by neuropil VERSION
ENDCOMMENT

NEURON {
    THREADSAFE
    SUFFIX I_
    NONSPECIFIC_CURRENT i
    RANGE gbar, m, i, m_inf, m_tau
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
    erev = -45 (mV)
    m_forwardRate_rate = 0.076517 (/ms)
    m_forwardRate_midpoint = -154.9 (mV)
    m_forwardRate_scale = -11.9 (mV)
    m_reverseRate_rate = 0.193 (/ms)
    m_reverseRate_midpoint = 0 (mV)
    m_reverseRate_scale = 33.1 (mV)
}

ASSIGNED {
    v (mV)
    i (mA/cm2)
    m_inf
    m_tau (ms)
}

STATE {
    m
}

INITIAL {
    rates(v)
    m = m_inf
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    i = gbar*m*(v - erev)
}

: What is recorded, from the potential and the states of the same time.
BEFORE STEP {
    i = gbar*m*(v - erev)
}

DERIVATIVE states {
    rates(v)
    m' = (m_inf - m)/m_tau
}

PROCEDURE rates(v (mV)) {
    LOCAL m_forwardRate_x, m_alpha, m_beta
    m_forwardRate_x = (v - m_forwardRate_midpoint)/m_forwardRate_scale
    m_alpha = m_forwardRate_rate*linoid(m_forwardRate_x)
    m_beta = m_reverseRate_rate*exp((v - m_reverseRate_midpoint)/m_reverseRate_scale)
    m_inf = m_alpha/(m_alpha + m_beta)
    m_tau = 1/(m_alpha + m_beta)
}

: x / (1 - exp(-x)), which is 1 at 0
FUNCTION linoid(x) {
    if (fabs(x) < 1e-4) {
        linoid = 1 + x/2 + x*x/12
    } else {
        linoid = x/(1 - exp(-x))
    }
}
