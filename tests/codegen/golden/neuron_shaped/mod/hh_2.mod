TITLE hh_2: channelDensity

COMMENT
Made from model.toml by neuropil VERSION
ENDCOMMENT

NEURON {
    THREADSAFE
    SUFFIX hh_2
    NONSPECIFIC_CURRENT i
    RANGE gbar, m, h, i, m_rateScale, m_inf, m_tau, h_rateScale, h_inf, h_tau
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
    gbar = 1 (S/cm2)
    erev = 50 (mV)
    m_q10Settings_q10Factor = 2.3
    m_q10Settings_experimentalTemp = 294.15 (K)
    m_q10Settings_TENDEGREES = 10 (K)
    m_forwardRate_rate = 1.092 (/ms)
    m_forwardRate_midpoint = -32 (mV)
    m_forwardRate_scale = 6 (mV)
    m_reverseRate_rate = 0.744 (/ms)
    m_reverseRate_midpoint = -32 (mV)
    m_reverseRate_scale = -6 (mV)
    h_q10Settings_q10Factor = 2.3
    h_q10Settings_experimentalTemp = 294.15 (K)
    h_q10Settings_TENDEGREES = 10 (K)
    h_forwardRate_rate = 0.09 (/ms)
    h_forwardRate_midpoint = -60 (mV)
    h_forwardRate_scale = -6 (mV)
    h_reverseRate_rate = 0.09 (/ms)
    h_reverseRate_midpoint = -60 (mV)
    h_reverseRate_scale = 6 (mV)
    temperature = 307.15 (K)
}

ASSIGNED {
    v (mV)
    i (mA/cm2)
    m_rateScale
    m_inf
    m_tau (ms)
    h_rateScale
    h_inf
    h_tau (ms)
}

STATE {
    m
    h
}

INITIAL {
    m_rateScale = m_q10Settings_q10Factor^((temperature - m_q10Settings_experimentalTemp)/m_q10Settings_TENDEGREES)
    h_rateScale = h_q10Settings_q10Factor^((temperature - h_q10Settings_experimentalTemp)/h_q10Settings_TENDEGREES)
    rates(v)
    m = m_inf
    h = h_inf
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    i = gbar*(m^3*h)*(v - erev)
}

DERIVATIVE states {
    rates(v)
    m' = (m_inf - m)/m_tau
    h' = (h_inf - h)/h_tau
}

PROCEDURE rates(v (mV)) {
    LOCAL m_forwardRate_x, m_alpha, m_reverseRate_x, m_beta, h_forwardRate_x, h_alpha, h_reverseRate_x,
          h_beta
    m_forwardRate_x = (v - m_forwardRate_midpoint)/m_forwardRate_scale
    m_alpha = m_forwardRate_rate*linoid(m_forwardRate_x)
    m_reverseRate_x = (v - m_reverseRate_midpoint)/m_reverseRate_scale
    m_beta = m_reverseRate_rate*linoid(m_reverseRate_x)
    m_inf = m_alpha/(m_alpha + m_beta)
    m_tau = 1/((m_alpha + m_beta)*m_rateScale)
    h_forwardRate_x = (v - h_forwardRate_midpoint)/h_forwardRate_scale
    h_alpha = h_forwardRate_rate*linoid(h_forwardRate_x)
    h_reverseRate_x = (v - h_reverseRate_midpoint)/h_reverseRate_scale
    h_beta = h_reverseRate_rate*linoid(h_reverseRate_x)
    h_inf = h_alpha/(h_alpha + h_beta)
    h_tau = 1/((h_alpha + h_beta)*h_rateScale)
}

: x / (1 - exp(-x)), which is 1 at 0
FUNCTION linoid(x) {
    if (fabs(x) < 1e-4) {
        linoid = 1 + x/2 + x*x/12
    } else {
        linoid = x/(1 - exp(-x))
    }
}
