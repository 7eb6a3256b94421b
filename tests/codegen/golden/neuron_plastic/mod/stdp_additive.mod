TITLE stdp_additive: stdpConnection

COMMENT
Made from model.toml by neuropil VERSION
ENDCOMMENT

NEURON {
    THREADSAFE
    POINT_PROCESS stdp_additive
    RANGE scale, w_min, w_max, tau_plus, tau_minus, A_plus, A_minus, w, r, o, oBefore, postTime
    POINTER passed
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
    w_min = 0
    w_max = 1
    tau_plus = 20 (ms)
    tau_minus = 20 (ms)
    A_plus = 0.01
    A_minus = 0.01
}

ASSIGNED {
    passed
    w
    oBefore
    postTime (ms)
    dt (ms)
}

STATE {
    r
    o
}

INITIAL {
    r = 0
    o = 0
    oBefore = 0
    w = scale
    postTime = (-1000000)*tau_minus
}

BREAKPOINT {
    SOLVE states METHOD cnexp
}

DERIVATIVE states {
    r' = -(r/tau_plus)
    o' = -(o/tau_minus)
}

NET_RECEIVE(signal, port) {
    LOCAL raised, potentiated, oHeard, lowered, depressed, now
    INITIAL {
        : The port is the connection's, and stays. Without this block NEURON would set it to 0.
    }
    now = dt*ceil(t/dt - 0.5 - 1e-6)
    if (port == 0) {
        raised = w + A_plus*r*w_max
        if (raised > w_max) {
            potentiated = w_max
        } else {
            if (raised < w_min) {
                potentiated = w_min
            } else {
                potentiated = raised
            }
        }
        w = potentiated
        oBefore = o
        o = o + 1
        postTime = now
    }
    if (port == 1) {
        if (now == postTime) {
            oHeard = oBefore
        } else {
            oHeard = o
        }
        lowered = w - A_minus*oHeard*w_max
        if (lowered < w_min) {
            depressed = w_min
        } else {
            if (lowered > w_max) {
                depressed = w_max
            } else {
                depressed = lowered
            }
        }
        w = depressed
        r = r + 1
        passed = w
        net_event(t)
    }
}
