//===- ModelsTest.cpp - the models of these tests have right gradients ----===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Support.h"
#include "rnncc/runtime.h"
#include <cmath>

namespace {

/// The loss of all examples as one batch, and its gradients, from the library:
/// SGD with rate 1 moves a parameter by its gradient.
struct Probe {
  const rnncc_descriptor &model;
  rnncc_train_data data;
  TrainerPtr trainer;

  Probe(const rnncc_descriptor &model, const rnncc_train_data &data)
      : model(model), data(data), trainer(nullptr, rnncc_train_destroy) {
    rnncc_train_options options = optionsOf("torch:sgd", 9);
    options.optimizer.learning_rate = 1;
    trainer = makeTrainer(model, options);
  }

  double loss() {
    double loss = NAN;
    EXPECT_TRAINED(
        trainer.get(),
        rnncc_train_evaluate(trainer.get(), &data, data.count, &loss, nullptr));
    return loss;
  }

  std::vector<double> get(const rnncc_param &param) {
    return paramOf<double>(trainer.get(), param.name,
                           size_t(rnncc_param_elements(&param)));
  }
  void set(const rnncc_param &param, const std::vector<double> &values) {
    EXPECT_TRAINED(trainer.get(), rnncc_train_set_param(
                                      trainer.get(), param.name, values.data(),
                                      int64_t(values.size())));
  }
};

/// Compares gradients of all parameters with central differences.
void checkGradients(const rnncc_descriptor &model,
                    const rnncc_train_data &data) {
  Probe probe(model, data), moved(model, data);
  rnncc_train_fit_options fit = quietFit(1, data.count);
  // Sequences of the whole length, so that dropout plays no part.
  fit.shuffle = 0;
  for (int64_t p = 0; p < model.n_params; ++p)
    probe.set(model.params[p], moved.get(model.params[p]));
  EXPECT_TRAINED(moved.trainer.get(),
                 rnncc_train_fit(moved.trainer.get(), &data, &fit));
  for (int64_t p = 0; p < model.n_params; ++p) {
    const rnncc_param &param = model.params[p];
    std::vector<double> values = probe.get(param), after = moved.get(param);
    for (size_t i = 0; i < values.size(); ++i) {
      const double h = 1e-5;
      std::vector<double> changed = values;
      changed[i] = values[i] + h;
      probe.set(param, changed);
      double up = probe.loss();
      changed[i] = values[i] - h;
      probe.set(param, changed);
      double down = probe.loss();
      EXPECT_NEAR(values[i] - after[i], (up - down) / (2 * h), 1e-8)
          << param.name << " " << i;
    }
    probe.set(param, values);
  }
}

TEST(Models, ElmanHasTheGradientsOfItsLosses) {
  for (models::Reading reading :
       {models::PerStep, models::AtEnd, models::MeanOverTime}) {
    Examples made = sequences<double>(4, 5, reading == models::PerStep, true);
    checkGradients(models::elman<double>(reading), made.data());
  }
}

// Called directly: in a fit the bag has dropout, in `evaluate` it has none.
TEST(Models, BagHasTheGradientsOfItsLossWithDropout) {
  const rnncc_descriptor &model = models::bag<double>();
  Examples made = sentences<double>(6, 5, 40);
  std::vector<int32_t> tokens(30);
  for (size_t n = 0; n < 6; ++n)
    for (size_t t = 0; t < 5; ++t)
      tokens[t * 6 + n] =
          t < size_t(made.lengths[n]) ? made.tokens[n * 5 + t] : 0;
  std::unique_ptr<rnncc_call, void (*)(void *)> call(rnncc_call_create(&model),
                                                     rnncc_free);
  std::vector<double> weights(40 * 4 + 4 + 1), loss(6), seed(6, 1.0 / 6);
  std::vector<double> gradient(weights.size());
  std::vector<char> tape(model.tape_bytes(5, 6));
  std::mt19937 random(2);
  for (double &weight : weights)
    weight = double(random() % 1000) / 500 - 1;
  rnncc_random dropout = {7, 11};
  call->steps = 5;
  call->batch = 6;
  call->weights = weights.data();
  call->tape = tape.data();
  call->lengths = made.lengths.data();
  call->random = &dropout;
  auto set = [&](const char *name, void *array) {
    call->arrays[rnncc_find_array(&model, name)] = array;
  };
  set("tokens", tokens.data());
  set("y", made.doubles[0].data());
  set("bce", loss.data());
  set("grad.bce", seed.data());
  set("grad.table", gradient.data());
  set("grad.W", gradient.data() + 160);
  set("grad.b", gradient.data() + 164);
  auto mean = [&] {
    EXPECT_EQ(model.forward(call.get()), RNNCC_OK);
    double sum = 0;
    for (double part : loss)
      sum += part / 6;
    return sum;
  };
  mean();
  ASSERT_EQ(model.backward(call.get()), RNNCC_OK);
  bool dropped = false;
  for (size_t i = 0; i < weights.size(); ++i) {
    const double h = 1e-5, value = weights[i];
    weights[i] = value + h;
    double up = mean();
    weights[i] = value - h;
    double down = mean();
    weights[i] = value;
    EXPECT_NEAR(gradient[i], (up - down) / (2 * h), 1e-8) << i;
  }
  double with = mean();
  call->random = nullptr;
  dropped = mean() != with;
  EXPECT_TRUE(dropped);
}

} // namespace
