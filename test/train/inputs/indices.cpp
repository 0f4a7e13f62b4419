// Fits a model to examples in which one index is out of range; before and after
// each, the checkpoint is compared.
#include "indices.h"
#include "rnncc/train.h"
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

static const int64_t count = 6, steps = 4;

static std::string contents(const char *path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

int main(int, char **arguments) {
  std::vector<int32_t> words, tags, kinds;
  for (int32_t i = 0; i < count * steps; ++i) {
    words.push_back(i % 11);
    tags.push_back(i % 6);
  }
  for (int32_t i = 0; i < count; ++i)
    kinds.push_back(i % 3);
  rnncc_train_array arrays[] = {{"words", words.data(), 24, RNNCC_I32},
                                {"tags", tags.data(), 24, RNNCC_I32},
                                {"kind", kinds.data(), 6, RNNCC_I32}};
  rnncc_train_data data = {count, steps, nullptr, 3, arrays, nullptr, nullptr};
  rnncc_trainer *trainer;
  if (rnncc_train_create(&tagger_model, nullptr, &trainer, nullptr, 0))
    return 1;
  rnncc_train_fit_options fit;
  rnncc_train_fit_options_default(&fit);
  fit.epochs = 2;
  fit.batch_size = 2;
  fit.checkpoint = arguments[1];
  fit.progress = RNNCC_TRAIN_QUIET;
  auto run = [&] {
    std::string before = contents(fit.checkpoint);
    if (rnncc_train_fit(trainer, &data, &fit))
      std::puts(rnncc_train_error(trainer));
    std::puts(contents(fit.checkpoint) == before ? "the checkpoint stands"
                                                 : "there is a new checkpoint");
  };
  run();
  for (auto [index, value] : {std::pair(&words[9], 11),
                              {&words[9], 10},
                              {&tags[22], 6},
                              {&tags[22], -1},
                              {&kinds[5], 3}}) {
    int32_t good = *index;
    *index = value;
    run();
    *index = good;
  }
  rnncc_train_destroy(trainer);
  return 0;
}
