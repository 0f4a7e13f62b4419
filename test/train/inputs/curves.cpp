// Trains the models of curves.rnn as test/fixtures/make_curves.py does in
// Keras, and compares the losses of each update with those that it wrote.
#include "curves.h"
#include "rnncc/train.h"
#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

enum { V = 60, E = 8, H = 12, T = 14, N = 16, Steps = 50 };

static std::vector<float> numbers(int64_t count, int seed, double scale) {
  std::vector<float> values(count);
  for (int64_t k = 0; k < count; ++k)
    values[k] = float(scale * std::sin(12.9898 * (k + 1) + 78.233 * seed));
  return values;
}

static bool setParams(rnncc_trainer *trainer, const rnncc_descriptor &model) {
  // Of the input's weights, the state's and the biases, one for each gate.
  int next[3] = {10, 20, 30};
  bool ok = true;
  for (int64_t i = 0; i < model.n_params; ++i) {
    const rnncc_param &param = model.params[i];
    std::string name = param.name;
    int64_t count = rnncc_param_elements(&param);
    std::vector<float> values =
        name == "e.W"                 ? numbers(count, 1, 0.5)
        : name == "p.W"               ? numbers(count, 40, 0.5)
        : name == "p.b"               ? numbers(count, 50, 0.1)
        : name.rfind("h.W_x", 0) == 0 ? numbers(count, next[0]++, 0.5)
        : name.rfind("h.W_h", 0) == 0 ? numbers(count, next[1]++, 0.5)
                                      : numbers(count, next[2]++, 0.1);
    ok &= rnncc_train_set_param(trainer, param.name, values.data(), count) ==
          RNNCC_TRAIN_OK;
  }
  return ok;
}

static int remember(void *losses, const rnncc_train_report *report) {
  static_cast<std::vector<double> *>(losses)->push_back(report->batch_loss);
  return 0;
}

int main(int, char **argv) {
  std::vector<int32_t> tokens(Steps * N * T);
  for (int64_t k = 0; k < int64_t(tokens.size()); ++k)
    tokens[k] = int32_t((k * 7919 + k * k * 31) % 1000003 % V);
  std::vector<float> y(Steps * N);
  for (size_t i = 0; i < y.size(); ++i)
    y[i] = tokens[i * T + 3] < V / 2;
  rnncc_train_array arrays[] = {
      {"tokens", tokens.data(), int64_t(tokens.size()), RNNCC_I32},
      {"y", y.data(), int64_t(y.size()), RNNCC_F32}};
  rnncc_train_data data = {Steps * N, T, nullptr, 2, arrays, nullptr, nullptr};

  std::map<std::string, const rnncc_descriptor *> models = {
      {"rnn", &sentiment_rnn_model},
      {"lstm", &sentiment_lstm_model},
      {"gru", &sentiment_gru_model}};
  std::ifstream file(argv[1]);
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string cell, method;
    words >> cell >> method;
    const rnncc_descriptor &model = *models.at(cell);
    rnncc_train_options options;
    rnncc_train_options_default(&options);
    rnncc_train_optimizer_named(("keras:" + method).c_str(),
                                &options.optimizer);
    options.optimizer.learning_rate = method == "sgd" ? 0.1 : 0.01;
    if (method == "sgd")
      options.optimizer.momentum = 0.9;
    rnncc_trainer *trainer;
    std::vector<double> losses;
    rnncc_train_fit_options fit;
    rnncc_train_fit_options_default(&fit);
    fit.epochs = 1;
    fit.batch_size = N;
    fit.shuffle = 0;
    fit.progress = RNNCC_TRAIN_QUIET;
    fit.after_batch = remember;
    fit.context = &losses;
    if (rnncc_train_create(&model, &options, &trainer, nullptr, 0) ||
        !setParams(trainer, model) || rnncc_train_fit(trainer, &data, &fit)) {
      std::printf("%s\n", rnncc_train_error(trainer));
      return 1;
    }
    rnncc_train_destroy(trainer);
    double worst = losses.size() == Steps ? 0 : 1e9, expected;
    for (size_t i = 0; words >> expected; ++i)
      worst = std::fmax(worst, std::fabs(losses.at(i) - expected));
    std::printf("%s %s: %s (%.1e)\n", cell.c_str(), method.c_str(),
                worst < 1e-3 ? "as Keras" : "NOT as Keras", worst);
  }
}
