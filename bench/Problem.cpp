//===- Problem.cpp - one layer to compute, and what comes out -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Problem.h"
#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <stdexcept>

using namespace bench;

Problem::Problem(const Shape &shape) : shape(shape) {
  uint64_t state = 0x9e3779b97f4a7c15u;
  auto fill = [&](Array &array, size_t size, float scale) {
    array.resize(size);
    for (float &element : array) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      element = scale * (float(state >> 40) / float(1 << 23) - 1.0f);
    }
  };
  size_t T = size_t(shape.steps), N = size_t(shape.batch),
         I = size_t(shape.inputs), H = size_t(shape.hidden),
         G = shape.gates().size();
  float small = 1 / std::sqrt(float(H));
  fill(x, T * N * I, 1);
  fill(h0, N * H, 0.5f);
  fill(c0, shape.cell == "lstm" ? N * H : 0, 0.5f);
  fill(W, G * H * I, small);
  fill(U, G * H * H, small);
  fill(b, size_t(shape.biases()) * H, small);
  fill(outputGradient, T * N * H, 1);
}

namespace {

using Doubles = std::vector<double>;

double sigmoid(double v) { return 1 / (1 + std::exp(-v)); }

/// y[r] += sum over c of matrix[r, c] * x[c]
void multiply(const float *matrix, const double *x, double *y, int64_t rows,
              int64_t columns) {
  for (int64_t r = 0; r < rows; ++r, matrix += columns) {
    double sum = 0;
    for (int64_t c = 0; c < columns; ++c)
      sum += double(matrix[c]) * x[c];
    y[r] += sum;
  }
}

/// Gradients of multiply: d_x and d_matrix, both added to.
void multiplyBackward(const float *matrix, const double *x, const double *dy,
                      double *dx, double *dmatrix, int64_t rows,
                      int64_t columns) {
  for (int64_t r = 0; r < rows; ++r, matrix += columns, dmatrix += columns)
    for (int64_t c = 0; c < columns; ++c) {
      dx[c] += double(matrix[c]) * dy[r];
      dmatrix[c] += dy[r] * x[c];
    }
}

/// One row of the batch at one time step. gates [G, H] holds the activated
/// gates; those of an LSTM are i, f, g, o, those of a GRU r, z, h.
struct Step {
  Doubles x, h, c, gates; // h, c: before the step
  Doubles reset;          // r * h; reset after the product: that product
  Doubles newC;
};

class Reference {
public:
  explicit Reference(const Problem &problem)
      : p(problem), I(p.shape.inputs), H(p.shape.hidden),
        G(int64_t(p.shape.gates().size())), lstm(p.shape.cell == "lstm"),
        lbr(p.shape.cell == "lbr_gru"), gru(p.shape.cell == "gru" || lbr),
        dW(p.W.size()), dU(p.U.size()), db(p.b.size()) {}

  Result run();

private:
  Doubles zeros() const { return Doubles(size_t(H)); }
  const float *W(int64_t gate) const { return p.W.data() + gate * H * I; }
  const float *U(int64_t gate) const { return p.U.data() + gate * H * H; }
  Doubles forward(Step &step) const;
  void backward(const Step &step, Doubles &dh, Doubles &dc, double *dx);

  const Problem &p;
  const int64_t I, H, G;
  const bool lstm, lbr, gru;
  Doubles dW, dU, db;
};

/// Fills in the step's gates and returns the new h.
Doubles Reference::forward(Step &s) const {
  s.gates.assign(p.b.begin(), p.b.begin() + G * H);
  s.newC.resize(size_t(H));
  s.reset.resize(size_t(H));
  for (int64_t g = 0; g < G; ++g) {
    double *gate = s.gates.data() + g * H;
    bool candidate = gru && g == 2;
    multiply(W(g), s.x.data(), gate, H, I);
    if (candidate && lbr) {
      s.reset.assign(p.b.begin() + G * H, p.b.end());
      multiply(U(g), s.h.data(), s.reset.data(), H, H);
      for (int64_t j = 0; j < H; ++j)
        gate[j] += s.gates[j] * s.reset[j];
    } else {
      multiply(U(g), candidate ? s.reset.data() : s.h.data(), gate, H, H);
    }
    bool squash = lstm ? g == 2 : !gru || g == 2;
    for (int64_t j = 0; j < H; ++j)
      gate[j] = squash ? std::tanh(gate[j]) : sigmoid(gate[j]);
    if (gru && !lbr && g == 0)
      for (int64_t j = 0; j < H; ++j)
        s.reset[j] = gate[j] * s.h[j];
  }

  Doubles h = zeros();
  for (int64_t j = 0; j < H; ++j) {
    auto gate = [&](int64_t g) { return s.gates[g * H + j]; };
    if (lstm) {
      s.newC[j] = gate(1) * s.c[j] + gate(0) * gate(2);
      h[j] = gate(3) * std::tanh(s.newC[j]);
    } else if (gru) {
      h[j] = gate(1) * s.h[j] + (1 - gate(1)) * gate(2);
    } else {
      h[j] = gate(0);
    }
  }
  return h;
}

/// Turns the gradients of the step's h and c into those of the step before.
void Reference::backward(const Step &s, Doubles &dh, Doubles &dc, double *dx) {
  Doubles d(size_t(G * H)); // of the gates, before activation
  Doubles before = zeros(), dreset = zeros();
  for (int64_t j = 0; j < H; ++j) {
    auto gate = [&](int64_t g) { return s.gates[g * H + j]; };
    auto dgate = [&](int64_t g) -> double & { return d[g * H + j]; };
    if (lstm) {
      double i = gate(0), f = gate(1), g = gate(2), o = gate(3);
      double tanhC = std::tanh(s.newC[j]);
      double dnew = dc[j] + dh[j] * o * (1 - tanhC * tanhC);
      dgate(0) = dnew * g * i * (1 - i);
      dgate(1) = dnew * s.c[j] * f * (1 - f);
      dgate(2) = dnew * i * (1 - g * g);
      dgate(3) = dh[j] * tanhC * o * (1 - o);
      dc[j] = dnew * f;
    } else if (gru) {
      double z = gate(1), c = gate(2);
      dgate(1) = dh[j] * (s.h[j] - c) * z * (1 - z);
      dgate(2) = dh[j] * (1 - z) * (1 - c * c);
      before[j] = dh[j] * z;
    } else {
      dgate(0) = dh[j] * (1 - gate(0) * gate(0));
    }
  }
  // From the last gate to the first: a GRU's reset gate needs its gradient
  // from the product that it acts on.
  for (int64_t g = G - 1; g >= 0; --g) {
    double *dgate = d.data() + g * H;
    bool afterReset = gru && !lbr && g == 2;
    if (gru && !lbr && g == 0)
      for (int64_t j = 0; j < H; ++j) {
        double r = s.gates[j];
        dgate[j] = dreset[j] * s.h[j] * r * (1 - r);
        before[j] += dreset[j] * r;
      }
    Doubles dproduct(dgate, dgate + H); // of the product with U
    if (lbr && g == 2)
      for (int64_t j = 0; j < H; ++j) {
        double r = s.gates[j];
        d[j] = dgate[j] * s.reset[j] * r * (1 - r);
        dproduct[j] *= r;
        db[G * H + j] += dproduct[j];
      }
    multiplyBackward(U(g), afterReset ? s.reset.data() : s.h.data(),
                     dproduct.data(),
                     afterReset ? dreset.data() : before.data(),
                     dU.data() + g * H * H, H, H);
    multiplyBackward(W(g), s.x.data(), dgate, dx, dW.data() + g * H * I, H, I);
    for (int64_t j = 0; j < H; ++j)
      db[g * H + j] += dgate[j];
  }
  dh = before;
}

Result Reference::run() {
  const int64_t T = p.shape.steps, N = p.shape.batch;
  Result result;
  result.h.resize(size_t(T * N * H));
  Doubles dx(p.x.size());
  for (int64_t n = 0; n < N; ++n) {
    auto row = [&](const Array &array, int64_t at, int64_t size) {
      auto begin = array.begin() + at * size;
      return array.empty() ? Doubles() : Doubles(begin, begin + size);
    };
    std::vector<Step> steps(static_cast<size_t>(T));
    Doubles h = row(p.h0, n, H), c = row(p.c0, n, H);
    for (int64_t t = 0; t < T; ++t) {
      Step &step = steps[size_t(t)];
      step.x = row(p.x, t * N + n, I);
      step.h = h;
      step.c = c;
      h = forward(step);
      c = step.newC;
      std::copy(h.begin(), h.end(), result.h.begin() + (t * N + n) * H);
    }
    result.last.insert(result.last.end(), h.begin(), h.end());
    if (lstm)
      result.cell.insert(result.cell.end(), c.begin(), c.end());

    Doubles dh = zeros(), dc = zeros();
    for (int64_t t = T - 1; t >= 0; --t) {
      for (int64_t j = 0; j < H; ++j)
        dh[j] += double(p.outputGradient[size_t((t * N + n) * H + j)]);
      backward(steps[size_t(t)], dh, dc, dx.data() + (t * N + n) * I);
    }
    result.dh0.insert(result.dh0.end(), dh.begin(), dh.end());
    if (lstm)
      result.dc0.insert(result.dc0.end(), dc.begin(), dc.end());
  }
  result.dx.assign(dx.begin(), dx.end());
  result.dW.assign(dW.begin(), dW.end());
  result.dU.assign(dU.begin(), dU.end());
  result.db.assign(db.begin(), db.end());
  return result;
}

} // namespace

/// Calls visit(array, size) for each array of a result, in order.
template <typename Visit>
static void forEachArray(Result &result, const Shape &shape, bool gradients,
                         Visit visit) {
  const int64_t T = shape.steps, N = shape.batch, I = shape.inputs,
                H = shape.hidden, G = int64_t(shape.gates().size());
  const int64_t ofCell = shape.cell == "lstm" ? N * H : 0;
  visit(result.h, T * N * H);
  visit(result.last, N * H);
  visit(result.cell, ofCell);
  if (!gradients)
    return;
  visit(result.dx, T * N * I);
  visit(result.dh0, N * H);
  visit(result.dc0, ofCell);
  visit(result.dW, G * H * I);
  visit(result.dU, G * H * H);
  visit(result.db, shape.biases() * H);
}

/// Writes the arrays one after the other, without anything between.
static void writeArrays(std::initializer_list<const Array *> arrays,
                        const std::string &path) {
  std::ofstream file(path, std::ios::binary);
  for (const Array *array : arrays)
    file.write(reinterpret_cast<const char *>(array->data()),
               std::streamsize(array->size() * sizeof(float)));
  if (!file.flush())
    throw std::runtime_error("cannot write " + path);
}

void bench::write(const Problem &p, const std::string &path) {
  writeArrays({&p.x, &p.h0, &p.c0, &p.W, &p.U, &p.b, &p.outputGradient}, path);
}

void bench::write(const Result &r, const std::string &path) {
  writeArrays(
      {&r.h, &r.last, &r.cell, &r.dx, &r.dh0, &r.dc0, &r.dW, &r.dU, &r.db},
      path);
}

Result bench::readResult(const Shape &shape, bool gradients,
                         const std::string &path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file)
    throw std::runtime_error("cannot read " + path);
  int64_t there = int64_t(file.tellg()) / int64_t(sizeof(float)), needed = 0;
  file.seekg(0);
  Result result;
  forEachArray(result, shape, gradients, [&](Array &array, int64_t size) {
    needed += size;
    if (needed > there)
      return;
    array.resize(size_t(size));
    file.read(reinterpret_cast<char *>(array.data()),
              std::streamsize(array.size() * sizeof(float)));
  });
  if (needed > there || (gradients && needed < there) || !file)
    throw std::runtime_error(path + " has " + std::to_string(there) +
                             " numbers, but the layer gives " +
                             std::to_string(needed));
  return result;
}

Result bench::reference(const Problem &problem) {
  return Reference(problem).run();
}

double bench::difference(const Result &a, const Result &b) {
  double worst = 0;
  for (Array Result::*member :
       {&Result::h, &Result::last, &Result::cell, &Result::dx, &Result::dh0,
        &Result::dc0, &Result::dW, &Result::dU, &Result::db}) {
    const Array &left = a.*member, &right = b.*member;
    if (left.empty() || right.empty())
      continue;
    if (left.size() != right.size())
      return std::numeric_limits<double>::infinity();
    double scale = 1, largest = 0;
    for (size_t i = 0; i < left.size(); ++i) {
      double distance = std::fabs(double(left[i]) - double(right[i]));
      if (!std::isfinite(distance))
        return std::numeric_limits<double>::infinity();
      largest = std::max(largest, distance);
      scale = std::max(scale, std::fabs(double(right[i])));
    }
    worst = std::max(worst, largest / scale);
  }
  return worst;
}
