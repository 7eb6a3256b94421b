/* What a compiler that knows _Accum makes of s16.15 arithmetic: the answers that the emulation has to give.
 * Prints a hash after every 1000 random operations, then one after every 1000 steps of two cells. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef _Accum accum;

static int32_t bits(accum x) { int32_t r; memcpy(&r, &x, 4); return r; }
static accum from_bits(int32_t b) { accum r; memcpy(&r, &b, 4); return r; }

static uint64_t state = 88172645463325252ull;
static uint64_t draw(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static uint32_t hash = 2166136261u;
static void note(int32_t value)
{
    for (int i = 0; i < 4; i++) { hash ^= ((uint32_t) value >> (8 * i)) & 255u; hash *= 16777619u; }
}

/* A fraction of 32 bits below 1 times a number: the library's multiplication, which is plain integers. */
static accum scaled(accum x, uint32_t by)
{
    return from_bits((int32_t) (((int64_t) bits(x) * (int64_t) (uint64_t) by) >> 32));
}

/* Numbers of all sizes: many bits shifted out. */
static int32_t number(void)
{
    int32_t all = (int32_t) (draw() >> 32);
    return all >> (draw() % 32);
}

static void operations(void)
{
    for (int i = 0; i < 1000000; i++) {
        int32_t a = number(), b = number();
        int32_t result;
        switch (draw() % 6) {
        case 0: result = bits(from_bits(a) * from_bits(b)); break;
        case 1:
            /* A quotient that s16.15 holds; others are undefined in C. */
            if (b == 0) b = 1;
            if (((int64_t) a << 15) / b != (int32_t) (((int64_t) a << 15) / b)) b = INT32_MAX;
            result = bits(from_bits(a) / from_bits(b));
            break;
        case 2: result = (int32_t) ((uint32_t) a + (uint32_t) b); break;
        case 3: result = (int32_t) ((uint32_t) a - (uint32_t) b); break;
        case 4: result = bits(scaled(from_bits(a), (uint32_t) b)); break;
        default: {
            volatile double value = (double) a / (1 + (double) (b & 0xffff));
            value /= 65536.0;
            result = bits((accum) value);
        }
        }
        note(result);
        if (i % 1000 == 999) printf("%08x\n", hash);
    }
}

static void cells(int conductances)
{
    const accum v_rest = -65.0k, v_reset = -70.0k, v_thresh = -50.0k, e_exc = 0.0k, e_inh = -80.0k;
    const accum resistance = conductances ? 40.0k : 20.0k, i_offset = 0.3k;
    const accum exp_tc = from_bits(31169);
    const uint32_t decay[2] = {3516421808u, 3886247119u}, initial[2] = {3892727436u, 4087200000u};
    accum v = v_rest, g[2] = {0.0k, 0.0k};
    int32_t refractory = 0;
    for (int step = 0; step < 10000; step++) {
        uint64_t random = draw();
        if (random % 16 == 0) g[0] = g[0] + scaled(conductances ? 12.5k : 1.5k, initial[0]);
        if ((random >> 8) % 16 == 0) g[1] = g[1] + scaled(conductances ? 7.25k : 0.75k, initial[1]);
        int fires = 0;
        if (refractory <= 0) {
            accum in;
            if (conductances)
                in = from_bits(bits(g[0]) >> 10) * (e_exc - v) + from_bits(bits(g[1]) >> 10) * (e_inh - v);
            else
                in = g[0] - g[1];
            in = in + i_offset;
            accum target = in * resistance + v_rest;
            v = target - exp_tc * (target - v);
            fires = v >= v_thresh;
        } else {
            refractory--;
        }
        if (fires) { v = v_reset; refractory = 2; }
        g[0] = scaled(g[0], decay[0]);
        g[1] = scaled(g[1], decay[1]);
        note(bits(v));
        note(bits(g[0]));
        note(bits(g[1]));
        note(fires);
        if (step % 1000 == 999) printf("%08x\n", hash);
    }
}

int main(void)
{
    operations();
    cells(0);
    cells(1);
    return 0;
}
