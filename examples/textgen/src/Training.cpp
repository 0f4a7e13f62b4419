//===- Training.cpp - learning to predict the next character --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Training.h"
#include "Adam.h"
#include "Loss.h"
#include "Progress.h"
#include <algorithm>
#include <chrono>
#include <cmath>
#include <stdexcept>

using namespace textgen;

/// Cuts a text into windows: each row reads it round and round from a place
/// of its own, one window after the other.
class Windows {
public:
  Windows(const std::vector<int32_t> &text, int64_t steps, int64_t batch)
      : inputs(size_t(steps * batch)), targets(inputs.size()), text(text),
        steps(steps), batch(batch) {}

  void next() {
    int64_t length = int64_t(text.size());
    for (int64_t t = 0; t < steps; ++t)
      for (int64_t row = 0; row < batch; ++row) {
        int64_t at = (row * length / batch + position + t) % length;
        inputs[size_t(t * batch + row)] = text[size_t(at)];
        targets[size_t(t * batch + row)] = text[size_t((at + 1) % length)];
      }
    position += steps;
  }

  std::vector<int32_t> inputs, targets; // [steps, batch]

private:
  const std::vector<int32_t> &text;
  int64_t steps, batch, position = 0;
};

static double secondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
      .count();
}

TrainingResult textgen::train(Model &model, const Text &text,
                              const TrainingOptions &options,
                              rnncc_team *team) {
  Windows windows(text.training, options.window, options.batch);
  Run run(model, options.window, options.batch, Run::Training, team);
  CrossEntropy crossEntropy(options.window * options.batch, model.outputs,
                            text.symbols(), team);
  Adam adam(model.parameters);
  Progress progress;

  auto start = std::chrono::steady_clock::now();
  double elapsed = 0, done = 0, smooth = 0;
  int64_t step = 0;
  while (done < 1) {
    windows.next();
    run.forward(windows.inputs.data());
    double loss =
        crossEntropy(run.logits, windows.targets.data(), run.logitsGradient);
    if (!std::isfinite(loss))
      throw std::runtime_error("the loss is no longer a number at step " +
                               std::to_string(step + 1) +
                               "; a lower --rate may cure it");
    run.backward(windows.inputs.data());
    clipGradients(model.parameters, options.clip);
    adam.update(model.parameters, options.rate * (1 - done));
    model.pack();

    ++step;
    elapsed = secondsSince(start);
    done = options.seconds > 0 ? elapsed / options.seconds
                               : double(step) / double(options.steps);
    // A mean over the last twenty steps or so.
    smooth += (loss - smooth) / double(std::min<int64_t>(step, 20));
    double speed = double(step * options.window * options.batch) / elapsed;
    progress.show(step, step == 1 ? loss : smooth, speed,
                  std::max(0.0, elapsed / done - elapsed), done >= 1);
  }
  double characters = double(step * options.window * options.batch);
  return {smooth, heldOutLoss(model, text, team), characters / elapsed,
          elapsed};
}

double textgen::heldOutLoss(Model &model, const Text &text, rnncc_team *team) {
  int64_t length = int64_t(text.heldOut.size()) - 1;
  Run run(model, length, 1, Run::Reading, team);
  run.forward(text.heldOut.data());
  std::vector<float> gradient(run.logits.size());
  CrossEntropy crossEntropy(length, model.outputs, text.symbols(), team);
  return crossEntropy(run.logits, text.heldOut.data() + 1, gradient);
}
