//===- InterpreterTest.cpp - the oracle against numbers made by hand ------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/interpret/Interpreter.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace rnn;
using Doubles = std::vector<double>;

namespace {
/// A cell from text, and a call of it.
class Example {
public:
  Example(llvm::StringRef text, int64_t steps, int64_t batch)
      : context(registry(), mlir::MLIRContext::Threading::DISABLED),
        module(mlir::parseSourceString<mlir::ModuleOp>(text, &context)),
        interpreter(*module->getOps<CellOp>().begin()) {
    call.steps = steps;
    call.batch = batch;
    call.params.resize(interpreter.interface().params.size());
    call.arrays.resize(interpreter.interface().arrays.size());
  }

  Doubles &operator[](llvm::StringRef name) {
    const auto &arrays = interpreter.interface().arrays;
    for (auto [index, array] : llvm::enumerate(arrays))
      if (array.name == name)
        return call.arrays[index];
    ADD_FAILURE() << "no array " << name.str();
    return call.arrays[0];
  }
  void forward() { interpreter.forward(call); }
  void backward() { interpreter.backward(call); }

  Call call;

private:
  static mlir::DialectRegistry registry() {
    mlir::DialectRegistry registry;
    registerRnnDialect(registry);
    return registry;
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  Interpreter interpreter;
};
} // namespace

/// h[t] = w * h[t-1] + x, and its backward scan.
static const char *leaky = R"(
rnn.cell @Leaky outputs [@h] sizes {} {
  rnn.tensor @x input : tensor<f64>
  rnn.tensor @h state : tensor<f64>
  rnn.tensor @w param : tensor<f64>
  rnn.tensor @grad.h output_gradient of @h : tensor<f64>
  rnn.tensor @grad.x input_gradient of @x : tensor<f64>
  rnn.tensor @carry.h.1 carry of @h delay 1 : tensor<f64>
  rnn.scan forward {
    %x = rnn.read @x : tensor<f64>
    %w = rnn.read @w : tensor<f64>
    %h1 = rnn.read @h[1] : tensor<f64>
    %wh = arith.mulf %w, %h1 : tensor<f64>
    %h = arith.addf %wh, %x : tensor<f64>
    rnn.write @h, %h : tensor<f64>
  }
  rnn.scan backward {
    %w = rnn.read @w : tensor<f64>
    %h1 = rnn.read @h[1] : tensor<f64>
    %given = rnn.read @grad.h : tensor<f64>
    %later = rnn.read @carry.h.1[1] : tensor<f64>
    %d = arith.addf %given, %later : tensor<f64>
    rnn.write @grad.x, %d : tensor<f64>
    %dw = arith.mulf %d, %h1 : tensor<f64>
    rnn.accumulate @w, %dw : tensor<f64>
    %dh = arith.mulf %d, %w : tensor<f64>
    rnn.write @carry.h.1, %dh : tensor<f64>
  }
})";

TEST(Interpreter, RunsForwardAndBackward) {
  Example cell(leaky, 2, 2); // time-major: step 0 of both rows, then step 1
  cell.call.params[0] = {0.5};
  cell["x"] = {1, 10, 2, 20};
  cell["h.0"] = {4, 8};
  cell.forward();
  EXPECT_EQ(cell["h"], (Doubles{3, 14, 3.5, 27}));
  EXPECT_EQ(cell["h.T"], (Doubles{3.5, 27}));

  cell["grad.h"] = {1, 0, 0, 1};
  cell["grad.h.T"] = {2, 0};
  cell["grad.w"] = {100};
  cell.backward();
  EXPECT_EQ(cell["grad.x"], (Doubles{2, 0.5, 2, 1}));
  EXPECT_EQ(cell["grad.h.0"], (Doubles{1, 0.25}));
  EXPECT_EQ(cell["grad.w"], (Doubles{100 + 2 * 3 + 2 * 4 + 1 * 14 + 0.5 * 8}));
}

TEST(Interpreter, CountsMissingArraysAsZeros) {
  Example cell(leaky, 1, 1);
  cell.call.params[0] = {0.5};
  cell["x"] = {1};
  cell.forward();
  cell.backward();
  EXPECT_EQ(cell["h"], Doubles{1});
  EXPECT_EQ(cell["grad.x"], Doubles{0});
}

TEST(Interpreter, PassesStatesThroughWithoutSteps) {
  Example cell(leaky, 0, 1);
  cell.call.params[0] = {0.5};
  cell["h.0"] = {4};
  cell.forward();
  EXPECT_EQ(cell["h.T"], Doubles{4});
  cell["grad.h.T"] = {3};
  cell.backward();
  EXPECT_EQ(cell["grad.h.0"], Doubles{3});
}

TEST(Interpreter, ReadsFurtherBack) {
  Example cell(R"(
rnn.cell @Echo outputs [@h] sizes {} {
  rnn.tensor @h state delay 2 : tensor<f64>
  rnn.scan forward {
    %h2 = rnn.read @h[2] : tensor<f64>
    rnn.write @h, %h2 : tensor<f64>
  }
})",
               3, 1);
  cell["h.0"] = {1};
  cell["h.-1"] = {2};
  cell.forward();
  EXPECT_EQ(cell["h"], (Doubles{2, 1, 2}));
  EXPECT_EQ(cell["h.T"], Doubles{2});
  EXPECT_EQ(cell["h.T-1"], Doubles{1});
}

TEST(Interpreter, LetsNaNPass) {
  Example cell(R"(
rnn.cell @Largest outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<2xf64>
  rnn.tensor @y output : tensor<2xf64>
  rnn.scan forward {
    %x = rnn.read @x : tensor<2xf64>
    %c = arith.constant dense<1.0> : tensor<2xf64>
    %y = arith.maximumf %x, %c : tensor<2xf64>
    rnn.write @y, %y : tensor<2xf64>
  }
})",
               1, 1);
  cell["x"] = {std::nan(""), 0};
  cell.forward();
  EXPECT_TRUE(std::isnan(cell["y"][0]));
  EXPECT_EQ(cell["y"][1], 1);
}

// A stage that runs before the loop cannot see what the loop makes.
TEST(Interpreter, RunsStagesInTheirPhases) {
  Example cell(R"(
rnn.cell @TooEarly outputs [@h, @y] sizes {} {
  rnn.tensor @x input : tensor<f64>
  rnn.tensor @h state : tensor<f64>
  rnn.tensor @y output : tensor<f64>
  rnn.scan forward {
    %early = rnn.stage before units(1) : tensor<f64> {
      %h1 = rnn.read @h[1] : tensor<f64>
      rnn.yield %h1 : tensor<f64>
    }
    rnn.stage step units(1) {
      %x = rnn.read @x : tensor<f64>
      rnn.write @h, %x : tensor<f64>
    }
    rnn.stage after units(1) {
      rnn.write @y, %early : tensor<f64>
    }
  }
})",
               2, 1);
  cell["x"] = {1, 2};
  cell["h.0"] = {7};
  cell.forward();
  EXPECT_EQ(cell["h"], (Doubles{1, 2}));
  EXPECT_EQ(cell["y"][0], 7);
  EXPECT_TRUE(std::isnan(cell["y"][1]));
}
