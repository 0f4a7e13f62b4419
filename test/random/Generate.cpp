//===- Generate.cpp - random cells ----------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Expressions are made from the outside in: what is asked for is a shape, and
// an operator asks for the shapes of its operands. Parameters are declared when
// an expression needs one. Each expression carries a bound of its values, by
// which it is scaled down before it grows.
//
//===----------------------------------------------------------------------===//

#include "test/random/Generate.h"
#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

using namespace rnn;
using std::string;

namespace {
/// A size: how it is written, and what it is.
struct Dim {
  string text;
  int64_t value;
};

/// A scalar has no sizes, a vector one, a matrix two.
using Shape = std::vector<Dim>;

/// How tightly an expression binds, from the loosest.
enum Level { Comparison, Sum, Product, Unary, Primary };

struct Expr {
  string text;
  Level level = Primary;
  double bound = 1; ///< of absolute values, roughly
};

/// A name that an expression may read.
struct Name {
  string text;
  Shape shape;
  double bound = 1;
};

struct State {
  string name;
  Shape shape;
  int64_t delay;
  bool isDefined = false;
};

/// A function of the text, elementwise in all of its parameters.
struct Function {
  string name;
  int parameters;
  double bound;
};

class Generator {
public:
  explicit Generator(uint64_t seed) : engine(seed * 0x9e3779b97f4a7c15 + 1) {}
  string cell();

private:
  // Not the distributions of the library, which differ from one to the next;
  // and no two draws in the arguments of one call, whose order is open.
  int64_t below(int64_t n) { return int64_t(engine() % uint64_t(n)); }
  bool chance(int percent) { return below(100) < percent; }
  template <typename List> auto &pick(List &list) {
    return list[below(int64_t(std::size(list)))];
  }

  string in(const Expr &expr, Level level) {
    bool bare = expr.level >= level && !chance(3);
    return bare ? expr.text : "(" + expr.text + ")";
  }
  Expr binary(const Expr &l, const char *op, const Expr &r, double bound);
  Expr scaled(double factor, const Expr &expr);
  Expr tame(Expr expr, double bound);
  Expr number();
  Expr call(const string &name, const std::vector<Expr> &arguments,
            double bound);

  string newName(const char *stem) { return stem + std::to_string(++names); }
  string param(const Shape &shape);
  Dim anyDim();
  Dim smallDim();
  string range(int64_t begin, const Dim &dim, int64_t whole);

  Expr value(const Shape &shape, int depth);
  Expr leaf(const Shape &shape);
  std::vector<Name> readable(const Shape *shape);
  Expr elementwise(const Shape &shape, int depth);
  Expr unaryFunction(const Shape &shape, int depth);
  Expr ofVectors(const Dim &dim, int depth);
  Expr ofMatrices(const Shape &shape, int depth);
  Expr transposed(const Expr &matrix);
  Expr stepProduct(const Dim &rows, int depth);
  Expr product(const Dim &rows, int depth);
  Expr normalised(const Dim &dim, int depth);
  Expr reduction(int depth);
  Expr nextState(const State &state, int depth);

  void defineFunctions();
  void addLocal();
  string sizesText();
  string declarations();

  std::mt19937_64 engine;
  int names = 0;
  std::vector<Dim> dims;
  std::vector<Name> inputs, locals, params;
  std::vector<State> states;
  std::vector<Function> functions;
  std::vector<string> functionTexts, statements;
  string cellFunction, cellFunctionValue;
  double cellFunctionBound = 1;
  bool allowsStop = false;
  bool hasMatrices = false; ///< that differ from step to step
  /// Within `fn`: its parameters, which have any shape and are all it sees.
  std::vector<Name> *parameters = nullptr;
};
} // namespace

static bool same(const Shape &a, const Shape &b) {
  return std::equal(
      a.begin(), a.end(), b.begin(), b.end(),
      [](const Dim &l, const Dim &r) { return l.value == r.value; });
}

static string join(const std::vector<string> &parts) {
  string text;
  for (const string &part : parts)
    text += (text.empty() ? "" : ", ") + part;
  return text;
}

static string shapeText(const Shape &shape) {
  std::vector<string> sizes;
  for (const Dim &dim : shape)
    sizes.push_back(dim.text);
  return "[" + join(sizes) + "]";
}

//===----------------------------------------------------------------------===//
// Parts of expressions
//===----------------------------------------------------------------------===//

Expr Generator::binary(const Expr &l, const char *op, const Expr &r,
                       double bound) {
  Level level = strchr("+-", *op)     ? Sum
                : strchr("<>=!", *op) ? Comparison
                                      : Product;
  // The right operand binds tighter: operators go from left to right.
  string left = in(l, level == Comparison ? Sum : level);
  return {left + " " + op + " " + in(r, Level(level + 1)), level, bound};
}

Expr Generator::scaled(double factor, const Expr &expr) {
  string text = std::to_string(factor);
  text.erase(text.find_last_not_of('0') + 1);
  return binary({text}, "*", expr, factor * expr.bound);
}

/// Brings an expression within a bound.
Expr Generator::tame(Expr expr, double bound) {
  if (expr.bound <= bound)
    return expr;
  if (bound >= 1 && chance(40))
    return call(chance(50) ? "tanh" : "sigmoid", {expr}, 1);
  double factor = bound / expr.bound;
  return scaled(factor < 0.01 ? 0.01 : std::floor(factor * 100) / 100, expr);
}

Expr Generator::number() {
  static const std::pair<const char *, double> table[] = {
      {"0.5", 0.5},   {"1", 1},     {"2", 2},     {"0.25", 0.25},
      {"0.3", 0.3},   {"1.5", 1.5}, {"0.7", 0.7}, {"1e-1", 0.1},
      {"0.05", 0.05}, {"0", 0},     {"0.9", 0.9}, {"3e-1", 0.3}};
  const auto &[text, value] = table[below(std::size(table))];
  if (value != 0 && chance(20))
    return {string("-") + text, Unary, value};
  return {text, Primary, value};
}

Expr Generator::call(const string &name, const std::vector<Expr> &arguments,
                     double bound) {
  std::vector<string> texts;
  for (const Expr &argument : arguments)
    texts.push_back(argument.text);
  return {name + "(" + join(texts) + ")", Primary, bound};
}

/// A parameter of that shape: one that is there, or a new one.
string Generator::param(const Shape &shape) {
  std::vector<string> fitting;
  for (const Name &name : params)
    if (same(name.shape, shape))
      fitting.push_back(name.text);
  if (!fitting.empty() && chance(35))
    return pick(fitting);
  string name = newName(shape.size() == 2 ? "W" : shape.empty() ? "k" : "b");
  params.push_back({name, shape, 1});
  return name;
}

/// A size for something new.
Dim Generator::anyDim() {
  const Dim &one = pick(dims);
  switch (below(8)) {
  case 0:
    return one.value <= 17 ? Dim{"2*" + one.text, 2 * one.value} : one;
  case 1: {
    const Dim &other = pick(dims);
    return {one.text + " + " + other.text, one.value + other.value};
  }
  case 2: {
    int64_t value = 1 + below(5);
    return {std::to_string(value), value};
  }
  default:
    return one;
  }
}

/// A size for the rows or columns of a matrix that differs from step to step.
Dim Generator::smallDim() {
  for (int i = 0; i < 4; ++i)
    if (Dim dim = anyDim(); dim.value <= 17)
      return dim;
  int64_t value = 1 + below(9);
  return {std::to_string(value), value};
}

/// The range of `dim` elements from `begin`, of `whole`.
string Generator::range(int64_t begin, const Dim &dim, int64_t whole) {
  bool toEnd = begin + dim.value == whole && chance(50);
  string from = begin == 0 && chance(50) ? "" : std::to_string(begin);
  string to = toEnd        ? ""
              : begin == 0 ? dim.text
                           : dim.text + " + " + std::to_string(begin);
  return "[" + from + ":" + to + "]";
}

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

/// What can be read here, of one shape or of any but a matrix.
std::vector<Name> Generator::readable(const Shape *shape) {
  std::vector<Name> found;
  auto add = [&](const Name &name) {
    if (!shape ? name.shape.size() == 1 : same(name.shape, *shape))
      found.push_back(name);
  };
  for (const Name &input : inputs)
    add({chance(10) ? input.text + "[t]" : input.text, input.shape, 1});
  for (const Name &local : locals)
    add(local);
  for (const State &state : states) {
    add({state.name + "[t-1]", state.shape, 1});
    if (state.delay > 1)
      add({state.name + "[t-" + std::to_string(1 + below(state.delay)) + "]",
           state.shape, 1});
    if (state.isDefined)
      add({state.name + "[t]", state.shape, 1});
  }
  return found;
}

Expr Generator::leaf(const Shape &shape) {
  if (parameters) {
    const Name &name = pick(*parameters);
    return {name.text, Primary, name.bound};
  }
  std::vector<Name> names = readable(&shape);
  if (!names.empty() && chance(85)) {
    const Name &name = pick(names);
    return {name.text, Primary, name.bound};
  }
  if (shape.empty())
    return chance(40) ? number() : Expr{param(shape)};
  if (chance(30) || shape.size() == 2)
    return {param(shape)};
  return product(shape[0], 0);
}

Expr Generator::value(const Shape &shape, int depth) {
  if (depth <= 0)
    return leaf(shape);
  Expr expr = parameters || chance(shape.empty() ? 55 : 50)
                  ? elementwise(shape, depth)
              : shape.empty()     ? reduction(depth)
              : shape.size() == 2 ? ofMatrices(shape, depth)
                                  : ofVectors(shape[0], depth);
  return tame(expr, 2.5);
}

/// An argument for a function that has poles or grows, and the function.
Expr Generator::unaryFunction(const Shape &shape, int depth) {
  Expr a = value(shape, depth - 1);
  double b = a.bound;
  Expr square = binary(a, "*", a, b * b);
  switch (below(16)) {
  case 0:
  case 1:
    return call("tanh", {a}, 1);
  case 2:
  case 3:
    return call("sigmoid", {a}, 1);
  case 4:
    return call("relu", {a}, b);
  case 5:
    return call("abs", {a}, b);
  case 6:
    return call("softplus", {a}, b + 0.7);
  case 7:
    return call("silu", {a}, b);
  case 8:
    return call("gelu", {a}, b);
  case 9:
    return call("hard_sigmoid", {a}, 1);
  case 10:
    return call("exp", {tame(a, 1)}, 2.7);
  case 11:
    return call("log", {binary({"1.5"}, "+", square, 1)}, 0.4 + b);
  case 12:
    return call("sqrt", {binary(call("abs", {a}, b), "+", {"0.5"}, 1)}, 1 + b);
  case 13:
    return call("exp", {{"-" + in(call("abs", {a}, b), Unary), Unary}}, 1);
  case 14:
    if (!cellFunction.empty() && !parameters)
      return call(cellFunction, {a}, std::max(b, cellFunctionBound));
    return call("tanh", {a}, 1);
  default:
    if (allowsStop && !parameters)
      return call("stop_gradient", {a}, b);
    return {"-" + in(a, Unary), Unary, b};
  }
}

Expr Generator::elementwise(const Shape &shape, int depth) {
  auto operand = [&] { return value(shape, depth - 1); };
  // A scalar meets any shape.
  auto scalar = [&]() -> Expr {
    return parameters || chance(40) ? number() : value({}, depth - 1);
  };
  switch (below(20)) {
  case 0:
  case 1: {
    Expr a = operand(), b = operand();
    return binary(a, "+", b, a.bound + b.bound);
  }
  case 2: {
    Expr a = operand(), b = operand();
    return binary(a, "-", b, a.bound + b.bound);
  }
  case 3:
  case 4: {
    Expr a = operand(), b = operand();
    return binary(a, chance(5) ? "⊙" : "*", b, a.bound * b.bound);
  }
  case 5: {
    Expr a = scalar(), b = operand();
    return binary(a, "*", b, a.bound * b.bound);
  }
  case 6: {
    Expr a = operand(), b = scalar();
    return chance(50) ? binary(a, "-", b, a.bound + b.bound)
                      : binary(b, "-", a, a.bound + b.bound);
  }
  case 7: {
    Expr a = operand(), b = operand();
    Expr positive = chance(50) ? call("abs", {b}, b.bound)
                               : binary(b, "*", b, b.bound * b.bound);
    return binary(a, "/", binary({"1.5"}, "+", positive, 1), a.bound / 1.5);
  }
  case 8: {
    Expr a = operand();
    static const char *const divisors[] = {"2", "3", "1.25", "4"};
    return binary(a, "/", {pick(divisors)}, a.bound);
  }
  case 9: {
    static const char *const order[] = {"<", ">", "<=", ">="};
    Expr a = operand(), b = chance(50) ? operand() : number();
    Expr c = operand(), d = chance(80) ? operand() : number();
    return call("where", {binary(a, pick(order), b, 1), c, d},
                std::max(c.bound, d.bound));
  }
  case 10: {
    static const char *const order[] = {"<", ">", "<=", ">=", "!=", "=="};
    Expr a = operand(), b = chance(50) ? operand() : number(), c = operand();
    return binary(binary(a, pick(order), b, 1), "*", c, c.bound);
  }
  case 11: {
    Expr a = operand(), b = chance(70) ? operand() : number();
    return call(chance(50) ? "max" : "min", {a, b}, std::max(a.bound, b.bound));
  }
  case 12: {
    Expr a = operand();
    return call("clip", {a, {"-0.6", Unary}, {chance(50) ? "0.7" : "1"}}, 1);
  }
  case 13:
    if (!functions.empty() && !parameters) {
      const Function &function = pick(functions);
      std::vector<Expr> arguments;
      for (int i = 0; i < function.parameters; ++i)
        arguments.push_back(tame(operand(), 1.5));
      return call(function.name, arguments, function.bound);
    }
    [[fallthrough]];
  default:
    return unaryFunction(shape, depth);
  }
}

Expr Generator::transposed(const Expr &matrix) {
  return {in(matrix, Primary) + "'", Primary, matrix.bound};
}

/// A vector times a matrix that differs from step to step.
Expr Generator::stepProduct(const Dim &rows, int depth) {
  Dim columns = smallDim();
  Expr vector = value({columns}, depth - 1);
  bool flipped = chance(40);
  Expr matrix =
      value(flipped ? Shape{columns, rows} : Shape{rows, columns}, depth - 1);
  double bound = matrix.bound * vector.bound * std::sqrt(columns.value);
  if (flipped)
    return chance(50) ? binary(vector, "@", matrix, bound)
                      : binary(transposed(matrix), "@", vector, bound);
  return chance(70) ? binary(matrix, "@", vector, bound)
                    : binary(vector, "@", transposed(matrix), bound);
}

/// A matrix made of vectors and matrices.
Expr Generator::ofMatrices(const Shape &shape, int depth) {
  const Dim &rows = shape[0], &columns = shape[1];
  switch (below(9)) {
  case 0:
  case 1: {
    Expr l = value({rows}, depth - 1), r = value({columns}, depth - 1);
    return call("outer", {l, r}, l.bound * r.bound);
  }
  case 2:
    return transposed(value({columns, rows}, depth - 1));
  case 3:
    if (rows.value >= 2) {
      int64_t first = 1 + below(rows.value - 1), rest = rows.value - first;
      Expr l = value({{std::to_string(first), first}, columns}, depth - 1);
      Expr r = value({{std::to_string(rest), rest}, columns}, depth - 1);
      return {"[" + l.text + ", " + r.text + "]", Primary,
              std::max(l.bound, r.bound)};
    }
    return leaf(shape);
  case 4: {
    int64_t more = 1 + below(3), begin = below(more + 1);
    Dim all{rows.text + " + " + std::to_string(more), rows.value + more};
    Expr whole = value({all, columns}, depth - 1);
    return {in(whole, Primary) + range(begin, rows, all.value), Primary,
            whole.bound};
  }
  case 5: {
    Expr scalar = reduction(depth - 1), matrix = leaf(shape);
    return binary(scalar, "*", matrix, scalar.bound * matrix.bound);
  }
  default: {
    // Either factor may be a parameter, and stand transposed.
    Dim inner = smallDim();
    auto factor = [&](const Dim &outer, bool isLeft) {
      bool flipped = chance(30);
      Shape shape{outer, inner};
      if (flipped == isLeft)
        std::swap(shape[0], shape[1]);
      Expr matrix = chance(40) ? Expr{param(shape)} : value(shape, depth - 1);
      return flipped ? transposed(matrix) : matrix;
    };
    Expr l = factor(rows, true), r = factor(columns, false);
    return binary(l, "@", r, l.bound * r.bound * std::sqrt(inner.value));
  }
  }
}

/// A matrix times a vector, in one of the ways to write it.
Expr Generator::product(const Dim &rows, int depth) {
  if (hasMatrices && depth > 0 && rows.value <= 17 && chance(50))
    return stepProduct(rows, depth);
  Dim columns = anyDim();
  Expr vector;
  std::vector<Name> names = readable(nullptr);
  if (depth > 0 && chance(60))
    vector = value({columns}, depth - 1);
  else if (!names.empty() && chance(25)) {
    Name l = pick(names), r = pick(names);
    columns = {l.shape[0].text + " + " + r.shape[0].text,
               l.shape[0].value + r.shape[0].value};
    vector = {"[" + l.text + ", " + r.text + "]", Primary,
              std::max(l.bound, r.bound)};
  } else if (!names.empty()) {
    const Name &name = pick(names);
    columns = name.shape[0];
    vector = {name.text, Primary, name.bound};
  } else
    vector = {param({columns})};

  double grown = vector.bound * 1.3;
  // Columns decide the size of the weights; a transposed matrix sums over rows.
  double across =
      grown * std::sqrt(std::max(1.0, double(columns.value) / rows.value));
  switch (below(8)) {
  case 0:
    return binary({param({columns, rows}) + "'"}, "@", vector, across);
  case 1:
    return binary(vector, "@", {param({columns, rows})}, across);
  case 2:
    return binary(vector, "@", {param({rows, columns}) + "'"}, grown);
  case 3: {
    int64_t more = 1 + below(4), begin = below(more + 1);
    Dim all{rows.text + " + " + std::to_string(more), rows.value + more};
    string whole = param({all, columns});
    return binary({whole + range(begin, rows, all.value)}, "@", vector, grown);
  }
  default:
    return binary({param({rows, columns})}, "@", vector, grown);
  }
}

/// layer_norm and softmax. The variance keeps away from zero, where the slope
/// of layer_norm is in the hundreds.
Expr Generator::normalised(const Dim &dim, int depth) {
  if (dim.value < 4 || chance(50))
    return call("softmax", {value({dim}, depth - 1)}, 1);
  Expr spread = product(dim, 0);
  Expr fixed{param({dim})};
  Expr more = tame(value({dim}, depth - 1), 0.5);
  Expr sum = binary(spread, "+", fixed, 2);
  return call("layer_norm", {binary(sum, "+", more, 2)}, 1.5);
}

Expr Generator::ofVectors(const Dim &dim, int depth) {
  switch (below(9)) {
  case 0:
    if (dim.value >= 2) {
      int64_t first = 1 + below(dim.value - 1), rest = dim.value - first;
      Expr l = value({{std::to_string(first), first}}, depth - 1);
      Expr r = value({{std::to_string(rest), rest}}, depth - 1);
      return {"[" + l.text + ", " + r.text + "]", Primary,
              std::max(l.bound, r.bound)};
    }
    return leaf({dim});
  case 1: {
    // A part of something longer that is there, or of a parameter.
    std::vector<Name> longer;
    for (const Name &name : readable(nullptr))
      if (name.shape[0].value > dim.value)
        longer.push_back(name);
    Name whole;
    if (!longer.empty() && chance(70))
      whole = pick(longer);
    else {
      int64_t more = 1 + below(3);
      Dim all{dim.text + " + " + std::to_string(more), dim.value + more};
      whole = {param({all}), {all}, 1};
    }
    int64_t size = whole.shape[0].value;
    return {whole.text + range(below(size - dim.value + 1), dim, size), Primary,
            whole.bound};
  }
  case 2:
    return normalised(dim, depth);
  case 3: {
    Expr scalar = reduction(depth - 1), vector = leaf({dim});
    return binary(scalar, "*", vector, scalar.bound * vector.bound);
  }
  case 4: {
    // Two products, which may become one.
    Expr l = product(dim, depth - 1), r = product(dim, 0);
    Expr sum = binary(l, "+", r, l.bound + r.bound);
    return chance(50) ? binary(sum, "+", {param({dim})}, sum.bound + 1) : sum;
  }
  default:
    return product(dim, depth);
  }
}

/// A scalar made of vectors.
Expr Generator::reduction(int depth) {
  Dim dim = anyDim();
  Expr v = value({dim}, depth - 1);
  switch (below(6)) {
  case 0:
    return binary(call("sum", {v}, 0), "/", {dim.text, Sum}, v.bound);
  case 1:
    return call("mean", {v}, v.bound);
  case 2:
    return call("max", {v}, v.bound);
  case 3:
    return call("min", {v}, v.bound);
  default: {
    Expr w = leaf({dim});
    return binary(binary(v, "@", w, 1), "/", {dim.text, Sum},
                  v.bound * w.bound);
  }
  }
}

//===----------------------------------------------------------------------===//
// The cell
//===----------------------------------------------------------------------===//

void Generator::defineFunctions() {
  for (int64_t count = below(3); count > 0; --count) {
    std::vector<Name> arguments;
    std::vector<string> texts;
    for (int64_t i = 0, n = 1 + below(3); i < n; ++i) {
      arguments.push_back({string(1, char('a' + i)), {}, 1.5});
      texts.push_back(arguments.back().text);
    }
    parameters = &arguments;
    Expr body = tame(value({}, 2), 1.5);
    parameters = nullptr;
    string name = newName("fn");
    functionTexts.push_back("fn " + name + "(" + join(texts) +
                            ") = " + body.text);
    functions.push_back({name, int(arguments.size()), body.bound});
  }
}

void Generator::addLocal() {
  Shape shape;
  if (hasMatrices && chance(35))
    shape = {smallDim(), smallDim()};
  else if (chance(75))
    shape = {chance(70) ? pick(dims) : anyDim()};
  Expr expr = value(shape, 2);
  string name = newName("v");
  statements.push_back(name + " = " + expr.text);
  locals.push_back({name, shape, expr.bound});
}

/// What a state becomes, within one.
Expr Generator::nextState(const State &state, int depth) {
  Expr before{state.name + "[t-1]"};
  auto value = [&] { return this->value(state.shape, depth); };
  switch (below(8)) {
  case 0: {
    Expr gate = call("sigmoid", {value()}, 1);
    Expr fresh = call("tanh", {value()}, 1);
    Expr kept = binary(gate, "*", before, 1);
    Expr rest = binary({"1"}, "-", gate, 1);
    return binary(kept, "+", binary(rest, "*", fresh, 1), 1);
  }
  case 1: {
    Expr half = scaled(0.5, before);
    return binary(half, "+", tame(value(), 0.5), 1);
  }
  case 2:
    return call("clip", {value(), {"-1", Unary}, {"1"}}, 1);
  case 3:
    return tame(leaf(state.shape), 1);
  case 4:
    return tame(value(), 1);
  default:
    return call("tanh", {value()}, 1);
  }
}

string Generator::sizesText() {
  static const int64_t sizes[] = {1,  2,  3,  4,  5,  6,  7,  8,  9,
                                  11, 15, 16, 17, 20, 31, 32, 33, 40};
  std::vector<string> texts;
  for (const char *name : {"I", "H"}) {
    Dim dim{name, pick(sizes)};
    dims.push_back(dim);
    texts.push_back(dim.text + " = " + std::to_string(dim.value));
  }
  if (chance(40)) {
    Dim dim{"K", 0};
    string value;
    switch (below(3)) {
    case 0:
      dim.value = dims[1].value + 1;
      value = "H + 1";
      break;
    case 1:
      dim.value = dims[0].value * 2;
      value = "2*I";
      break;
    default:
      dim.value = pick(sizes);
      value = std::to_string(dim.value);
    }
    dims.push_back(dim);
    texts.push_back("K = " + value);
  }
  if (chance(40)) {
    static const char *const known[] = {"tanh", "sigmoid", "hard_sigmoid",
                                        "softplus", "silu"};
    cellFunction = "f";
    cellFunctionBound = 2.5;
    cellFunctionValue = pick(known);
    for (const Function &function : functions)
      if (function.parameters == 1)
        cellFunctionValue = function.name;
    texts.push_back("f = " + cellFunctionValue);
  }
  return join(texts);
}

string Generator::declarations() {
  string text;
  auto declare = [&](const char *role, const string &name, const Shape &shape,
                     const string &init) {
    text += string("  ") + role + " " + name + " : " + shapeText(shape) + init +
            "\n";
  };
  for (const Name &input : inputs)
    declare("input", input.text, input.shape, "");
  for (const State &state : states)
    declare("state", state.name, state.shape, "");
  static const char *const inits[] = {"", " = zeros", " = uniform(-1, 1)",
                                      " = normal(0.5)"};
  for (const Name &param : params)
    declare("param", param.text, param.shape, pick(inits));
  return text;
}

string Generator::cell() {
  allowsStop = chance(15);
  defineFunctions();
  string sizes = sizesText();
  if (chance(95))
    inputs.push_back({"x", {dims[0]}});
  if (chance(30))
    inputs.push_back({"u", {pick(dims)}});
  if (chance(35))
    inputs.push_back({"s", {}});
  hasMatrices = chance(50);
  if (hasMatrices && chance(60)) {
    Dim rows = smallDim(), columns = smallDim();
    inputs.push_back({"X", {rows, columns}});
  }
  for (int64_t count = 1 + below(3); count > 0; --count) {
    Shape shape;
    if (chance(85))
      shape = {chance(60) ? dims[1] : anyDim()};
    if (hasMatrices && chance(60))
      shape = {smallDim(), smallDim()};
    int64_t delay = chance(70) ? 1 : 2 + below(2);
    states.push_back({newName("h"), shape, delay});
  }

  std::vector<string> outputs;
  for (State &state : states) {
    while (chance(40))
      addLocal();
    statements.push_back(state.name + "[t] = " + nextState(state, 2).text);
    state.isDefined = true;
    if (chance(70))
      outputs.push_back(state.name);
  }
  while (chance(45))
    addLocal(); // read-outs, and what nothing reads
  for (const Name &local : locals)
    if (chance(50))
      outputs.push_back(local.text);
  if (outputs.empty())
    outputs.push_back(states.back().name);
  for (size_t i = outputs.size(); i > 1; --i)
    std::swap(outputs[i - 1], outputs[below(int64_t(i))]);

  string text;
  for (const string &function : functionTexts)
    text += function + "\n";
  text += "cell Random(" + sizes + ") {\n" + declarations();
  for (const string &statement : statements)
    text += "  " + statement + "\n";
  return text + "  output " + join(outputs) + "\n}\n";
}

string rnn::generateCell(uint64_t seed) { return Generator(seed).cell(); }

bool rnn::stopsGradients(const string &text) {
  return text.find("stop_gradient") != string::npos;
}
