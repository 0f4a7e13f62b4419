//===- Math.cpp - functions as arithmetic ---------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Halide differentiates exp, log, tanh, sin and so on as functions; only when
// the code is lowered do they become arithmetic here, so that an object needs
// no library and f64 has vectors, too. sigmoid, log1p and erf are made of them
// for derivatives, and have an expansion of their own for values.
//
// The expansions are those of the other backend (compiler/lower/ExpandMath.cpp)
// without its fused operations: products here are rounded by themselves, so
// that a value does not depend on the vector that it stands in.
//
//===----------------------------------------------------------------------===//

#include "halide/Kernel.h"
#include <limits>

using namespace Halide;
using namespace Halide::Internal;
using namespace rnn;

Expr rnn::callMath(const std::string &name, const Expr &x) {
  return Call::make(x.type(), name + (x.type().bits() == 64 ? "_f64" : "_f32"),
                    {x}, Call::PureExtern);
}

namespace {
/// Arithmetic on scalars or vectors of one type.
struct Lanes {
  explicit Lanes(Type type)
      : type(type), isDouble(type.bits() == 64),
        bits(Int(type.bits(), type.lanes())) {}

  Expr real(double value) const { return make_const(type, value); }
  Expr integer(int64_t value) const { return make_const(bits, value); }
  Expr toBits(const Expr &x) const { return reinterpret(bits, x); }
  Expr toReal(const Expr &x) const { return reinterpret(type, x); }
  Expr clamp(Expr x, double low, double high) const {
    x = select(x < real(low), real(low), x);
    return select(real(high) < x, real(high), x);
  }
  Expr withSignOf(const Expr &x, const Expr &sign) const {
    int64_t mask = isDouble ? std::numeric_limits<int64_t>::min()
                            : std::numeric_limits<int32_t>::min();
    return toReal(toBits(x) | (toBits(sign) & integer(mask)));
  }
  /// coefficients[0] x^n + ... + coefficients[n].
  Expr polynomial(const Expr &x, const std::vector<double> &c) const {
    Expr sum = real(c.front());
    for (size_t i = 1; i < c.size(); ++i)
      sum = sum * x + real(c[i]);
    return sum;
  }
  int mantissa() const { return isDouble ? 52 : 23; }
  int64_t bias() const { return isDouble ? 1023 : 127; }

  Type type;
  bool isDouble;
  Type bits;
};

/// x = n ln 2 + r with |r| <= ln 2 / 2, and q = expm1(r).
struct Reduced {
  Expr n, q;
};
} // namespace

//===----------------------------------------------------------------------===//
// Exponentials
//===----------------------------------------------------------------------===//

static const std::vector<double> expSingle = {1.9875691500e-4, 1.3981999507e-3,
                                              8.3334519073e-3, 4.1665795894e-2,
                                              1.6666665459e-1, 5.0000001201e-1};
static const std::vector<double> expDouble = {
    1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800,
    1.0 / 362880,     1.0 / 40320,     1.0 / 5040,     1.0 / 720,
    1.0 / 120,        1.0 / 24,        1.0 / 6,        0.5};

static Reduced reduce(const Lanes &l, const Expr &x) {
  // Adding 1.5 * 2^mantissa rounds to an integer and leaves it in the low bits.
  double magic = l.isDouble ? 6755399441055744.0 : 12582912.0;
  Expr shifted = x * l.real(1.4426950408889634074) + l.real(magic);
  Expr n = shifted - l.real(magic);
  // ln 2 in two parts; the first is short, so that n times it is exact.
  double high = l.isDouble ? 6.93145751953125e-1 : 0.693359375;
  double low = l.isDouble ? 1.42860682030941723212e-6 : -2.12194440e-4;
  Expr r = x - n * l.real(high);
  r = r - n * l.real(low);
  Expr p = l.polynomial(r, l.isDouble ? expDouble : expSingle);
  Expr q = p * (r * r) + r;
  return {l.toBits(shifted) - l.toBits(l.real(magic)), q};
}

/// 2^n for n an exponent.
static Expr power(const Lanes &l, const Expr &n) {
  return l.toReal((n + l.integer(l.bias())) << l.integer(l.mantissa()));
}

static Expr expandExp(const Lanes &l, Expr x) {
  // Beyond these bounds the result is infinite or zero anyway.
  x = l.isDouble ? l.clamp(x, -746, 710) : l.clamp(x, -104, 89);
  Reduced parts = reduce(l, x);
  // In two factors: n may lie outside of the exponents.
  Expr half = parts.n >> l.integer(1);
  return ((parts.q + l.real(1)) * power(l, half)) * power(l, parts.n - half);
}

static Expr expandSigmoid(const Lanes &l, const Expr &x) {
  double most = l.isDouble ? 709 : 88;
  Expr y = -x;
  Reduced parts = reduce(l, l.clamp(y, -most, most));
  Expr scale = power(l, parts.n);
  Expr e = scale * parts.q + scale;
  return select(l.real(most) < y, l.real(0), l.real(1) / (e + l.real(1)));
}

static Expr expandTanh(const Lanes &l, const Expr &x) {
  double most = l.isDouble ? 40 : 20;
  Reduced parts = reduce(l, l.clamp(x + x, -most, most));
  Expr scale = power(l, parts.n);
  Expr e = scale * parts.q + (scale - l.real(1));
  // The sum above makes +0 of -0.
  return l.withSignOf(e / (e + l.real(2)), x);
}

/// What Halide divides by where it differentiates tanh.
static Expr expandCosh(const Lanes &l, const Expr &x) {
  Expr e = expandExp(l, select(x < l.real(0), -x, x));
  return l.real(0.5) * (e + l.real(1) / e);
}

//===----------------------------------------------------------------------===//
// Logarithms
//===----------------------------------------------------------------------===//

static const std::vector<double> logSingle = {0.24279078841, 0.28498786688,
                                              0.40000972152, 0.66666662693};
static const std::vector<double> logDouble = {
    1.479819860511658591e-01, 1.531383769920937332e-01,
    1.818357216161805012e-01, 2.222219843214978396e-01,
    2.857142874366239149e-01, 3.999999999940941908e-01,
    6.666666666666735130e-01};

static Expr expandLog(const Lanes &l, const Expr &x) {
  // Denormals are scaled up into the normal range first.
  Expr small = x < l.real(l.isDouble ? 0x1p-1022 : 0x1p-126);
  Expr scaled = select(small, x * l.real(l.isDouble ? 0x1p54 : 0x1p25), x);
  Expr k0 = select(small, l.real(l.isDouble ? -54 : -25), l.real(0));
  // Offset so that the exponent steps at 1/sqrt 2 rather than at 1.
  int64_t root = l.isDouble ? 0x3fe6a09e667f3bcdll : 0x3f3504f3;
  int64_t one = l.isDouble ? 0x3ff0000000000000ll : 0x3f800000;
  int64_t low = l.isDouble ? 0x000fffffffffffffll : 0x007fffff;
  Expr shifted = l.toBits(scaled) + l.integer(one - root);
  Expr k = (shifted >> l.integer(l.mantissa())) - l.integer(l.bias());
  Expr f = l.toReal((shifted & l.integer(low)) + l.integer(root)) - l.real(1);
  Expr s = f / (f + l.real(2));
  Expr z = s * s;
  Expr r = z * l.polynomial(z, l.isDouble ? logDouble : logSingle);
  Expr half = l.real(0.5) * (f * f);
  Expr kr = cast(l.type, k) + k0;
  double high = l.isDouble ? 6.93147180369123816490e-01 : 6.9313812256e-01;
  double rest = l.isDouble ? 1.90821492927058770002e-10 : 9.0580006145e-06;
  Expr inner = s * (half + r) + kr * l.real(rest);
  Expr result = kr * l.real(high) + (f - (half - inner));
  // 0, below, infinity, NaN.
  double infinity = std::numeric_limits<double>::infinity();
  result = select(x == l.real(0), l.real(-infinity), result);
  result = select(x < l.real(0),
                  l.real(std::numeric_limits<double>::quiet_NaN()), result);
  return select(x < l.real(infinity), result, x);
}

static Expr expandLog1p(const Lanes &l, const Expr &x) {
  Expr u = x + l.real(1);
  Expr log = expandLog(l, u);
  // What rounding 1 + x lost.
  Expr lost = (x - (u - l.real(1))) / u;
  double infinity = std::numeric_limits<double>::infinity();
  Expr result =
      select(l.real(0) < u, select(u < l.real(infinity), log + lost, log), log);
  return l.withSignOf(result, x);
}

//===----------------------------------------------------------------------===//
// Sine and cosine
//===----------------------------------------------------------------------===//

static const std::vector<double> sinSingle = {-1.9515295891e-4, 8.3321608736e-3,
                                              -1.6666654611e-1};
static const std::vector<double> cosSingle = {
    2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2};
static const std::vector<double> sinDouble = {
    1.58969099521155010221e-10, -2.50507602534068634195e-08,
    2.75573137070700676789e-06, -1.98412698298579493134e-04,
    8.33333333332248946124e-03, -1.66666666666666324348e-01};
static const std::vector<double> cosDouble = {
    -1.13596475577881948265e-11, 2.08757232129817482790e-09,
    -2.75573143513906633035e-07, 2.48015872894767294178e-05,
    -1.38888888888741095749e-03, 4.16666666666666019037e-02};

/// sin(x + quarters pi / 2). Near a multiple of pi / 2 most of x cancels, so
/// the angle is reduced in f64.
static Expr expandSinusoid(const Lanes &l, const Expr &x, int64_t quarters) {
  Lanes wide(Float(64, x.type().lanes()));
  Expr y = l.isDouble ? x : cast(wide.type, x);
  double magic = 6755399441055744.0;
  Expr shifted = y * wide.real(6.36619772367581382433e-01) + wide.real(magic);
  Expr n = shifted - wide.real(magic);
  // pi / 2 in parts of 33 bits, so that n times each is exact.
  for (double part : {1.57079632673412561417e+00, 6.07710050630396597660e-11,
                      2.02226624871116645580e-21, 8.47842766036889956997e-32})
    y = y - n * wide.real(part);
  y = wide.clamp(y, -0.7854, 0.7854);
  Expr r = l.isDouble ? y : cast(l.type, y);
  Expr z = r * r;
  Expr s = l.polynomial(z, l.isDouble ? sinDouble : sinSingle);
  Expr c = l.polynomial(z, l.isDouble ? cosDouble : cosSingle);
  Expr sine = s * (z * r) + r;
  Expr cosine = c * (z * z) + (l.real(1) - l.real(0.5) * z);
  Expr quadrant = wide.toBits(shifted) - wide.toBits(wide.real(magic)) +
                  wide.integer(quarters);
  auto hasBit = [&](int64_t bit) {
    return (quadrant & wide.integer(bit)) != wide.integer(0);
  };
  Expr result = select(hasBit(1), cosine, sine);
  return select(hasBit(2), -result, result);
}

static Expr expandSin(const Lanes &l, const Expr &x) {
  // The sums above make +0 of -0.
  return select(x == l.real(0), x, expandSinusoid(l, x, 0));
}

static Expr expandCos(const Lanes &l, const Expr &x) {
  return expandSinusoid(l, x, 1);
}

//===----------------------------------------------------------------------===//
// Error function
//===----------------------------------------------------------------------===//

// As in the other backend: near zero x + x P(x^2); beyond, through exp.
static const std::vector<double> erfNearSingle = {
    -5.96761703e-4, 4.99119423e-3,  -2.67681349e-2,
    1.12819925e-1,  -3.76125336e-1, 1.28379166e-1};
static const std::vector<double> erfFarSingle = {
    -1.72853470e-5, 3.83197126e-4,  -3.88396438e-3, 2.42546219e-2,
    -1.06777877e-1, -6.34846687e-1, -1.28717512e-1};
static const std::vector<double> erfNearDouble = {
    -4.2309458242953378173e-12,  8.7090451290531066896e-11,
    -1.2164560057283450081e-9,   1.4792401209404813002e-8,
    -1.6364642158167615302e-7,   1.6462045441468418937e-6,
    -0.000014925647567519332125, 0.0001205533290288873541,
    -0.00085483270219348295955,  0.0052239776254232983087,
    -0.026866170645129840806,    0.11283791670955120236,
    -0.37612638903183752379,     0.12837916709551257389};
static const std::vector<double> erfFarDouble = {
    4.5678183846995652315e-6,    4.7801679706659348956e-6,
    -0.000013377843610301066051, -0.000036739685589621614148,
    -1.5054457438053160853e-6,   0.00015108726120511290118,
    0.00020636426368347952507,   -0.00045434493868878523118,
    -0.0014568136425517455905,   0.0012713391657542128666,
    0.0087226538622736920811,    -0.0080340150876596877412,
    -0.054220000991780359255,    0.16405128003350501743,
    -0.16603039761529105057,     -0.09276382658574623217,
    1.2769783815525287208};

Expr rnn::errorFunction(const Expr &x) {
  Lanes l(x.type());
  Expr square = x * x, t = select(x < l.real(0), -x, x);
  auto exponential = [](const Expr &y) { return callMath("exp", y); };
  if (!l.isDouble) {
    Expr near = l.polynomial(square, erfNearSingle) * x + x;
    Expr q = l.polynomial(t, erfFarSingle);
    Expr far = l.real(1) - exponential(q * t - t);
    far = select(x < l.real(0), -far, far);
    return select(l.real(0.927734375) < t, far, near);
  }
  Expr near = l.polynomial(square, erfNearDouble) * x + x;
  Expr q = l.polynomial((t - l.real(2)) / (t + l.real(2)), erfFarDouble);
  Expr tail = exponential(-square) * q / (t * l.real(2) + l.real(1));
  Expr far = select(l.real(6) < t, l.real(1), l.real(1) - tail);
  far = select(x < l.real(0), -far, far);
  return select(l.real(1) < t, far, near);
}

//===----------------------------------------------------------------------===//
// Lowering
//===----------------------------------------------------------------------===//

/// Floating-point arithmetic as it stands: no reordering, NaN included.
static Expr exact(const Expr &e) {
  return strict_float(common_subexpression_elimination(e));
}

Expr ExpandMath::visit(const Call *op) {
  using Expansion = Expr (*)(const Lanes &, const Expr &);
  static const std::pair<const char *, Expansion> expansions[] = {
      {"exp_f", [](const Lanes &l, const Expr &x) { return expandExp(l, x); }},
      {"sigmoid_f", expandSigmoid},
      {"tanh_f", expandTanh},
      {"cosh_f", expandCosh},
      {"sin_f", expandSin},
      {"cos_f", expandCos},
      {"log_f", expandLog},
      {"log1p_f", expandLog1p},
  };
  if (op->call_type == Call::PureExtern && op->args.size() == 1)
    for (auto [prefix, expand] : expansions)
      if (op->name.rfind(prefix, 0) == 0) {
        // Once, not wherever the expansion mentions it.
        std::string name = unique_name("x");
        Expr x = Variable::make(op->type, name);
        return Let::make(name, mutate(op->args[0]),
                         exact(expand(Lanes(op->type), x)));
      }
  return IRMutator::visit(op);
}

static bool isOfReals(const Expr &e) {
  if (auto *op = e.as<LT>())
    return op->a.type().is_float();
  if (auto *op = e.as<LE>())
    return op->a.type().is_float();
  if (auto *op = e.as<GT>())
    return op->a.type().is_float();
  if (auto *op = e.as<GE>())
    return op->a.type().is_float();
  if (auto *op = e.as<EQ>())
    return op->a.type().is_float();
  if (auto *op = e.as<NE>())
    return op->a.type().is_float();
  return false;
}

/// Comparisons are no values of floating point, and would be left out of what
/// is exact.
Expr ExpandMath::mutate(const Expr &e) {
  Expr result = IRMutator::mutate(e);
  if (!result.defined())
    return result;
  return isOfReals(result) ? strict_float(result) : result;
}

/// Without strict_float LLVM may reorder sums, and would where a loop is short:
/// a row must get the same bits in every tile.
Stmt KeepOrder::visit(const Store *op) {
  return Store::make(op->name, strict_float(op->value), op->index, op->param,
                     op->predicate, op->alignment);
}
