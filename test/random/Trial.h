//===- Trial.h - one text on one road, in a process of its own --*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_TEST_RANDOM_TRIAL_H
#define RNNCC_TEST_RANDOM_TRIAL_H

#include "test/run/Roads.h"
#include "test/run/Verdict.h"
#include <chrono>
#include <optional>
#include <sys/types.h>

namespace rnn {

/// How many steps and rows to compare.
struct Extent {
  int64_t steps, batch;
  bool differences; ///< of the gradients, too
};

/// How a text is compiled and compared.
struct Trial {
  const Road *road;
  Element element;
  Target target;
  llvm::SmallVector<Extent, 2> extents;

  /// The options of rnncc-check that do the same, for one extent.
  std::string options() const;
};

/// What a trial came to. `Violation` is an access outside of a buffer.
enum class Ending {
  Agreed,
  Refused,
  NotCompiled,
  Disagreed,
  Violation,
  Crashed,
  Hung
};

struct Outcome {
  Ending ending = Ending::Agreed;
  Aspect aspect = Aspect::Facts; ///< what disagreed first
  std::string text;              ///< what the process printed

  /// True if this is likely the fault that `other` is.
  bool isLike(const Outcome &other) const {
    return ending == other.ending && aspect == other.aspect;
  }
  /// One line that says what went wrong.
  std::string summary() const;
};

/// A trial in a process of its own, which may crash or hang.
class Running {
public:
  /// Starts it; a trial that takes longer than `seconds` hangs.
  Running(llvm::StringRef text, const Trial &trial, int seconds);
  ~Running();
  Running(const Running &) = delete;
  Running &operator=(const Running &) = delete;

  /// What it came to, once it has ended.
  std::optional<Outcome> poll();
  /// Waits for its end.
  Outcome wait();

private:
  pid_t process = -1;
  int output = -1;
  llvm::SmallString<64> folder;
  std::chrono::steady_clock::time_point end;
};

} // namespace rnn

#endif // RNNCC_TEST_RANDOM_TRIAL_H
