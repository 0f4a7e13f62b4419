/* The error of each expanded function in units in the last place, over a dense
 * sweep and the special values, against libm in long double. */
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static long double sigmoidl(long double x) { return 1 / (1 + expl(-x)); }

#define FUNCTIONS(F)                                                           \
  F(exp, expl, -110, 95, -760, 720)                                            \
  F(log, logl, 0, 4, 0, 4)                                                     \
  F(log1p, log1pl, -1, 1e6, -1, 1e6)                                           \
  F(tanh, tanhl, -12, 12, -25, 25)                                             \
  F(erf, erfl, -5, 5, -7, 7)                                                   \
  F(sin, sinl, -10, 10, -10, 10)                                               \
  F(sinFar, sinl, -1e6, 1e6, -1e6, 1e6)                                        \
  F(cos, cosl, -10, 10, -10, 10)                                               \
  F(cosFar, cosl, -1e6, 1e6, -1e6, 1e6)                                        \
  F(sigmoid, sigmoidl, -87, 20, -700, 40)
#define DECLARE(name, reference, a, b, c, d)                                   \
  void name##32(float *);                                                      \
  void name##64(double *);
FUNCTIONS(DECLARE)

/* |got - expected| in units in the last place of the type; 0 or infinity where
 * both agree that there is no number. */
static double ulps(long double got, long double expected, int digits,
                   int least) {
  int exponent;
  if (isnan(got) || isnan(expected))
    return isnan(got) && isnan(expected) ? 0 : INFINITY;
  if (isinf(got) || isinf(expected))
    return got == expected ? 0 : INFINITY;
  if (expected == 0 && got == 0)
    return !signbit(got) == !signbit(expected) ? 0 : INFINITY;
  frexpl(expected, &exponent);
  if (exponent < least)
    exponent = least; /* denormal results: units of the smallest normal */
  return (double)(fabsl(got - expected) / ldexpl(1, exponent - digits));
}

#define TYPE(width, real, lanes, digits, least, huge)                          \
  static double worst##width(void (*f)(real *),                                \
                             long double (*reference)(long double),            \
                             double low, double high, double *where) {         \
    double most = 0;                                                           \
    long i, l;                                                                 \
    for (i = 0; i < 400000; ++i) {                                             \
      real in[lanes], out[lanes];                                              \
      for (l = 0; l < lanes; ++l) {                                            \
        double at = (double)(i * lanes + l) / (400000.0 * lanes);              \
        /* Half evenly, half by magnitude towards zero. */                     \
        in[l] = (real)(i % 2 ? low + (high - low) * at                         \
                             : (at < 0.5 ? low : high) *                       \
                                   pow(2, -240 * fabs(at - 0.5)));             \
      }                                                                        \
      memcpy(out, in, sizeof in);                                              \
      f(out);                                                                  \
      for (l = 0; l < lanes; ++l) {                                            \
        long double expected = reference(in[l]);                               \
        double error;                                                          \
        if (fabsl(expected) > huge)                                            \
          expected = expected > 0 ? INFINITY : -INFINITY;                      \
        error = ulps(out[l], expected, digits, least);                         \
        if (error > most)                                                      \
          most = error, *where = in[l];                                        \
      }                                                                        \
    }                                                                          \
    {                                                                          \
      real specials[] = {NAN, INFINITY, -INFINITY, 0,    1,                    \
                         -1,  1e-30f,   -1e-30f,   -0.0f};                     \
      for (i = 0; i < 9; ++i) {                                                \
        real v[lanes];                                                         \
        for (l = 0; l < lanes; ++l)                                            \
          v[l] = l ? 0.5f : specials[i];                                       \
        f(v);                                                                  \
        if (ulps(v[0], reference(specials[i]), digits, least) > 2.5)           \
          most = INFINITY, *where = specials[i];                               \
      }                                                                        \
    }                                                                          \
    return most;                                                               \
  }
TYPE(32, float, 8, 24, FLT_MIN_EXP, FLT_MAX)
TYPE(64, double, 4, 53, DBL_MIN_EXP, DBL_MAX)

int main(void) {
  int wrong = 0;
  double where = 0, error;
#define CHECK(name, reference, a, b, c, d)                                     \
  error = worst32(name##32, reference, a, b, &where);                          \
  wrong += !(error <= 2.5);                                                    \
  printf("%s f32 %.2f at %g\n", #name, error, where);                          \
  error = worst64(name##64, reference, c, d, &where);                          \
  wrong += !(error <= 4);                                                      \
  printf("%s f64 %.2f at %g\n", #name, error, where);
  FUNCTIONS(CHECK)
  puts(wrong ? "too far off" : "all within bounds");
  return wrong;
}
