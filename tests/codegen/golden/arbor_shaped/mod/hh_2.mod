: hh_2: channelDensity
: Made from model.toml by neuropil VERSION

NEURON {
    SUFFIX hh_2
    NONSPECIFIC_CURRENT i
    RANGE gbar, m, h, m_rateScale, h_rateScale
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
    m_rateScale
    h_rateScale
}

STATE {
    m
    h
}

INITIAL {
    LOCAL m_forwardRate_x, m_alpha, m_reverseRate_x, m_beta, m_inf, h_forwardRate_x, h_alpha,
          h_reverseRate_x, h_beta, h_inf
    m_rateScale = m_q10Settings_q10Factor^((temperature - m_q10Settings_experimentalTemp)/m_q10Settings_TENDEGREES)
    h_rateScale = h_q10Settings_q10Factor^((temperature - h_q10Settings_experimentalTemp)/h_q10Settings_TENDEGREES)
    m_forwardRate_x = (v - m_forwardRate_midpoint)/m_forwardRate_scale
    m_alpha = m_forwardRate_rate*exprelr(-(m_forwardRate_x))
    m_reverseRate_x = (v - m_reverseRate_midpoint)/m_reverseRate_scale
    m_beta = m_reverseRate_rate*exprelr(-(m_reverseRate_x))
    m_inf = m_alpha/(m_alpha + m_beta)
    m = m_inf
    h_forwardRate_x = (v - h_forwardRate_midpoint)/h_forwardRate_scale
    h_alpha = h_forwardRate_rate*exprelr(-(h_forwardRate_x))
    h_reverseRate_x = (v - h_reverseRate_midpoint)/h_reverseRate_scale
    h_beta = h_reverseRate_rate*exprelr(-(h_reverseRate_x))
    h_inf = h_alpha/(h_alpha + h_beta)
    h = h_inf
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    i = gbar*(m^3*h)*(v - erev)
}

DERIVATIVE states {
    LOCAL m_forwardRate_x, m_alpha, m_reverseRate_x, m_beta, m_inf, m_tau, h_forwardRate_x, h_alpha,
          h_reverseRate_x, h_beta, h_inf, h_tau
    m_forwardRate_x = (v - m_forwardRate_midpoint)/m_forwardRate_scale
    m_alpha = m_forwardRate_rate*exprelr(-(m_forwardRate_x))
    m_reverseRate_x = (v - m_reverseRate_midpoint)/m_reverseRate_scale
    m_beta = m_reverseRate_rate*exprelr(-(m_reverseRate_x))
    m_inf = m_alpha/(m_alpha + m_beta)
    m_tau = 1/((m_alpha + m_beta)*m_rateScale)
    h_forwardRate_x = (v - h_forwardRate_midpoint)/h_forwardRate_scale
    h_alpha = h_forwardRate_rate*exprelr(-(h_forwardRate_x))
    h_reverseRate_x = (v - h_reverseRate_midpoint)/h_reverseRate_scale
    h_beta = h_reverseRate_rate*exprelr(-(h_reverseRate_x))
    h_inf = h_alpha/(h_alpha + h_beta)
    h_tau = 1/((h_alpha + h_beta)*h_rateScale)
    m' = (m_inf - m)/m_tau
    h' = (h_inf - h)/h_tau
}
