//===- ExpandMath.cpp - transcendental functions as vector arithmetic -----===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   exp(x)      = 2^n * (1 + q),  n = round(x / ln 2), q = expm1(x - n ln 2)
//   sigmoid(x)  = 1 / (1 + exp(-x))
//   tanh(x)     = e / (e + 2),  e = expm1(2x) = 2^n q + (2^n - 1)
//   log(x)      = k ln 2 + log(1 + f),  x = 2^k (1 + f),
//                 1/sqrt 2 <= 1 + f < sqrt 2
//   log1p(x)    = log(u) + (x - (u - 1)) / u,  u = 1 + x
//   erf(x)      = x + x P(x^2) near 0, 1 - exp(..) elsewhere
//   sin(x)      = sin r, cos r, -sin r, -cos r by n mod 4,
//                 n = round(2 x / pi), r = x - n pi / 2
//
// Limits are compare and select, never min and max: NaN goes through. A lane
// never depends on its neighbours. No library is called.
//
//===----------------------------------------------------------------------===//

#include "compiler/lower/Code.h"
#include "compiler/lower/Passes.h"
#include "dialect/Rnn.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

namespace rnn {
#define GEN_PASS_DEF_EXPANDMATHPASS
#include "compiler/lower/Passes.h.inc"
} // namespace rnn

using namespace mlir;
using namespace rnn;

namespace {
/// Arithmetic on vectors of one floating-point type.
struct Lanes {
  Lanes(OpBuilder &b, Location loc, VectorType type)
      : b(b), loc(loc), type(type), isDouble(type.getElementType().isF64()),
        bits(VectorType::get(type.getShape(),
                             b.getIntegerType(isDouble ? 64 : 32))) {}

  Value real(double value) {
    return arith::ConstantOp::create(
        b, loc,
        DenseElementsAttr::get(
            type, Attribute(b.getFloatAttr(type.getElementType(), value))));
  }
  Value integer(int64_t value) {
    return arith::ConstantOp::create(
        b, loc,
        DenseElementsAttr::get(
            bits, Attribute(b.getIntegerAttr(bits.getElementType(), value))));
  }
  Value add(Value x, Value y) { return arith::AddFOp::create(b, loc, x, y); }
  Value sub(Value x, Value y) { return arith::SubFOp::create(b, loc, x, y); }
  Value mul(Value x, Value y) { return arith::MulFOp::create(b, loc, x, y); }
  Value div(Value x, Value y) { return arith::DivFOp::create(b, loc, x, y); }
  Value neg(Value x) { return arith::NegFOp::create(b, loc, x); }
  Value fma(Value x, Value y, Value z) {
    return LLVM::FMAOp::create(b, loc, x, y, z);
  }
  Value iadd(Value x, Value y) { return arith::AddIOp::create(b, loc, x, y); }
  Value isub(Value x, Value y) { return arith::SubIOp::create(b, loc, x, y); }
  Value iand(Value x, Value y) { return arith::AndIOp::create(b, loc, x, y); }
  Value ior(Value x, Value y) { return arith::OrIOp::create(b, loc, x, y); }
  Value shl(Value x, int64_t n) {
    return arith::ShLIOp::create(b, loc, x, integer(n));
  }
  Value sar(Value x, int64_t n) {
    return arith::ShRSIOp::create(b, loc, x, integer(n));
  }
  Value toBits(Value x) { return arith::BitcastOp::create(b, loc, bits, x); }
  Value toReal(Value x) { return arith::BitcastOp::create(b, loc, type, x); }
  Value fromInteger(Value x) {
    return arith::SIToFPOp::create(b, loc, type, x);
  }
  Value less(Value x, Value y) {
    return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, x, y);
  }
  Value equal(Value x, Value y) {
    return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, x, y);
  }
  Value select(Value c, Value x, Value y) {
    return arith::SelectOp::create(b, loc, c, x, y);
  }
  Value clamp(Value x, double low, double high) {
    x = select(less(x, real(low)), real(low), x);
    return select(less(real(high), x), real(high), x);
  }
  Value abs(Value x) {
    int64_t mask = isDouble ? INT64_MAX : INT32_MAX;
    return toReal(iand(toBits(x), integer(mask)));
  }
  Value withSignOf(Value x, Value sign) {
    int64_t mask = isDouble ? INT64_MIN : int64_t(INT32_MIN);
    return toReal(ior(toBits(x), iand(toBits(sign), integer(mask))));
  }
  /// coefficients[0] x^n + ... + coefficients[n].
  Value polynomial(Value x, ArrayRef<double> coefficients) {
    Value sum = real(coefficients.front());
    for (double c : coefficients.drop_front())
      sum = fma(sum, x, real(c));
    return sum;
  }

  int64_t mantissa() const { return isDouble ? 52 : 23; }
  int64_t bias() const { return isDouble ? 1023 : 127; }

  OpBuilder &b;
  Location loc;
  VectorType type;
  bool isDouble;
  VectorType bits;
};

/// x = n ln 2 + r with |r| <= ln 2 / 2, and q = expm1(r).
struct Reduced {
  Value n; ///< as an integer
  Value q;
};
} // namespace

//===----------------------------------------------------------------------===//
// Exponentials
//===----------------------------------------------------------------------===//

// f32: minimax, as in Cephes' expf. f64: Taylor; the next term is below 1e-17.
static const double expSingle[] = {1.9875691500e-4, 1.3981999507e-3,
                                   8.3334519073e-3, 4.1665795894e-2,
                                   1.6666665459e-1, 5.0000001201e-1};
static const double expDouble[] = {
    1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800,
    1.0 / 362880,     1.0 / 40320,     1.0 / 5040,     1.0 / 720,
    1.0 / 120,        1.0 / 24,        1.0 / 6,        0.5};

/// Needs |x| small enough for n to be an exponent or two.
static Reduced reduce(Lanes &l, Value x) {
  // Adding 1.5 * 2^mantissa rounds to an integer and leaves it in the low bits.
  double magic = l.isDouble ? 6755399441055744.0 : 12582912.0;
  Value shifted = l.fma(x, l.real(1.4426950408889634074), l.real(magic));
  Value n = l.sub(shifted, l.real(magic));
  // ln 2 in two parts; the first is short, so that n times it is exact.
  double high = l.isDouble ? 6.93145751953125e-1 : 0.693359375;
  double low = l.isDouble ? 1.42860682030941723212e-6 : -2.12194440e-4;
  Value r = l.fma(n, l.real(-high), x);
  r = l.fma(n, l.real(-low), r);
  Value p =
      l.isDouble ? l.polynomial(r, expDouble) : l.polynomial(r, expSingle);
  Value q = l.fma(p, l.mul(r, r), r);
  Value integer = l.isub(l.toBits(shifted), l.toBits(l.real(magic)));
  return {integer, q};
}

/// 2^n for n an exponent.
static Value power(Lanes &l, Value n) {
  return l.toReal(l.shl(l.iadd(n, l.integer(l.bias())), l.mantissa()));
}

static Value expandExp(Lanes &l, Value x) {
  // Beyond these bounds the result is infinite or zero anyway.
  x = l.isDouble ? l.clamp(x, -746, 710) : l.clamp(x, -104, 89);
  Reduced parts = reduce(l, x);
  // In two factors: n may lie outside of the exponents.
  Value half = l.sar(parts.n, 1);
  Value scale = power(l, half), rest = power(l, l.isub(parts.n, half));
  return l.mul(l.mul(l.add(parts.q, l.real(1)), scale), rest);
}

static Value expandSigmoid(Lanes &l, Value x) {
  double most = l.isDouble ? 709 : 88;
  Value y = l.neg(x);
  Value beyond = l.less(l.real(most), y);
  Reduced parts = reduce(l, l.clamp(y, -most, most));
  Value scale = power(l, parts.n);
  Value e = l.fma(scale, parts.q, scale);
  Value result = l.div(l.real(1), l.add(e, l.real(1)));
  return l.select(beyond, l.real(0), result);
}

static Value expandTanh(Lanes &l, Value x) {
  double most = l.isDouble ? 40 : 20;
  Reduced parts = reduce(l, l.clamp(l.add(x, x), -most, most));
  Value scale = power(l, parts.n);
  Value e = l.fma(scale, parts.q, l.sub(scale, l.real(1)));
  // The sum above makes +0 of -0.
  return l.withSignOf(l.div(e, l.add(e, l.real(2))), x);
}

//===----------------------------------------------------------------------===//
// Logarithms
//===----------------------------------------------------------------------===//

// log(1 + f) = f - f^2/2 + s (f^2/2 + R(s^2)), s = f / (2 + f); R as in fdlibm.
static const double logSingle[] = {0.24279078841, 0.28498786688, 0.40000972152,
                                   0.66666662693};
static const double logDouble[] = {
    1.479819860511658591e-01, 1.531383769920937332e-01,
    1.818357216161805012e-01, 2.222219843214978396e-01,
    2.857142874366239149e-01, 3.999999999940941908e-01,
    6.666666666666735130e-01};

static Value expandLog(Lanes &l, Value x) {
  // Denormals are scaled up into the normal range first.
  Value tiny = l.real(l.isDouble ? 0x1p-1022 : 0x1p-126);
  Value scale = l.real(l.isDouble ? 0x1p54 : 0x1p25);
  Value small = l.less(x, tiny);
  Value scaled = l.select(small, l.mul(x, scale), x);
  Value k0 = l.select(small, l.real(l.isDouble ? -54 : -25), l.real(0));
  // Offset so that the exponent steps at 1/sqrt 2 rather than at 1.
  int64_t root = l.isDouble ? 0x3fe6a09e667f3bcdll : 0x3f3504f3;
  int64_t one = l.isDouble ? 0x3ff0000000000000ll : 0x3f800000;
  int64_t low = l.isDouble ? 0x000fffffffffffffll : 0x007fffff;
  Value shifted = l.iadd(l.toBits(scaled), l.integer(one - root));
  Value k = l.isub(l.sar(shifted, l.mantissa()), l.integer(l.bias()));
  Value m = l.toReal(l.iadd(l.iand(shifted, l.integer(low)), l.integer(root)));
  Value f = l.sub(m, l.real(1));
  Value s = l.div(f, l.add(f, l.real(2)));
  Value z = l.mul(s, s);
  Value r = l.mul(z, l.isDouble ? l.polynomial(z, logDouble)
                                : l.polynomial(z, logSingle));
  Value half = l.mul(l.real(0.5), l.mul(f, f));
  Value kr = l.add(l.fromInteger(k), k0);
  double ln2High = l.isDouble ? 6.93147180369123816490e-01 : 6.9313812256e-01;
  double ln2Low = l.isDouble ? 1.90821492927058770002e-10 : 9.0580006145e-06;
  Value inner = l.fma(s, l.add(half, r), l.mul(kr, l.real(ln2Low)));
  Value result = l.fma(kr, l.real(ln2High), l.sub(f, l.sub(half, inner)));
  // 0, below, infinity, NaN.
  double infinity = std::numeric_limits<double>::infinity();
  result = l.select(l.equal(x, l.real(0)), l.real(-infinity), result);
  result = l.select(l.less(x, l.real(0)),
                    l.real(std::numeric_limits<double>::quiet_NaN()), result);
  Value ordinary = l.less(x, l.real(infinity));
  return l.select(ordinary, result, x);
}

static Value expandLog1p(Lanes &l, Value x) {
  Value u = l.add(x, l.real(1));
  Value log = expandLog(l, u);
  // What rounding 1 + x lost.
  Value lost = l.div(l.sub(x, l.sub(u, l.real(1))), u);
  double infinity = std::numeric_limits<double>::infinity();
  Value ordinary = l.select(l.less(l.real(0), u), l.real(1), l.real(0));
  ordinary = l.select(l.less(u, l.real(infinity)), ordinary, l.real(0));
  Value result = l.select(l.equal(ordinary, l.real(1)), l.add(log, lost), log);
  return l.withSignOf(result, x);
}

//===----------------------------------------------------------------------===//
// Error function
//===----------------------------------------------------------------------===//

// f32: minimax; erf(x) = x + x P(x^2) below 0.93, 1 - exp(-x - x Q(x)) above.
static const double erfNearSingle[] = {-5.96761703e-4, 4.99119423e-3,
                                       -2.67681349e-2, 1.12819925e-1,
                                       -3.76125336e-1, 1.28379166e-1};
static const double erfFarSingle[] = {
    -1.72853470e-5, 3.83197126e-4,  -3.88396438e-3, 2.42546219e-2,
    -1.06777877e-1, -6.34846687e-1, -1.28717512e-1};
// f64: Chebyshev interpolation in 40 digits. Below 1, erf(x)/x - 1 in x^2; from
// 1 to 6, exp(x^2) erfc(x) (1 + 2x) in (x - 2) / (x + 2).
static const double erfNearDouble[] = {
    -4.2309458242953378173e-12,  8.7090451290531066896e-11,
    -1.2164560057283450081e-9,   1.4792401209404813002e-8,
    -1.6364642158167615302e-7,   1.6462045441468418937e-6,
    -0.000014925647567519332125, 0.0001205533290288873541,
    -0.00085483270219348295955,  0.0052239776254232983087,
    -0.026866170645129840806,    0.11283791670955120236,
    -0.37612638903183752379,     0.12837916709551257389};
static const double erfFarDouble[] = {
    4.5678183846995652315e-6,    4.7801679706659348956e-6,
    -0.000013377843610301066051, -0.000036739685589621614148,
    -1.5054457438053160853e-6,   0.00015108726120511290118,
    0.00020636426368347952507,   -0.00045434493868878523118,
    -0.0014568136425517455905,   0.0012713391657542128666,
    0.0087226538622736920811,    -0.0080340150876596877412,
    -0.054220000991780359255,    0.16405128003350501743,
    -0.16603039761529105057,     -0.09276382658574623217,
    1.2769783815525287208};

static Value expandErf(Lanes &l, Value x) {
  Value t = l.abs(x), square = l.mul(x, x);
  if (!l.isDouble) {
    Value near = l.fma(l.polynomial(square, erfNearSingle), x, x);
    Value q = l.polynomial(t, erfFarSingle);
    Value far = l.sub(l.real(1), expandExp(l, l.fma(q, t, l.neg(t))));
    far = l.withSignOf(far, x);
    return l.select(l.less(l.real(0.927734375), t), far, near);
  }
  Value near = l.fma(l.polynomial(square, erfNearDouble), x, x);
  Value u = l.div(l.sub(t, l.real(2)), l.add(t, l.real(2)));
  Value q = l.polynomial(u, erfFarDouble);
  // exp(-t^2) with the low half of t^2, which it would otherwise magnify.
  Value lost = l.fma(t, t, l.neg(square));
  Value bell = expandExp(l, l.neg(square));
  bell = l.fma(bell, l.neg(lost), bell);
  Value tail = l.div(l.mul(bell, q), l.fma(t, l.real(2), l.real(1)));
  Value far = l.withSignOf(l.sub(l.real(1), tail), x);
  far = l.select(l.less(l.real(6), t), l.withSignOf(l.real(1), x), far);
  return l.select(l.less(l.real(1), t), far, near);
}

//===----------------------------------------------------------------------===//
// Sine and cosine
//===----------------------------------------------------------------------===//

// Both for |r| <= pi / 4: sin r = r + r^3 S(r^2), cos r = 1 - r^2/2 + r^4
// C(r^2). f32: minimax, as in Cephes' sinf. f64: as in fdlibm.
static const double sinSingle[] = {-1.9515295891e-4, 8.3321608736e-3,
                                   -1.6666654611e-1};
static const double cosSingle[] = {2.443315711809948e-5, -1.388731625493765e-3,
                                   4.166664568298827e-2};
static const double sinDouble[] = {
    1.58969099521155010221e-10, -2.50507602534068634195e-08,
    2.75573137070700676789e-06, -1.98412698298579493134e-04,
    8.33333333332248946124e-03, -1.66666666666666324348e-01};
static const double cosDouble[] = {
    -1.13596475577881948265e-11, 2.08757232129817482790e-09,
    -2.75573143513906633035e-07, 2.48015872894767294178e-05,
    -1.38888888888741095749e-03, 4.16666666666666019037e-02};

namespace {
/// x = n pi / 2 + r. Exact enough for |x| up to 2^20 pi / 2; beyond, r is wrong
/// by what x has lost, but stays within pi / 4.
struct Quadrant {
  Value n; ///< in the low bits of an integer of 64 bits
  Value r;
};
} // namespace

/// Needs lanes of f64: near a multiple of pi / 2 most of x cancels.
static Quadrant reduceAngle(Lanes &l, Value x) {
  double magic = 6755399441055744.0;
  Value shifted = l.fma(x, l.real(6.36619772367581382433e-01), l.real(magic));
  Value n = l.sub(shifted, l.real(magic));
  // pi / 2 in parts of 33 bits, so that n times each is exact.
  Value r = x;
  for (double part : {1.57079632673412561417e+00, 6.07710050630396597660e-11,
                      2.02226624871116645580e-21, 8.47842766036889956997e-32})
    r = l.fma(n, l.real(-part), r);
  Value integer = l.isub(l.toBits(shifted), l.toBits(l.real(magic)));
  return {integer, l.clamp(r, -0.7854, 0.7854)};
}

/// sin(x + quarters pi / 2).
static Value expandSinusoid(Lanes &l, Value x, int64_t quarters) {
  auto wideType = VectorType::get(l.type.getShape(), l.b.getF64Type());
  Lanes wide(l.b, l.loc, wideType);
  Quadrant angle = reduceAngle(
      wide, l.isDouble ? x : arith::ExtFOp::create(l.b, l.loc, wideType, x));
  Value r = l.isDouble ? angle.r
                       : arith::TruncFOp::create(l.b, l.loc, l.type, angle.r);
  Value z = l.mul(r, r);
  Value s =
      l.isDouble ? l.polynomial(z, sinDouble) : l.polynomial(z, sinSingle);
  Value c =
      l.isDouble ? l.polynomial(z, cosDouble) : l.polynomial(z, cosSingle);
  Value sine = l.fma(s, l.mul(z, r), r);
  Value cosine = l.fma(c, l.mul(z, z), l.fma(z, l.real(-0.5), l.real(1)));
  Value n = wide.iadd(angle.n, wide.integer(quarters));
  auto hasBit = [&](int64_t bit) -> Value {
    return arith::CmpIOp::create(l.b, l.loc, arith::CmpIPredicate::ne,
                                 wide.iand(n, wide.integer(bit)),
                                 wide.integer(0));
  };
  Value result = l.select(hasBit(1), cosine, sine);
  return l.select(hasBit(2), l.neg(result), result);
}

static Value expandSin(Lanes &l, Value x) {
  // The sums above make +0 of -0.
  return l.select(l.equal(x, l.real(0)), x, expandSinusoid(l, x, 0));
}

static Value expandCos(Lanes &l, Value x) { return expandSinusoid(l, x, 1); }

//===----------------------------------------------------------------------===//
// Pass
//===----------------------------------------------------------------------===//

namespace {
/// Replaces one op by its expansion.
template <typename Op, Value (*expand)(Lanes &, Value)>
struct Expand : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    auto type = dyn_cast<VectorType>(op->getResult(0).getType());
    if (!type || type.getRank() != 1)
      return failure();
    Lanes lanes(rewriter, op.getLoc(), type);
    rewriter.replaceOp(op, expand(lanes, op->getOperand(0)));
    return success();
  }
};

struct ExpandMathPass : rnn::impl::ExpandMathPassBase<ExpandMathPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns
        .add<Expand<SigmoidOp, expandSigmoid>, Expand<math::ExpOp, expandExp>,
             Expand<math::TanhOp, expandTanh>, Expand<math::LogOp, expandLog>,
             Expand<math::Log1pOp, expandLog1p>, Expand<math::ErfOp, expandErf>,
             Expand<math::SinOp, expandSin>, Expand<math::CosOp, expandCos>>(
            &getContext());
    walkAndApplyPatterns(getOperation(), std::move(patterns));
    if (!hasFma())
      getOperation().walk([](LLVM::FMAOp op) {
        OpBuilder b(op);
        Value product =
            arith::MulFOp::create(b, op.getLoc(), op.getA(), op.getB());
        op.replaceAllUsesWith(
            arith::AddFOp::create(b, op.getLoc(), product, op.getC())
                .getResult());
        op.erase();
      });
  }

  /// True if the function may use the instruction. Without it, fma would be a
  /// call of a library.
  bool hasFma() {
    auto features = getForLLVM(getOperation(), "target-features");
    // On AArch64 it comes with NEON.
    return !features || features->contains("+fma") ||
           features->contains("+neon");
  }
};
} // namespace
