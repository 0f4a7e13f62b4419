//===- Elementwise.cpp - one unit at a time -------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The body of a kernel is a list of values, each a vector of units for every
// row. Between `pullback` and `pulled` stands a function whose gradient is
// wanted: it is built a second time on Funcs that stand for its inputs, and
// propagate_adjoints differentiates
//
//   loss(u, n) = sum of value(u, n) * seed(u, n)
//
// or the sum of that over u where values read whole vectors.//
// The bounds that propagate_adjoints of Halide 14 takes are the first and the
// last index, whatever its comment says.
//
// Values are made so that its rules give what docs/language.md promises at
// corners: where a branch of a select is a constant or a value that is not
// differentiated, no gradient flows.
//
//===----------------------------------------------------------------------===//

#include "halide/Kernel.h"
#include <map>
#include <set>

using namespace Halide;
using namespace rnn;

namespace {
/// A vector of `size` elements in every row.
struct Value {
  int size = 0;
  Expr expr;               ///< unit u of row n
  Func func;               ///< defined if it can be asked for any unit
  bool isParam = false;    ///< the same in all rows: func(u)
  bool isConstant = false; ///< the same in all units and rows
};

class Elementwise {
public:
  explicit Elementwise(const Kernel &kernel) : kernel(kernel) {}
  Built build();

private:
  using Values = std::map<std::string, Value>;

  [[noreturn]] void fail(const std::string &message) {
    throw TextError(line->number, message);
  }
  const std::string &word(size_t i) {
    if (i >= line->words.size())
      fail("a word is missing");
    return line->words[i];
  }
  int number(size_t i) {
    try {
      return std::stoi(word(i));
    } catch (const std::exception &) {
      fail("expected a number, found '" + word(i) + "'");
    }
  }
  const Value &value(const Values &values, const std::string &name) {
    auto found = values.find(name);
    if (found == values.end())
      fail("no value '" + name + "'");
    return found->second;
  }
  Expr real(double x) { return Internal::make_const(kernel.level.element, x); }
  Expr at(const Value &v, const Expr &unit);
  void readInput(bool isParam);
  Value compute(const Values &values, bool differentiated);
  Value function(const std::string &op, const Value &x, bool differentiated);
  Value extremum(const Value &x, const Value &y, bool largest);
  Value largest(const Value &x);
  Value meanOfLargest(const Value &plain, const Value &x);
  Value sum(const Value &x);
  Value constant();
  Value compare(const Value &x, const Value &y);
  void beginPullback();
  void seed();
  void endPullback();
  void scan();
  void schedule(Func result);

  const Kernel &kernel;
  const Line *line = nullptr;
  Var u{"u"}, n{"n"};
  Param<int> rows{"rows"}, first{"first"}, count{"count"};
  std::vector<Argument> arguments{rows, first, count};
  Values values;
  std::vector<Expr> outs, totals;

  /// Inside of a pullback: values that are differentiated, and the loss.
  bool inPullback = false;
  Values derived;
  std::vector<std::pair<std::string, Func>> wanted;
  std::map<std::string, int> sizes; ///< of gradients, by the Func's name
  std::set<std::string> shared;     ///< Funcs that several gradients use
  Expr loss;
  int lossSize = 0;
  /// Some op reads whole what is differentiated: units are not by themselves.
  bool readsWhole = false;
  bool isTotal = false; ///< the kernel gives a sum over rows
};
} // namespace

Expr Elementwise::at(const Value &v, const Expr &unit) {
  if (v.isConstant)
    return v.expr;
  if (v.func.defined())
    return v.isParam ? v.func(unit) : v.func(unit, n);
  return Internal::substitute(u.name(), unit, v.expr);
}

void Elementwise::readInput(bool isParam) {
  ImageParam image(kernel.level.element, isParam ? 1 : 2,
                   Internal::unique_name("in"));
  image.dim(0).set_min(0);
  if (!isParam)
    image.dim(1).set_min(0);
  arguments.push_back(image);
  Value v;
  v.size = number(2);
  v.isParam = isParam;
  v.func = Func("in");
  if (isParam)
    v.func(u) = image(u);
  else
    v.func(u, n) = image(u, n);
  v.expr = at(v, u);
  values[word(1)] = v;
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

/// `const SIZE VALUE`; a condition is true or false.
Value Elementwise::constant() {
  Value v;
  v.size = number(3);
  v.isConstant = true;
  const std::string &text = word(4);
  if (text == "true" || text == "false")
    v.expr = Internal::make_bool(text == "true");
  else
    v.expr = real(std::stod(text));
  return v;
}

/// Halide takes a <= b for !(b < a) and x == x for true, which NaN is not.
static Expr isNaN(const Expr &x) {
  Type bits = UInt(x.type().bits());
  bool isDouble = bits.bits() == 64;
  uint64_t magnitude = isDouble ? INT64_MAX : INT32_MAX;
  uint64_t infinity = isDouble ? 0x7ff0000000000000ull : 0x7f800000ull;
  return Internal::UIntImm::make(bits, infinity) <
         (reinterpret(bits, x) & Internal::UIntImm::make(bits, magnitude));
}

/// Equal operands share the gradient evenly; NaN is neither larger nor smaller.
Value Elementwise::extremum(const Value &x, const Value &y, bool largest) {
  Expr a = x.expr, b = y.expr, half = real(0.5);
  Expr tie = half * a + half * b;
  Expr isFirst = largest ? b < a : a < b, isSecond = largest ? a < b : b < a;
  return {x.size, select(isFirst, a, select(isSecond, b, tie)), Func()};
}

Value Elementwise::sum(const Value &x) {
  Func total("sum");
  RDom k(0, x.size);
  total(n) = real(0);
  total(n) += at(x, k);
  return {1, total(n), Func()};
}

Value Elementwise::largest(const Value &x) {
  Func most("most");
  RDom k(0, x.size);
  most(n) = at(x, 0);
  Expr element = at(x, k), before = most(n);
  // NaN is taken, and stays.
  Expr isTaken = before < element || isNaN(element);
  most(n) = select(isTaken && !isNaN(before), element, before);
  return {1, most(n), Func()};
}

/// The mean of the elements that no other exceeds. propagate_adjoints refuses a
/// running maximum, even where it stands only in a condition, so they are
/// compared with each other.
Value Elementwise::meanOfLargest(const Value &plain, const Value &x) {
  Func larger("larger"), many("many"), total("total");
  Var i("i");
  RDom k(0, x.size);
  larger(i, n) = real(0);
  larger(i, n) += select(at(plain, i) < at(plain, k), real(1), real(0));
  Expr isLargest = larger(k, n) == real(0);
  many(n) = real(0);
  many(n) += select(isLargest, real(1), real(0));
  total(n) = real(0);
  total(n) += select(isLargest, at(x, k), real(0));
  return {1, total(n) / many(n), Func()};
}

Value Elementwise::function(const std::string &op, const Value &x,
                            bool differentiated) {
  Value v{x.size, Expr(), Func()};
  const bool isDouble = kernel.level.element.bits() == 64;
  if (op == "negf")
    v.expr = -x.expr;
  else if (op == "sqrt")
    v.expr = sqrt(x.expr);
  else if (op == "erf")
    v.expr = errorFunction(x.expr);
  else if (op == "sigmoid" && inPullback) {
    // Bounded where it no longer changes, so that no square is infinite twice.
    Expr most = real(isDouble ? 700 : 80), y = -x.expr;
    v.expr = real(1) / (real(1) + callMath("exp", select(most < y, most, y)));
  } else if (op == "log1p" && inPullback)
    v.expr = callMath("log", real(1) + x.expr);
  else
    v.expr = callMath(op, x.expr);
  // One evaluation for all gradients that need it.
  if (differentiated && !readsWhole && !isTotal) {
    v.func = Func(op);
    shared.insert(v.func.name());
    v.func(u, n) = v.expr;
    v.expr = v.func(u, n);
  }
  return v;
}

Value Elementwise::compare(const Value &x, const Value &y) {
  const std::string &predicate = word(3);
  Expr a = x.expr, b = y.expr;
  Expr less = a < b, more = b < a, equal = a == b;
  Expr unordered = isNaN(a) || isNaN(b);
  const std::map<std::string, Expr> predicates = {
      {"oeq", equal},           {"ogt", more},
      {"oge", more || equal},   {"olt", less},
      {"ole", less || equal},   {"one", less || more},
      {"ord", !unordered},      {"uno", unordered},
      {"ueq", !(less || more)}, {"ugt", more || unordered},
      {"uge", !less},           {"ult", less || unordered},
      {"ule", !more},           {"une", !equal}};
  auto found = predicates.find(predicate);
  if (found == predicates.end())
    fail("no comparison '" + predicate + "'");
  return {x.size, found->second, Func()};
}

/// `%name = op operands`, with operands from `from`.
Value Elementwise::compute(const Values &from, bool differentiated) {
  const std::string &op = word(2);
  auto operand = [&](size_t i) -> const Value & {
    return value(from, word(3 + i));
  };
  auto binary = [&](Expr (*combine)(const Expr &, const Expr &)) {
    const Value &x = operand(0), &y = operand(1);
    return Value{x.size, combine(x.expr, y.expr), Func()};
  };
#define BINARY(text)                                                           \
  binary([](const Expr &a, const Expr &b) -> Expr { return text; })
  if (op == "const")
    return constant();
  if (op == "addf")
    return BINARY(a + b);
  if (op == "subf")
    return BINARY(a - b);
  if (op == "mulf")
    return BINARY(a * b);
  if (op == "divf")
    return BINARY(a / b);
  if (op == "andi")
    return BINARY(a && b);
  if (op == "ori")
    return BINARY(a || b);
  if (op == "xori")
    return BINARY(a != b);
#undef BINARY
  if (op == "maximumf" || op == "minimumf")
    return extremum(operand(0), operand(1), op == "maximumf");
  if (op == "absf") {
    const Value &x = operand(0);
    // At 0 and for NaN: the value itself, without a gradient.
    Expr rest = value(values, word(3)).expr;
    Expr below = select(x.expr < real(0), -x.expr, rest);
    return {x.size, select(real(0) < x.expr, x.expr, below), Func()};
  }
  if (op == "cmpf")
    return compare(operand(1), operand(2));
  if (op == "select")
    return {operand(1).size,
            select(operand(0).expr, operand(1).expr, operand(2).expr), Func()};
  if (op == "uitofp")
    return {operand(0).size, select(operand(0).expr, real(1), real(0)), Func()};
  if (op == "stop_gradient")
    return value(values, word(3));
  if (op == "splat") {
    const Value &x = value(from, word(4));
    return {number(3), at(x, 0), Func()};
  }
  if (op == "slice") {
    const Value &x = value(from, word(5));
    return {number(3), at(x, u + number(4)), Func()};
  }
  if (op == "concat") {
    Expr result;
    int offset = 0;
    std::vector<std::pair<int, Expr>> parts;
    for (size_t i = 3; i < line->words.size(); ++i) {
      const Value &x = value(from, word(i));
      Expr index = u - offset;
      // Where gradients are wanted, what an input stands for is clamped.
      bool clamped = differentiated && x.func.defined();
      parts.push_back(
          {offset, at(x, clamped ? index : clamp(index, 0, x.size - 1))});
      offset += x.size;
    }
    result = parts.back().second;
    for (size_t i = parts.size() - 1; i-- > 0;)
      result = select(u < parts[i + 1].first, parts[i].second, result);
    return {offset, result, Func()};
  }
  bool isReduction = op == "reduce_sum" || op == "reduce_max";
  if (isReduction && operand(0).size == 1)
    return operand(0);
  if (op == "reduce_sum")
    return sum(operand(0));
  if (op == "reduce_max")
    return inPullback ? meanOfLargest(value(values, word(3)), operand(0))
                      : largest(operand(0));
  static const std::set<std::string> functions = {
      "negf", "sqrt", "erf",   "sigmoid", "tanh",
      "exp",  "log",  "log1p", "sin",     "cos"};
  if (!functions.count(op))
    fail("no operation '" + op + "'");
  return function(op, operand(0), differentiated);
}

//===----------------------------------------------------------------------===//
// Gradients
//===----------------------------------------------------------------------===//

/// `pullback %x %y`: what follows is differentiated with respect to these.
void Elementwise::beginPullback() {
  inPullback = true;
  derived = values;
  wanted.clear();
  loss = Expr();
  for (size_t i = 1; i < line->words.size(); ++i) {
    Value v = value(values, word(i));
    Expr unit = readsWhole ? clamp(u, 0, v.size - 1) : Expr(u);
    Func input("input");
    if (v.isParam)
      input(u) = at(v, unit);
    else
      input(u, n) = at(v, unit);
    v.func = input;
    v.expr = at(v, u);
    derived[word(i)] = v;
    wanted.push_back({word(i), input});
  }
}

/// `seed %value %gradient`: the gradient of the loss in that value.
void Elementwise::seed() {
  const Value &v = value(derived, word(1));
  Expr share = v.expr * value(values, word(2)).expr;
  loss = loss.defined() ? loss + share : share;
  lossSize = v.size;
}

/// `pulled %gx %gy`: the gradients, in the order of `pullback`.
void Elementwise::endPullback() {
  inPullback = false;
  Func total("loss"), one("one");
  Region bounds = {{0, rows - 1}};
  if (readsWhole) {
    // Of what lies outside of a reduction Halide takes no gradient. Outside of
    // bounds it takes that of the nearest unit.
    RDom k(0, lossSize);
    total(n) = real(0);
    total(n) += Internal::substitute(u.name(), k, loss);
    one(n) = real(1);
  } else {
    total(u, n) = loss;
    one(u, n) = real(1);
    bounds.insert(bounds.begin(), {0, lossSize - 1});
  }
  Derivative adjoints = propagate_adjoints(total, one, bounds);
  for (size_t i = 0; i < wanted.size(); ++i) {
    auto &[name, input] = wanted[i];
    Value v = value(values, name);
    Func gradient = adjoints(input);
    if (gradient.defined()) {
      sizes[gradient.name()] = v.size;
      v.func = gradient;
      v.expr = at(v, u);
    } else {
      v = {v.size, real(0), Func(), v.isParam, true};
    }
    values[word(i + 1)] = v;
  }
}

//===----------------------------------------------------------------------===//
// Schedule
//===----------------------------------------------------------------------===//

/// True if an update of `f` computes the unit that it is asked for.
static bool isUnit(Func f, int update) {
  auto *variable = f.update_args(update)[0].as<Internal::Variable>();
  return variable && variable->name == f.args()[0].name();
}

/// Units in vectors, row by row. What is not part of one expression is computed
/// for the vector at hand; what has no units, for the row.
void Elementwise::schedule(Func result) {
  const int lanes = kernel.narrow ? 1 : kernel.level.lanes;
  Var outer("outer"), inner("inner");
  result.split(u, outer, inner, lanes, TailStrategy::ShiftInwards);
  if (lanes > 1)
    result.vectorize(inner);
  if (!isTotal)
    result.output_buffers()[0].dim(1).set_min(0);
  if (kernel.units == 1)
    result.output_buffers()[0].dim(0).set_bounds(0, 1);
  std::map<std::string, Internal::Function> environment =
      Internal::find_transitive_calls(result.function());
  Func perUnit; // of a total: what sums over rows
  for (auto &[name, function] : environment)
    if (isTotal && function.args() == std::vector<std::string>{u.name()} &&
        function.has_update_definition())
      perUnit = Func(function);
  for (auto &[name, function] : environment) {
    if (name == result.name())
      continue;
    Func f(function);
    if (!f.has_update_definition() && !shared.count(name))
      continue;
    bool hasUnits = !f.args().empty() && f.args()[0].name() == u.name();
    bool scatters = false;
    for (int i = 0; i < f.num_update_definitions(); ++i)
      scatters |= hasUnits && !isUnit(f, i);
    if (scatters) {
      // All of it, wherever its parts come from. Parts of a concatenation add
      // zeros beyond both ends.
      f.bound(f.args()[0], -lossSize, sizes.at(name) + 2 * lossSize);
      if (isTotal)
        f.compute_root();
      else
        f.compute_at(result, n);
      f.store_in(MemoryType::Stack);
      continue;
    }
    if (!hasUnits && isTotal && perUnit.defined()) {
      std::vector<RVar> rvars = perUnit.rvars(0);
      f.compute_at(perUnit, rvars.back());
    } else if (!hasUnits) {
      f.compute_at(result, n);
    } else {
      f.compute_at(result, outer);
    }
    f.store_in(MemoryType::Stack);
    if (!hasUnits || lanes == 1)
      continue;
    Var unit = f.args()[0];
    f.vectorize(unit, lanes);
    for (int i = 0; i < f.num_update_definitions(); ++i) {
      std::vector<VarOrRVar> order = {unit};
      for (RVar r : f.rvars(i))
        order.push_back(r);
      f.update(i).reorder(order).vectorize(unit, lanes);
    }
  }
}

/// Finds out what has to be known before the first value is made.
void Elementwise::scan() {
  static const std::set<std::string> whole = {"splat", "slice", "concat",
                                              "reduce_sum", "reduce_max"};
  std::set<std::string> differentiated;
  for (const Line &each : kernel.body) {
    const std::vector<std::string> &words = each.words;
    isTotal |= words[0] == "total";
    if (words[0] == "pullback")
      differentiated.insert(words.begin() + 1, words.end());
    if (words.size() < 3 || words[1] != "=")
      continue;
    for (size_t i = 3; i < words.size(); ++i)
      if (differentiated.count(words[i])) {
        differentiated.insert(words[0]);
        readsWhole |= whole.count(words[2]) > 0;
      }
  }
}

Built Elementwise::build() {
  scan();
  for (const Line &each : kernel.body) {
    line = &each;
    const std::string &first = word(0);
    if (first == "in" || first == "param")
      readInput(first == "param");
    else if (first == "pullback")
      beginPullback();
    else if (first == "seed")
      seed();
    else if (first == "pulled")
      endPullback();
    else if (first == "out")
      outs.push_back(value(values, word(1)).expr);
    else if (first == "total")
      totals.push_back(value(values, word(1)).expr);
    else if (word(1) != "=")
      fail("expected '%name = operation'");
    else {
      values[first] = compute(values, false);
      if (inPullback) {
        Value v = compute(derived, true);
        derived[first] = v;
      }
    }
  }
  if (outs.empty() == totals.empty() || totals.size() > 1)
    throw TextError(kernel.line, "a kernel gives 'out's or one 'total'");
  Func result("result");
  if (isTotal)
    result(u) = totals[0];
  else if (outs.size() == 1)
    result(u, n) = outs[0];
  else
    result(u, n) = Tuple(outs);
  schedule(result);
  return {Pipeline(result), arguments};
}

Built rnn::buildElementwise(const Kernel &kernel) {
  return Elementwise(kernel).build();
}
