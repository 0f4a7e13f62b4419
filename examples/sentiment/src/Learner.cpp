//===- Learner.cpp - a model in training and in use -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Learner.h"
#include <cstdio>
#include <stdexcept>

using namespace sentiment;

constexpr int64_t batch = 32;

Learner::Learner(const rnncc_descriptor &model, const Training &training)
    : model(model), training(training), trainer(nullptr, rnncc_train_destroy) {
  rnncc_train_options options;
  rnncc_train_options_default(&options);
  options.seed = training.seed;
  options.threads = training.threads;
  rnncc_trainer *made;
  char message[400];
  if (rnncc_train_create(&model, &options, &made, message, sizeof message))
    throw std::runtime_error(message);
  trainer.reset(made);
}

void Learner::check(rnncc_train_status status) const {
  if (status)
    throw std::runtime_error(rnncc_train_error(trainer.get()));
}

void Learner::fit(Examples &examples, Examples &validation) {
  rnncc_train_fit_options options;
  rnncc_train_fit_options_default(&options);
  options.epochs = training.epochs;
  options.batch_size = batch;
  options.validation = validation.data();
  options.stopping.restore_best = 1;
  if (!training.checkpoint.empty())
    options.checkpoint = training.checkpoint.c_str();
  options.resume = training.resume;
  std::fflush(stdout); // the library writes its progress past stdio
  check(rnncc_train_fit(trainer.get(), examples.data(), &options));
}

double Learner::accuracy(Examples &examples) {
  double accuracy;
  check(rnncc_train_evaluate(trainer.get(), examples.data(), batch, nullptr,
                             &accuracy));
  return accuracy;
}

std::vector<float> Learner::predict(Examples &examples) {
  std::vector<float> probabilities(examples.lengths.size());
  rnncc_train_output output = {"p", probabilities.data(),
                               int64_t(probabilities.size())};
  check(rnncc_train_predict(trainer.get(), examples.data(), batch, &output, 1));
  return probabilities;
}

void Learner::save(const std::string &path) {
  check(rnncc_train_save_weights(trainer.get(), path.c_str()));
}

void Learner::load(const std::string &path) {
  check(rnncc_train_load_weights(trainer.get(), path.c_str()));
}

double Learner::seconds() const {
  double sum = 0;
  for (int64_t e = 1; e <= rnncc_train_epochs(trainer.get()); ++e)
    sum += rnncc_train_history(trainer.get(), e, "seconds");
  return sum;
}

int64_t Learner::parameters() const {
  int64_t sum = 0;
  for (int64_t i = 0; i < model.n_params; ++i)
    sum += rnncc_param_elements(&model.params[i]);
  return sum;
}
