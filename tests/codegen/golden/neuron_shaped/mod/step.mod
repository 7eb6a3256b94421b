TITLE step: pulseGenerator

COMMENT
Made from model.toml by neuropil VERSION
ENDCOMMENT

NEURON {
    THREADSAFE
    POINT_PROCESS step
    ELECTRODE_CURRENT i
    RANGE scale, delay, duration, amplitude, i
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
    scale = 1
    delay = 5 (ms)
    duration = 9.999999999999998 (ms)
    amplitude = 0.5 (nA)
}

ASSIGNED {
    i (nA)
}

INITIAL {
    i = 0
}

BREAKPOINT {
    if (t < delay) {
        i = 0
    }
    if ((t >= delay) && (t < delay + duration)) {
        i = scale*amplitude
    }
    if (t >= delay + duration) {
        i = 0
    }
}
