// Trains the compiled cell of an object with a loss put behind it by hand: the
// mean square of h - y in each step. Tells what each way of training ends with.
#include "lstm.h"
#include "rnncc/train.h"
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

static std::vector<rnncc_array> arrays;
static int64_t yArray, lossArray, seedArray, hArray, gradArray;

static size_t innerTape(int64_t steps, int64_t rows) {
  return (lstm_cell.tape_bytes(steps, rows) + 63) / 64 * 64;
}
static int64_t outputs(int64_t steps, int64_t rows) {
  return steps * rows * LSTM_H;
}
// Behind the cell's own tape: h.
static size_t tapeBytes(int64_t steps, int64_t rows) {
  return innerTape(steps, rows) + size_t(outputs(steps, rows)) * sizeof(float);
}
static bool isValid(const rnncc_call *call, int64_t i) {
  int64_t t = i / call->batch, n = i % call->batch;
  return !call->lengths || t < call->lengths[n];
}

// The call of the cell itself, with these arrays for h and its gradient.
static rnncc_status inner(rnncc_status (*function)(const rnncc_call *),
                          const rnncc_call *call, float *h, float *grad) {
  rnncc_call *made = rnncc_call_create(&lstm_cell);
  size_t bytes = offsetof(rnncc_call, arrays) +
                 size_t(lstm_cell.n_arrays) * sizeof(void *);
  std::memcpy(made, call, bytes);
  made->arrays[hArray] = h;
  made->arrays[gradArray] = grad;
  rnncc_status status = function(made);
  rnncc_free(made);
  return status;
}

static rnncc_status forward(const rnncc_call *call) {
  std::vector<float> own;
  float *h;
  if (call->tape) {
    h = reinterpret_cast<float *>(static_cast<char *>(call->tape) +
                                  innerTape(call->steps, call->batch));
  } else {
    own.resize(size_t(outputs(call->steps, call->batch)));
    h = own.data();
  }
  if (rnncc_status status = inner(lstm_cell.forward, call, h, nullptr))
    return status;
  auto *y = static_cast<const float *>(call->arrays[yArray]);
  auto *loss = static_cast<float *>(call->arrays[lossArray]);
  for (int64_t i = 0; y && loss && i < call->steps * call->batch; ++i) {
    loss[i] = 0;
    for (int64_t k = i * LSTM_H; k < (i + 1) * LSTM_H; ++k)
      if (isValid(call, i))
        loss[i] += (h[k] - y[k]) * (h[k] - y[k]);
  }
  return RNNCC_OK;
}

static rnncc_status backward(const rnncc_call *call) {
  auto *h = reinterpret_cast<float *>(static_cast<char *>(call->tape) +
                                      innerTape(call->steps, call->batch));
  std::vector<float> grad(size_t(outputs(call->steps, call->batch)));
  auto *y = static_cast<const float *>(call->arrays[yArray]);
  auto *seed = static_cast<const float *>(call->arrays[seedArray]);
  for (int64_t k = 0; k < int64_t(grad.size()); ++k)
    grad[size_t(k)] = 2 * seed[k / LSTM_H] * (h[k] - y[k]);
  return inner(lstm_cell.backward, call, h, grad.data());
}

static rnncc_descriptor model() {
  rnncc_descriptor made = lstm_cell;
  arrays.assign(made.arrays, made.arrays + made.n_arrays);
  hArray = rnncc_find_array(&made, "h");
  gradArray = rnncc_find_array(&made, "grad.h");
  yArray = made.n_arrays;
  lossArray = yArray + 1;
  seedArray = yArray + 2;
  arrays.push_back(
      {"y", RNNCC_TARGET, RNNCC_STEPS_ROWS, 1, -1, RNNCC_F32, 0, {LSTM_H}, 0});
  arrays.push_back(
      {"mse", RNNCC_LOSS, RNNCC_STEPS_ROWS, 0, -1, RNNCC_F32, 0, {}, 0});
  arrays.push_back({"grad.mse",
                    RNNCC_GRAD_OUTPUT,
                    RNNCC_STEPS_ROWS,
                    0,
                    -1,
                    RNNCC_F32,
                    0,
                    {},
                    0});
  made.n_arrays = int64_t(arrays.size());
  made.arrays = arrays.data();
  made.tape_bytes = tapeBytes;
  made.forward = forward;
  made.backward = backward;
  return made;
}

// W_hi after some epochs of `data`, as bytes; the reason, if it fails.
static std::string trained(const rnncc_descriptor &model,
                           const rnncc_train_data &data, int64_t batch,
                           int threads) {
  rnncc_train_options options;
  rnncc_train_options_default(&options);
  options.threads = threads;
  rnncc_trainer *trainer;
  if (rnncc_train_create(&model, &options, &trainer, nullptr, 0))
    return "no trainer";
  rnncc_train_fit_options fit;
  rnncc_train_fit_options_default(&fit);
  fit.epochs = 5;
  fit.batch_size = batch;
  fit.shuffle = 0;
  fit.progress = RNNCC_TRAIN_QUIET;
  std::string result =
      rnncc_train_fit(trainer, &data, &fit)
          ? rnncc_train_error(trainer)
          : std::string(
                static_cast<const char *>(rnncc_train_param(trainer, "W_hi")),
                size_t(LSTM_H * LSTM_H) * sizeof(float));
  rnncc_train_destroy(trainer);
  return result;
}

// Steps left out and a reset in the middle, beside examples that are cut there.
static void compareCuts(const rnncc_descriptor &model, int64_t count,
                        int64_t steps, const std::vector<float> &x,
                        const std::vector<float> &y) {
  std::vector<uint8_t> mask, resets;
  std::vector<float> cutX, cutY;
  std::vector<int64_t> lengths;
  auto copyStep = [&](int64_t at, bool isThere) {
    for (int64_t k = 0; k < LSTM_I; ++k)
      cutX.push_back(isThere ? x[size_t(at * LSTM_I + k)] : 0);
    for (int64_t k = 0; k < LSTM_H; ++k)
      cutY.push_back(isThere ? y[size_t(at * LSTM_H + k)] : 0);
  };
  for (int64_t n = 0; n < count; ++n)
    for (int64_t piece = 0; piece < 2; ++piece) {
      int64_t begin = piece ? 1 + n % (steps - 1) : 0;
      int64_t end = piece ? steps : 1 + n % (steps - 1), kept = 0;
      for (int64_t t = begin; t < end; ++t) {
        resets.push_back(piece && t == begin);
        mask.push_back((n + t) % 4 != 1);
        if (mask.back())
          copyStep(n * steps + t, true), ++kept;
      }
      lengths.push_back(kept);
      for (; kept < steps; ++kept)
        copyStep(0, false);
    }
  rnncc_train_array whole[] = {{"x", x.data(), int64_t(x.size()), RNNCC_F32},
                               {"y", y.data(), int64_t(y.size()), RNNCC_F32}};
  rnncc_train_array cut[] = {
      {"x", cutX.data(), int64_t(cutX.size()), RNNCC_F32},
      {"y", cutY.data(), int64_t(cutY.size()), RNNCC_F32}};
  rnncc_train_data all = {count, steps,       nullptr,      2,
                          whole, mask.data(), resets.data()};
  rnncc_train_data pieces = {2 * count, steps,   lengths.data(), 2,
                             cut,       nullptr, nullptr};
  std::string expected = trained(model, pieces, 16, 1);
  for (int threads : {1, 3})
    std::printf("masks and resets, %d threads: %s\n", threads,
                trained(model, all, 8, threads) == expected ? "as cut examples"
                                                            : "other bits");
  all.mask = nullptr;
  std::puts(trained(model, all, 8, 1) == expected ? "masks do nothing"
                                                  : "masks matter");
}

int main() {
  rnncc_descriptor made = model();
  const int64_t count = 24, steps = 12;
  std::vector<float> x(size_t(count * steps * LSTM_I));
  std::vector<float> y(size_t(count * steps * LSTM_H));
  std::vector<int64_t> lengths;
  uint32_t random = 1;
  for (float &number : x)
    number =
        float((random = random * 1664525 + 1013904223) >> 16) / 65536 - 0.5f;
  // What is to be said is what came in two steps before.
  for (int64_t n = 0; n < count; ++n) {
    lengths.push_back(steps - n % 5);
    for (int64_t t = 2; t < steps; ++t)
      for (int64_t k = 0; k < LSTM_H; ++k)
        y[size_t((n * steps + t) * LSTM_H + k)] =
            x[size_t((n * steps + t - 2) * LSTM_I + k % LSTM_I)];
  }
  rnncc_train_array given[] = {{"x", x.data(), int64_t(x.size()), RNNCC_F32},
                               {"y", y.data(), int64_t(y.size()), RNNCC_F32}};
  rnncc_train_data data = {count, steps,   lengths.data(), 2,
                           given, nullptr, nullptr};

  std::vector<std::string> ends;
  for (int64_t window : {0, 5})
    for (int threads : {1, 3}) {
      rnncc_train_options options;
      rnncc_train_options_default(&options);
      options.optimizer.learning_rate = 0.01;
      options.threads = threads;
      char message[200];
      rnncc_trainer *trainer;
      if (rnncc_train_create(&made, &options, &trainer, message,
                             sizeof message))
        return std::puts(message), 1;
      rnncc_train_fit_options fit;
      rnncc_train_fit_options_default(&fit);
      fit.epochs = 400;
      fit.batch_size = 8;
      fit.window = window;
      fit.progress = RNNCC_TRAIN_QUIET;
      std::vector<double> norms(size_t(2 * steps));
      if (rnncc_train_fit(trainer, &data, &fit) ||
          rnncc_train_gradient_norms(trainer, &data, norms.data(), 2 * steps))
        return std::puts(rnncc_train_error(trainer)), 1;
      std::printf("window %d, %d threads: %s\n", int(window), threads,
                  rnncc_train_history(trainer, 400, "loss") <
                          0.5 * rnncc_train_history(trainer, 1, "loss")
                      ? "it learns"
                      : "it does not learn");
      ends.emplace_back(
          static_cast<const char *>(rnncc_train_param(trainer, "W_hi")),
          size_t(LSTM_H * LSTM_H) * sizeof(float));
      bool positive = true;
      for (double norm : norms)
        positive &= norm > 0;
      std::printf("gradients of %s and %s are %s\n",
                  rnncc_train_state_name(trainer, 0),
                  rnncc_train_state_name(trainer, 1),
                  positive ? "positive" : "not positive");
      rnncc_train_destroy(trainer);
    }
  std::puts(ends[0] == ends[1] && ends[2] == ends[3] ? "same bits"
                                                     : "other bits");
  compareCuts(made, count, steps, x, y);
  std::puts(ends[0] == ends[2] ? "windows do nothing" : "windows matter");
  return 0;
}
