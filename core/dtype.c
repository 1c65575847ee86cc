#include "core/dtype.h"

#include <stdbool.h>
#include <string.h>

static const struct { const char *name; size_t size; } types[DTYPE_COUNT] = {
    [DTYPE_F32] = { "F32", 4 }, [DTYPE_F64] = { "F64", 8 }, [DTYPE_F16] = { "F16", 2 }, [DTYPE_BF16] = { "BF16", 2 },
    [DTYPE_I8] = { "I8", 1 },   [DTYPE_U8] = { "U8", 1 },   [DTYPE_I16] = { "I16", 2 },
    [DTYPE_U16] = { "U16", 2 }, [DTYPE_I32] = { "I32", 4 },
    [DTYPE_I64] = { "I64", 8 }, [DTYPE_BOOL] = { "BOOL", 1 },
};

size_t      dtype_size(DType t) { return types[t].size; }
const char *dtype_name(DType t) { return types[t].name; }

int dtype_from_name(const char *name)
{
    for (int t = 0; t < DTYPE_COUNT; t++)
        if (strcmp(types[t].name, name) == 0) return t;
    return -1;
}

static float float_of_bits(uint32_t u)
{
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}

static uint32_t bits_of_float(float f)
{
    uint32_t u;
    memcpy(&u, &f, sizeof u);
    return u;
}

static float from_half(uint16_t h)      /* IEEE 754 binary16 */
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31, mantissa = h & 0x3FF;
    if (exponent == 31) return float_of_bits(sign | 0x7F800000u | mantissa << 13);
    if (exponent == 0) {
        float tiny = (float)mantissa * 0x1p-24f;
        return sign ? -tiny : tiny;
    }
    return float_of_bits(sign | (exponent + 112) << 23 | mantissa << 13);
}

static uint16_t to_half(float f)
{
    uint32_t u = bits_of_float(f), sign = u >> 16 & 0x8000, mag = u & 0x7FFFFFFFu;
    if (mag > 0x7F800000u) return (uint16_t)(sign | 0x7E00);
    if (mag >= 0x477FF000u) return (uint16_t)(sign | 0x7C00);             /* rounds to 65536 or more: infinity */
    if (mag < 0x38800000u) { /* subnormal: adding 2^-1 aligns 2^-24 to the unit */
        uint32_t r = bits_of_float(float_of_bits(mag) + 0.5f) - bits_of_float(0.5f);
        return (uint16_t)(sign | r);
    }
    mag += 0xFFF + (mag >> 13 & 1);
    return (uint16_t)(sign | ((mag - 0x38000000u) >> 13));
}

static float from_bf16(uint16_t h) { return float_of_bits((uint32_t)h << 16); }

static uint16_t to_bf16(float f)
{
    uint32_t u = bits_of_float(f);
    if ((u & 0x7FFFFFFFu) > 0x7F800000u) return (uint16_t)(u >> 16 | 0x40);
    return (uint16_t)((u + 0x7FFF + (u >> 16 & 1)) >> 16);
}

static bool is_floating(DType t) { return t == DTYPE_F32 || t == DTYPE_F64 || t == DTYPE_F16 || t == DTYPE_BF16; }

int dtype_to_real(REAL *out, const void *in, DType from, size_t n)
{
    if (!is_floating(from)) return 0;
    const char *p = in;
    if (from == DTYPE_REAL) {
        if (n) memcpy(out, in, n * sizeof(REAL));
        return 1;
    }
    for (size_t i = 0; i < n; i++) {
        uint16_t h;
        float    f;
        double   d;
        switch (from) {
        case DTYPE_F32: memcpy(&f, p + i * 4, 4); out[i] = (REAL)f; break;
        case DTYPE_F64: memcpy(&d, p + i * 8, 8); out[i] = (REAL)d; break;
        case DTYPE_F16: memcpy(&h, p + i * 2, 2); out[i] = (REAL)from_half(h); break;
        case DTYPE_BF16: memcpy(&h, p + i * 2, 2); out[i] = (REAL)from_bf16(h); break;
        default: break;
        }
    }
    return 1;
}

int dtype_from_real(void *out, const REAL *in, DType to, size_t n)
{
    if (!is_floating(to)) return 0;
    char *p = out;
    if (to == DTYPE_REAL) {
        if (n) memcpy(out, in, n * sizeof(REAL));
        return 1;
    }
    for (size_t i = 0; i < n; i++) {
        uint16_t h;
        float    f = (float)in[i];
        double   d = (double)in[i];
        switch (to) {
        case DTYPE_F32: memcpy(p + i * 4, &f, 4); break;
        case DTYPE_F64: memcpy(p + i * 8, &d, 8); break;
        case DTYPE_F16: h = to_half(f); memcpy(p + i * 2, &h, 2); break;
        case DTYPE_BF16: h = to_bf16(f); memcpy(p + i * 2, &h, 2); break;
        default: break;
        }
    }
    return 1;
}
