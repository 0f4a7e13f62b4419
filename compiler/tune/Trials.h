//===- Trials.h - schedules on the clock ------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_TUNE_TRIALS_H
#define RNNCC_COMPILER_TUNE_TRIALS_H

#include "compiler/schedule/CostModel.h"
#include "llvm/Support/Error.h"
#include <string>

namespace rnn {

/// How one object compares with another.
struct Trial {
  double milliseconds = 0; ///< a call
  double reference = 0;    ///< a call of the other
  double ratio = 0;        ///< the one over the other, below 1 if faster
};

/// Measures compiled cells by the program rnncc-run, in processes of their own
/// that may crash or hang without harm.
class TrialRunner {
public:
  /// Files go to `folder`.
  static llvm::Expected<TrialRunner> find(std::string folder);

  /// Times the cell of two shared objects by turns. `swapped`: the other one
  /// begins.
  llvm::Expected<Trial> compare(llvm::StringRef object,
                                llvm::StringRef reference, llvm::StringRef cell,
                                const Workload &work, bool swapped,
                                unsigned secondsAtMost);

private:
  std::string program, folder;
};

} // namespace rnn

#endif // RNNCC_COMPILER_TUNE_TRIALS_H
