TITLE conductance: IF_cond_exp, with all that is on it

COMMENT
Made from model.toml by neuropil VERSION

A cell without a shape. It has a potential of its own, vm, and steps itself once every dt: each state by its own decay
exactly, with what else it reads half-way through the step. The section that it sits on means nothing.
ENDCOMMENT

NEURON {
    THREADSAFE
    POINT_PROCESS conductance
    RANGE cm, i_offset, v_init, v_rest, v_thresh, v_reset, tau_m, tau_refrac, MSEC, MVOLT, NFARAD, HAIR
    RANGE excitatory_tau_syn, excitatory_e_rev, excitatory_MSEC, excitatory_MVOLT, excitatory_NAMP
    RANGE inhibitory_tau_syn, inhibitory_e_rev, inhibitory_MSEC, inhibitory_MVOLT, inhibitory_NAMP
    RANGE step_delay, step_duration, step_amplitude, step_weight, step_on, vm, lastSpikeTime, regime
    RANGE excitatory_g, inhibitory_g, step_i
    RANGE clock, now, fired
}

UNITS {
    (mV) = (millivolt)
    (nA) = (nanoamp)
    (uS) = (microsiemens)
    (um) = (micron)
    (mM) = (milli/liter)
}

PARAMETER {
    cm = 1
    i_offset = 0
    v_init = -65
    v_rest = -65
    v_thresh = -52
    v_reset = -65
    tau_m = 20
    tau_refrac = 0.1
    MSEC = 1 (ms)
    MVOLT = 1 (mV)
    NFARAD = 1 (nF)
    HAIR = 1e-6
    excitatory_tau_syn = 5
    excitatory_e_rev = 0
    excitatory_MSEC = 1 (ms)
    excitatory_MVOLT = 1 (mV)
    excitatory_NAMP = 1 (nA)
    inhibitory_tau_syn = 5
    inhibitory_e_rev = -70
    inhibitory_MSEC = 1 (ms)
    inhibitory_MVOLT = 1 (mV)
    inhibitory_NAMP = 1 (nA)
    step_delay = 5 (ms)
    step_duration = 9.999999999999998 (ms)
    step_amplitude = 0.5 (nA)
    step_weight = 1
    step_on = 0
}

ASSIGNED {
    dt (ms)
    clock
    now (ms)
    fired
    vm (mV)
    lastSpikeTime (ms)
    regime
    excitatory_g
    inhibitory_g
    step_i (nA)
}INITIAL {
    lastSpikeTime = 0
    excitatory_g = 0
    inhibitory_g = 0
    step_i = 0
    vm = v_init*MVOLT
    regime = 0
    clock = 0
    now = 0
    fired = 0
    net_send(0, 1)
}

BREAKPOINT {
    SOLVE advance METHOD after_cvode
}

PROCEDURE advance() {
    clock = clock + 1
    now = (clock - 0.5)*dt
    part(dt)
    now = clock*dt
    check()
}

PROCEDURE part(width (ms)) {
    LOCAL excitatory_i, inhibitory_i, iSyn, vm_slope, vm_rate, vm_after, excitatory_g_slope,
          excitatory_g_rate, excitatory_g_after, inhibitory_g_slope, inhibitory_g_rate,
          inhibitory_g_after, vm_mid, excitatory_g_mid, inhibitory_g_mid
    excitatory_i = excitatory_g*(excitatory_e_rev - vm/excitatory_MVOLT)*excitatory_NAMP
    inhibitory_i = inhibitory_g*(inhibitory_e_rev - vm/inhibitory_MVOLT)*inhibitory_NAMP
    iSyn = excitatory_i + inhibitory_i + step_on*step_i
    if (regime == 0) {
        vm_slope = (i_offset/cm + (v_rest - vm/MVOLT)/tau_m)*MVOLT/MSEC + iSyn/(cm*NFARAD)
    } else {
        vm_slope = 0
    }
    if (regime == 0) {
        vm_rate = (-(1/MVOLT))/tau_m*MVOLT/MSEC + (excitatory_g*(-(1/excitatory_MVOLT))*excitatory_NAMP + inhibitory_g*(-(1/inhibitory_MVOLT))*inhibitory_NAMP)/(cm*NFARAD)
    } else {
        vm_rate = 0
    }
    vm_after = vm + vm_slope*reach(vm_rate, width)
    excitatory_g_slope = -(excitatory_g/(excitatory_tau_syn*excitatory_MSEC))
    excitatory_g_rate = -(1/(excitatory_tau_syn*excitatory_MSEC))
    excitatory_g_after = excitatory_g + excitatory_g_slope*reach(excitatory_g_rate, width)
    inhibitory_g_slope = -(inhibitory_g/(inhibitory_tau_syn*inhibitory_MSEC))
    inhibitory_g_rate = -(1/(inhibitory_tau_syn*inhibitory_MSEC))
    inhibitory_g_after = inhibitory_g + inhibitory_g_slope*reach(inhibitory_g_rate, width)
    : half-way, and from there again what reads others that move
    vm_mid = (vm + vm_after)/2
    if (vm_rate*width >= 1) {
        vm_mid = vm
    }
    excitatory_g_mid = excitatory_g + excitatory_g_slope*reach(excitatory_g_rate, width/2)
    inhibitory_g_mid = inhibitory_g + inhibitory_g_slope*reach(inhibitory_g_rate, width/2)
    excitatory_i = excitatory_g_mid*(excitatory_e_rev - vm/excitatory_MVOLT)*excitatory_NAMP
    inhibitory_i = inhibitory_g_mid*(inhibitory_e_rev - vm/inhibitory_MVOLT)*inhibitory_NAMP
    iSyn = excitatory_i + inhibitory_i + step_on*step_i
    if (regime == 0) {
        vm_slope = (i_offset/cm + (v_rest - vm/MVOLT)/tau_m)*MVOLT/MSEC + iSyn/(cm*NFARAD)
    } else {
        vm_slope = 0
    }
    if (regime == 0) {
        vm_rate = (-(1/MVOLT))/tau_m*MVOLT/MSEC + (excitatory_g_mid*(-(1/excitatory_MVOLT))*excitatory_NAMP + inhibitory_g_mid*(-(1/inhibitory_MVOLT))*inhibitory_NAMP)/(cm*NFARAD)
    } else {
        vm_rate = 0
    }
    vm_after = vm + vm_slope*reach(vm_rate, width)
    vm = vm_after
    excitatory_g = excitatory_g_after
    inhibitory_g = inhibitory_g_after
}

: Thresholds and the like.
PROCEDURE check() {
    if (now < step_delay) {
        step_i = 0
    }
    if ((now >= step_delay) && (now < step_delay + step_duration)) {
        step_i = step_weight*step_amplitude
    }
    if (now >= step_delay + step_duration) {
        step_i = 0
    }
    if ((regime == 0) && (vm > v_thresh*MVOLT)) {
        regime = 1
        vm = v_reset*MVOLT
        lastSpikeTime = now
        fired = 1
    }
    if ((regime == 1) && (now > lastSpikeTime + (tau_refrac - HAIR)*MSEC)) {
        regime = 0
    }
}

: How far a step of length h reaches whose decay has the slope k: (exp(k h) - 1) / k.
FUNCTION reach(k (/ms), h (ms)) (ms) {
    if (fabs(k*h) < 1e-5) {
        reach = h*(1 + k*h/2)
    } else {
        reach = (exp(k*h) - 1)/k
    }
}

NET_RECEIVE(weight, port) {
    INITIAL {
        : The port is the connection's, and stays. Without this block NEURON would set it to 0.
    }
    if (flag == 1) {
        WATCH (fired > 0.5) 2
    } else if (flag == 2) {
        fired = 0
        net_event(t)
        WATCH (fired > 0.5) 2
    } else {
        if (port == 0) {
            excitatory_g = excitatory_g + weight
        }
        if (port == 1) {
            inhibitory_g = inhibitory_g + weight
        }
    }
}
