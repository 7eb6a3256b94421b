/*
 * adExIaFCell: a neuron model for sPyNNaker.
 *
 * Made from model.toml by neuropil VERSION.
 *
 * Build it in a copy of sPyNNaker's new-model template: this header goes to c_models/src/my_models/models/, the
 * Makefile to c_models/makefiles/adaptive/. Units: mV, ms, nA, uS, nF. States go on by the midpoint rule.
 */
#ifndef _NEURON_MODEL_ADAPTIVE_H_
#define _NEURON_MODEL_ADAPTIVE_H_

#include <neuron/models/neuron_model.h>

// Products and quotients as SpiNNaker rounds them, whatever a compiler would make of the operators.
static inline REAL mulk(REAL a, REAL b) {
    return kbits((int32_t) (((int64_t) bitsk(a) * bitsk(b)) >> 15));
}

static inline REAL divk(REAL a, REAL b) {
    if (bitsk(b) == 0) {
        return kbits(bitsk(a) < 0 ? INT32_MIN : INT32_MAX);
    }
    return kbits((int32_t) (((int64_t) bitsk(a) << 15) / bitsk(b)));
}

//! Parameters and states, in the order of the Python class
struct neuron_params_t {
    //! [nF]
    REAL C;
    //! [uS]
    REAL gL;
    //! [mV]
    REAL EL;
    //! [mV]
    REAL VT;
    //! [mV]
    REAL delT;
    //! [mV]
    REAL thresh;
    //! [mV]
    REAL reset;
    //! [ms]
    REAL refract;
    //! [ms]
    REAL tauw;
    //! [uS]
    REAL a;
    //! [nA]
    REAL b;
    //! state [mV]
    REAL v;
    //! state [nA]
    REAL w;
    //! state [ms]
    REAL lastSpikeTime;
    //! state []
    REAL regime;
    //! state [ms]
    REAL t;
    //! [ms]
    REAL time_step;
};

struct neuron_t {
    REAL C;
    REAL gL;
    REAL EL;
    REAL VT;
    REAL delT;
    REAL thresh;
    REAL reset;
    REAL refract;
    REAL tauw;
    REAL a;
    REAL b;
    REAL v;
    REAL w;
    REAL lastSpikeTime;
    REAL regime;
    REAL t;
    REAL time_step;
    //! derived
    REAL iMemb;
};

static inline void neuron_model_initialise(neuron_t *neuron, neuron_params_t *params) {
    neuron->C = params->C;
    neuron->gL = params->gL;
    neuron->EL = params->EL;
    neuron->VT = params->VT;
    neuron->delT = params->delT;
    neuron->thresh = params->thresh;
    neuron->reset = params->reset;
    neuron->refract = params->refract;
    neuron->tauw = params->tauw;
    neuron->a = params->a;
    neuron->b = params->b;
    neuron->v = params->v;
    neuron->w = params->w;
    neuron->lastSpikeTime = params->lastSpikeTime;
    neuron->regime = params->regime;
    neuron->t = params->t;
    neuron->time_step = params->time_step;
}

static inline void neuron_model_save_state(neuron_t *neuron, neuron_params_t *params) {
    params->v = neuron->v;
    params->w = neuron->w;
    params->lastSpikeTime = neuron->lastSpikeTime;
    params->regime = neuron->regime;
    params->t = neuron->t;
}

static inline void neuron_model_derive(neuron_t *neuron, REAL input) {
    (void) input;
    neuron->iMemb = mulk(neuron->gL, neuron->EL - neuron->v) + mulk(mulk(neuron->gL, neuron->delT), expk(divk(neuron->v - neuron->VT, neuron->delT))) - neuron->w + input;
}

//! \return 1 in a step in which the neuron fires, else 0: to be compared with a threshold of 0.5
static state_t neuron_model_state_update(
        uint16_t num_excitatory_inputs, const input_t *exc_input,
        uint16_t num_inhibitory_inputs, const input_t *inh_input,
        input_t external_bias, REAL current_offset, neuron_t *restrict neuron) {
    REAL input = external_bias + current_offset;
    for (uint32_t i = 0; i < num_excitatory_inputs; i++) {
        input += exc_input[i];
    }
    for (uint32_t i = 0; i < num_inhibitory_inputs; i++) {
        input -= inh_input[i];
    }
    REAL half = kbits(bitsk(neuron->time_step) >> 1);
    REAL v_begin = neuron->v;
    REAL w_begin = neuron->w;

    neuron_model_derive(neuron, input);
    REAL v_half = v_begin + mulk(half, (neuron->regime == 0.0k) ? divk(neuron->iMemb, neuron->C) : 0.0k);
    REAL w_half = w_begin + mulk(half, (neuron->regime == 1.0k) ? divk(mulk(neuron->a, neuron->v - neuron->EL) - neuron->w, neuron->tauw) : ((neuron->regime == 0.0k) ? divk(mulk(neuron->a, neuron->v - neuron->EL) - neuron->w, neuron->tauw) : 0.0k));
    neuron->v = v_half;
    neuron->w = w_half;

    neuron_model_derive(neuron, input);
    REAL v_next = v_begin + mulk(neuron->time_step, (neuron->regime == 0.0k) ? divk(neuron->iMemb, neuron->C) : 0.0k);
    REAL w_next = w_begin + mulk(neuron->time_step, (neuron->regime == 1.0k) ? divk(mulk(neuron->a, neuron->v - neuron->EL) - neuron->w, neuron->tauw) : ((neuron->regime == 0.0k) ? divk(mulk(neuron->a, neuron->v - neuron->EL) - neuron->w, neuron->tauw) : 0.0k));
    neuron->v = v_next;
    neuron->w = w_next;

    neuron_model_derive(neuron, input);
    bool fires = false;
    neuron->t += neuron->time_step;
    if ((neuron->regime == 0.0k) && (neuron->v > neuron->thresh)) {
        neuron->regime = 1.0k;
        neuron->v = neuron->reset;
        neuron->w = neuron->w + neuron->b;
        neuron->lastSpikeTime = neuron->t;
        fires = true;
    }
    if ((neuron->regime == 1.0k) && (neuron->t > (neuron->lastSpikeTime + neuron->refract))) {
        neuron->regime = 0.0k;
    }
    return fires ? 1.0k : 0.0k;
}

static inline void neuron_model_has_spiked(neuron_t *restrict neuron) {
    // What a spike resets is among the conditions above.
    (void) neuron;
}

static state_t neuron_model_get_membrane_voltage(const neuron_t *neuron) {
    return neuron->v;
}

static inline void neuron_model_print_state_variables(const neuron_t *neuron) {
    log_info("v = %11.4k", neuron->v);
    log_info("w = %11.4k", neuron->w);
    log_info("lastSpikeTime = %11.4k", neuron->lastSpikeTime);
    log_info("regime = %11.4k", neuron->regime);
    log_info("t = %11.4k", neuron->t);
}

static inline void neuron_model_print_parameters(const neuron_t *neuron) {
    log_info("C = %11.4k", neuron->C);
    log_info("gL = %11.4k", neuron->gL);
    log_info("EL = %11.4k", neuron->EL);
    log_info("VT = %11.4k", neuron->VT);
    log_info("delT = %11.4k", neuron->delT);
    log_info("thresh = %11.4k", neuron->thresh);
    log_info("reset = %11.4k", neuron->reset);
    log_info("refract = %11.4k", neuron->refract);
    log_info("tauw = %11.4k", neuron->tauw);
    log_info("a = %11.4k", neuron->a);
    log_info("b = %11.4k", neuron->b);
}

#endif // _NEURON_MODEL_ADAPTIVE_H_
