// The tutorial's program with rnncc: seconds of each epoch, the first one left
// out.
#include "models.h"
#include "rnncc/train.h"
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

int main(int argc, char **argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: rnncc-training rnn|lstm|gru EPOCHS\n");
    return 2;
  }
  const rnncc_descriptor &model =
      !std::strcmp(argv[1], "rnn")    ? sentiment_rnn_model
      : !std::strcmp(argv[1], "lstm") ? sentiment_lstm_model
                                      : sentiment_gru_model;
  const int64_t count = 6400, steps = 50;
  // The numbers of data() in peers.py.
  std::vector<int32_t> tokens(count * steps);
  for (int64_t k = 0; k < count * steps; ++k)
    tokens[k] = int32_t((k * 7919 + k * k % 999983 * 31) % 1000003 % 10000);
  std::vector<float> y(count);
  for (int64_t i = 0; i < count; ++i)
    y[i] = tokens[i * steps + 3] < 5000;
  rnncc_train_array arrays[] = {
      {"tokens", tokens.data(), count * steps, RNNCC_I32},
      {"y", y.data(), count, RNNCC_F32}};
  rnncc_train_data data = {count, steps, nullptr, 2, arrays, nullptr, nullptr};
  rnncc_train_fit_options fit;
  rnncc_train_fit_options_default(&fit);
  fit.epochs = std::atoi(argv[2]) + 1;
  fit.progress = RNNCC_TRAIN_QUIET;
  rnncc_trainer *trainer;
  char message[256];
  if (rnncc_train_create(&model, nullptr, &trainer, message, sizeof message)) {
    std::fprintf(stderr, "%s\n", message);
    return 1;
  }
  if (rnncc_train_fit(trainer, &data, &fit)) {
    std::fprintf(stderr, "%s\n", rnncc_train_error(trainer));
    return 1;
  }
  for (int64_t epoch = 2; epoch <= fit.epochs; ++epoch)
    std::printf("%.4f ", rnncc_train_history(trainer, epoch, "seconds"));
  std::printf("loss %.4f\n", rnncc_train_history(trainer, fit.epochs, "loss"));
  rnncc_train_destroy(trainer);
}
