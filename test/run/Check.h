//===- Check.h - compare compiled code with the interpreter -----*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs a compiled cell on random data, and compares:
//
//   values, gradients   with the interpreter, of the flat and the staged form,
//                       and the flat form with the text as it was written
//   gradients           with central differences of the interpreter's forward
//   values with NULL    for what may be NULL, and sums that did not start at 0
//   lengths             rows of different lengths, each as if it were alone
//   special values      NaN, infinity and large numbers in the inputs
//   bits                of a second run, of a team of two threads, of step() by
//                       step(), of each row alone
//   guards              around arrays of exactly the size asked for, once with
//                       a forbidden page behind them and once with one in front
//
// Everything starts as NaN, and NaN passes only where the interpreter has it.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_TEST_RUN_CHECK_H
#define RNNCC_TEST_RUN_CHECK_H

#include "test/run/CompiledCall.h"
#include "test/run/Remember.h"
#include "test/run/Verdict.h"
#include <random>

namespace rnn {

/// The errors that a type allows; see Verdict::compare.
struct Tolerances {
  double forward, backward, difference;

  /// A number and its neighbour may round to two neighbours in bf16, which lie
  /// 4e-3 apart; states and gradients hand that on.
  static Tolerances of(uint32_t element, bool bf16) {
    return bf16                  ? Tolerances{1e-2, 2e-2, 1e-6}
           : element == RNNCC_F64 ? Tolerances{1e-12, 1e-11, 1e-6}
                                  : Tolerances{1e-5, 1e-4, 1e-6};
  }
};

/// What a caller gives, and what a call writes.
inline bool isRead(ArrayRole role) {
  return role <= ArrayRole::Initial || role == ArrayRole::GradOutput ||
         role == ArrayRole::GradFinal;
}
inline bool isWritten(ArrayRole role) {
  return role >= ArrayRole::Final && role <= ArrayRole::Metric;
}

/// Which unusual inputs to try. Infinity and large numbers say something only
/// of cells whose values stay apart from the limits of their type.
enum class Specials { All, NaN };

/// Compares one compiled cell with the interpreter.
class Check {
public:
  /// The oracles are of an rnn.cell or an rnn.model; with `memory` they answer
  /// what was asked before from there.
  Check(const rnncc_descriptor &cell, mlir::Operation *text,
        mlir::Operation *flat, mlir::Operation *staged,
        Memory *memory = nullptr);

  void run(int64_t steps, int64_t batch, bool differences,
           Specials specials = Specials::All);
  Verdict verdict;

private:
  size_t elementBytes() const { return cell.element == RNNCC_F64 ? 8 : 4; }
  std::vector<double> random(size_t count, double scale);
  void runCompiled(CompiledCall &call, bool backward, rnncc_team *team,
                   const llvm::Twine &what);
  void checkSteps(const CompiledCall &whole, const llvm::Twine &what);
  void checkRows(const CompiledCall &whole, const llvm::Twine &what);
  void checkRandom(Call call, const llvm::Twine &what);
  void checkNull(Call call, const llvm::Twine &what);
  void checkSpecial(Call call, Specials specials, const llvm::Twine &what);
  void checkDifferences(const Call &call, const llvm::Twine &what);
  void checkLengths(Call call, const llvm::Twine &what);
  void checkRowAlone(const CompiledCall &whole, int64_t row, int64_t length,
                     const llvm::Twine &what);
  void fill(CompiledCall &c, const Call &call, bool backward);
  Call shaken(Call call);
  void compareAll(const CompiledCall &c, const Call &expected,
                  const llvm::Twine &what);

  const rnncc_descriptor &cell;
  std::unique_ptr<Oracle> text, flat, staged;
  std::vector<int64_t> limits; ///< of arrays of indices: how many there are
  bool draws = false;          ///< there are random numbers in training
  bool streams = true;         ///< step() by step() is the same
  bool bf16;                   ///< products are
  Tolerances tolerances;
  std::mt19937_64 generator{7}, shaking{11};
  std::vector<std::vector<double>> params;
  std::vector<std::unique_ptr<Fence>> sources;
  std::unique_ptr<Fence> weights;
};

} // namespace rnn

#endif // RNNCC_TEST_RUN_CHECK_H
