//===- OptimizerTest.cpp - steps as the frameworks take them --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Support.h"
#include <cmath>
#include <functional>

namespace {

/// Runs `steps` updates of the model w [5] with gradient w - x, x = 0, from
/// w = 1 .. 5; gives w.
template <typename T>
std::vector<T> descend(const rnncc_train_optimizer &optimizer, int64_t steps,
                       int threads = 1) {
  rnncc_train_options options = optionsOf("keras:sgd");
  options.optimizer = optimizer;
  options.threads = threads;
  TrainerPtr trainer = makeTrainer(models::square<T>(), options);
  T w[5] = {1, 2, 3, 4, 5}, zeros[5] = {};
  EXPECT_TRAINED(trainer.get(),
                 rnncc_train_set_param(trainer.get(), "w", w, 5));
  int32_t type = sizeof(T) == 4 ? RNNCC_F32 : RNNCC_F64;
  rnncc_train_array arrays[] = {{"x", zeros, 5, type}, {"y", zeros, 5, type}};
  rnncc_train_data data = {1, 1, nullptr, 2, arrays, nullptr, nullptr};
  rnncc_train_fit_options fit = quietFit(steps, 1);
  EXPECT_TRAINED(trainer.get(), rnncc_train_fit(trainer.get(), &data, &fit));
  return paramOf<T>(trainer.get(), "w", 5);
}

rnncc_train_optimizer named(const char *name) {
  return optionsOf(name).optimizer;
}

/// One weight and what an optimiser remembers of it, as the documentation of
/// the framework says; g is the gradient, t counts from 1.
struct Weight {
  double w, m = 0, v = 0;
};
using Rule = std::function<void(Weight &, double g, int t)>;

void expectRule(const rnncc_train_optimizer &optimizer, const Rule &rule) {
  const int steps = 7;
  std::vector<double> found = descend<double>(optimizer, steps);
  std::vector<float> single = descend<float>(optimizer, steps);
  for (int i = 0; i < 5; ++i) {
    Weight weight = {double(i + 1)};
    for (int t = 1; t <= steps; ++t)
      rule(weight, weight.w, t);
    EXPECT_NEAR(found[i], weight.w, 1e-13);
    EXPECT_NEAR(single[i], weight.w, 2e-6);
  }
}

TEST(Optimizer, SgdOfKeras) {
  expectRule(named("keras:sgd"),
             [](Weight &a, double g, int) { a.w -= 0.01 * g; });
}

TEST(Optimizer, SgdOfTorchHasASmallerRate) {
  expectRule(named("torch:sgd"),
             [](Weight &a, double g, int) { a.w -= 0.001 * g; });
}

TEST(Optimizer, MomentumOfKeras) {
  rnncc_train_optimizer optimizer = named("keras:sgd");
  optimizer.momentum = 0.9;
  expectRule(optimizer, [](Weight &a, double g, int) {
    a.m = 0.9 * a.m - 0.01 * g;
    a.w += a.m;
  });
  optimizer.nesterov = 1;
  expectRule(optimizer, [](Weight &a, double g, int) {
    a.m = 0.9 * a.m - 0.01 * g;
    a.w += 0.9 * a.m - 0.01 * g;
  });
}

TEST(Optimizer, MomentumOfTorchWithDecayInTheGradient) {
  rnncc_train_optimizer optimizer = named("torch:sgd");
  optimizer.momentum = 0.8;
  optimizer.weight_decay = 0.1;
  expectRule(optimizer, [](Weight &a, double g, int) {
    g += 0.1 * a.w;
    a.m = 0.8 * a.m + g;
    a.w -= 0.001 * a.m;
  });
  optimizer.nesterov = 1;
  expectRule(optimizer, [](Weight &a, double g, int) {
    g += 0.1 * a.w;
    a.m = 0.8 * a.m + g;
    a.w -= 0.001 * (g + 0.8 * a.m);
  });
}

// The number that the documentation of Keras gives: 10 becomes 9.683772.
TEST(Optimizer, RmspropOfKeras) {
  rnncc_train_optimizer optimizer = named("keras:rmsprop");
  optimizer.learning_rate = 0.1;
  EXPECT_NEAR(descend<double>(optimizer, 1)[4], 5 - 0.316227766, 1e-7);
  optimizer = named("keras:rmsprop");
  expectRule(optimizer, [](Weight &a, double g, int) {
    a.v = 0.9 * a.v + 0.1 * g * g;
    a.w -= 0.001 * g / std::sqrt(a.v + 1e-7);
  });
  optimizer.momentum = 0.5;
  optimizer.epsilon = 1;
  expectRule(optimizer, [](Weight &a, double g, int) {
    a.v = 0.9 * a.v + 0.1 * g * g;
    a.m = 0.5 * a.m + 0.001 * g / std::sqrt(a.v + 1);
    a.w -= a.m;
  });
}

TEST(Optimizer, RmspropOfTorchHasEpsilonOutsideOfTheRoot) {
  rnncc_train_optimizer optimizer = named("torch:rmsprop");
  optimizer.epsilon = 0.1;
  optimizer.momentum = 0.5;
  expectRule(optimizer, [](Weight &a, double g, int) {
    a.v = 0.99 * a.v + 0.01 * g * g;
    a.m = 0.5 * a.m + g / (std::sqrt(a.v) + 0.1);
    a.w -= 0.01 * a.m;
  });
  expectRule(named("torch:rmsprop"), [](Weight &a, double g, int) {
    a.v = 0.99 * a.v + 0.01 * g * g;
    a.w -= 0.01 * g / (std::sqrt(a.v) + 1e-8);
  });
}

TEST(Optimizer, AdamOfKerasMeetsEpsilonBeforeTheCorrection) {
  for (double epsilon : {1e-7, 0.1}) {
    rnncc_train_optimizer optimizer = named("keras:adam");
    EXPECT_EQ(optimizer.epsilon, 1e-7);
    optimizer.epsilon = epsilon;
    expectRule(optimizer, [=](Weight &a, double g, int t) {
      a.m += (g - a.m) * (1 - 0.9);
      a.v += (g * g - a.v) * (1 - 0.999);
      double alpha =
          0.001 * std::sqrt(1 - std::pow(0.999, t)) / (1 - std::pow(0.9, t));
      a.w -= a.m * alpha / (std::sqrt(a.v) + epsilon);
    });
  }
}

TEST(Optimizer, AdamOfTorchMeetsEpsilonAfterTheCorrection) {
  for (double epsilon : {1e-8, 0.1}) {
    rnncc_train_optimizer optimizer = named("torch:adam");
    EXPECT_EQ(optimizer.epsilon, 1e-8);
    optimizer.epsilon = epsilon;
    optimizer.weight_decay = 0.2;
    expectRule(optimizer, [=](Weight &a, double g, int t) {
      g += 0.2 * a.w;
      a.m = 0.9 * a.m + 0.1 * g;
      a.v = 0.999 * a.v + 0.001 * g * g;
      double m = a.m / (1 - std::pow(0.9, t));
      double v = a.v / (1 - std::pow(0.999, t));
      a.w -= 0.001 * m / (std::sqrt(v) + epsilon);
    });
  }
}

TEST(Optimizer, AdamwShrinksWeightsApart) {
  auto rule = [](double decay, double epsilon, bool keras) {
    return [=](Weight &a, double g, int t) {
      a.w -= 0.001 * decay * a.w;
      a.m = 0.9 * a.m + 0.1 * g;
      a.v = 0.999 * a.v + 0.001 * g * g;
      double fade1 = 1 - std::pow(0.9, t), fade2 = 1 - std::pow(0.999, t);
      a.w -= keras ? 0.001 * std::sqrt(fade2) / fade1 * a.m /
                         (std::sqrt(a.v) + epsilon)
                   : 0.001 * a.m / fade1 / (std::sqrt(a.v / fade2) + epsilon);
    };
  };
  expectRule(named("keras:adamw"), rule(0.004, 1e-7, true));
  expectRule(named("torch:adamw"), rule(0.01, 1e-8, false));
}

TEST(Optimizer, GradientsAreClippedByNormThenByValue) {
  rnncc_train_optimizer optimizer = named("keras:sgd");
  optimizer.learning_rate = 1;
  optimizer.clip_norm = std::sqrt(55.0) / 2; // of (1 .. 5)
  std::vector<double> w = descend<double>(optimizer, 1);
  for (int i = 0; i < 5; ++i)
    EXPECT_NEAR(w[i], (i + 1) / 2.0, 1e-14);
  optimizer.clip_value = 1;
  w = descend<double>(optimizer, 1);
  EXPECT_NEAR(w[0], 0.5, 1e-14);
  for (int i = 1; i < 5; ++i)
    EXPECT_NEAR(w[i], i, 1e-14);
}

TEST(Optimizer, NamesAreThoseOfTheTable) {
  rnncc_train_optimizer optimizer = {};
  for (const char *name : {"", "adam", "keras:", "keras:lion", "jax:adam"}) {
    EXPECT_EQ(rnncc_train_optimizer_named(name, &optimizer),
              RNNCC_TRAIN_BAD_OPTION)
        << name;
    EXPECT_EQ(optimizer.learning_rate, 0);
  }
  EXPECT_EQ(rnncc_train_optimizer_named(nullptr, &optimizer),
            RNNCC_TRAIN_BAD_OPTION);
}

TEST(Optimizer, OptionsOutOfRangeAreToldByName) {
  auto messageOf = [](auto change) {
    rnncc_train_options options = optionsOf("keras:adam");
    change(options);
    rnncc_trainer *trainer = nullptr;
    char message[200];
    EXPECT_EQ(rnncc_train_create(&models::square<float>(), &options, &trainer,
                                 message, sizeof message),
              RNNCC_TRAIN_BAD_OPTION);
    EXPECT_EQ(trainer, nullptr);
    return std::string(message);
  };
  EXPECT_EQ(messageOf([](auto &o) { o.optimizer.beta1 = 1; }),
            "square.rnn:1: optimizer: beta1 is 1, but has to be 0 or more and "
            "below 1");
  EXPECT_EQ(messageOf([](auto &o) { o.optimizer.epsilon = 0; }),
            "square.rnn:1: optimizer: epsilon is 0, but has to be above 0");
  EXPECT_EQ(messageOf([](auto &o) { o.optimizer.weight_decay = 1000; }),
            "square.rnn:1: optimizer: weight_decay is 1000, but times the "
            "learning rate has to be below 1");
  EXPECT_EQ(messageOf([](auto &o) { o.threads = 0; }),
            "square.rnn:1: there are 0 threads, but one at least is needed");
}

} // namespace
