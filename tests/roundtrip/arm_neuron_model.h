/* What sPyNNaker's own header of this name gives to a neuron model, as far as the generated ones need it. */
#ifndef NEURON_MODEL_H
#define NEURON_MODEL_H
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef _Accum accum;
typedef accum REAL;
typedef accum input_t;
typedef accum state_t;
typedef struct neuron_params_t neuron_params_t;
typedef struct neuron_t neuron_t;

static inline int32_t bitsk(accum x) { int32_t r; memcpy(&r, &x, 4); return r; }
static inline accum kbits(int32_t b) { accum r; memcpy(&r, &b, 4); return r; }

/* The exact exponential cut off, where the chip's library may be one step off. */
static inline accum expk(accum x)
{
    if (bitsk(x) < -340695) return kbits(0);
    if (bitsk(x) > 363408) return kbits(INT32_MAX);
    return (accum) exp((double) bitsk(x) / 32768.0);
}

#define log_info(...) ((void) 0)
#endif
