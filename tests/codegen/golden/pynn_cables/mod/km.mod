TITLE km: channelDensity

COMMENT
Made from model.toml by neuropil VERSION
ENDCOMMENT

NEURON {
    THREADSAFE
    SUFFIX km
    NONSPECIFIC_CURRENT i
    RANGE gbar, m, i, m_rateScale, m_inf, m_tau
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
    erev = -77 (mV)
    m_q10Settings_q10Factor = 2.3
    m_q10Settings_experimentalTemp = 294.15 (K)
    m_q10Settings_TENDEGREES = 10 (K)
    m_forwardRate_rate = 0.0033 (/ms)
    m_forwardRate_midpoint = -35 (mV)
    m_forwardRate_scale = 10 (mV)
    m_reverseRate_rate = 0.0033 (/ms)
    m_reverseRate_midpoint = -35 (mV)
    m_reverseRate_scale = -10 (mV)
    temperature = 279.45 (K)
}

ASSIGNED {
    v (mV)
    i (mA/cm2)
    m_rateScale
    m_inf
    m_tau (ms)
}

STATE {
    m
}

INITIAL {
    m_rateScale = m_q10Settings_q10Factor^((temperature - m_q10Settings_experimentalTemp)/m_q10Settings_TENDEGREES)
    rates(v)
    m = m_inf
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    i = gbar*m*(v - erev)
}

DERIVATIVE states {
    rates(v)
    m' = (m_inf - m)/m_tau
}

PROCEDURE rates(v (mV)) {
    LOCAL m_alpha, m_beta
    m_alpha = m_forwardRate_rate*exp((v - m_forwardRate_midpoint)/m_forwardRate_scale)
    m_beta = m_reverseRate_rate*exp((v - m_reverseRate_midpoint)/m_reverseRate_scale)
    m_inf = m_alpha/(m_alpha + m_beta)
    m_tau = 1/((m_alpha + m_beta)*m_rateScale)
}
