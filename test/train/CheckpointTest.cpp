//===- CheckpointTest.cpp - what survives an end at any moment ------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Support.h"
#include <cmath>
#include <csignal>
#include <fstream>
#include <sstream>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

namespace {

std::string contentsOf(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// One kind of training that can be interrupted.
struct Job {
  const rnncc_descriptor *model;
  Examples examples;
  rnncc_train_options options;
  rnncc_train_fit_options fit;

  /// Trains, with a checkpoint at `path`, as far as nobody kills it.
  TrainerPtr run(const std::string &path) {
    TrainerPtr trainer = makeTrainer(*model, options);
    rnncc_train_data data = examples.data();
    fit.checkpoint = path.c_str();
    fit.resume = 1;
    EXPECT_TRAINED(trainer.get(), rnncc_train_fit(trainer.get(), &data, &fit));
    return trainer;
  }

  /// The bits of all parameters.
  std::string bits(const rnncc_trainer *trainer) const {
    std::string bits;
    for (int64_t p = 0; p < model->n_params; ++p)
      bits.append(static_cast<const char *>(
                      rnncc_train_param(trainer, model->params[p].name)),
                  size_t(rnncc_param_elements(&model->params[p])) *
                      rnncc_element_bytes(model));
    return bits;
  }
};

/// A bag with dropout, a table by rows, a shuffled order and all that decides
/// at ends of epochs.
Job bagJob() {
  Job job = {&models::largeBag<float>(true), sentences<float>(120, 4, 1000),
             optionsOf("keras:adamw"), quietFit(6, 8)};
  job.options.threads = 2;
  job.options.optimizer.clip_norm = 0.5;
  job.fit.checkpoint_steps = 4;
  job.fit.validation_split = 0.2;
  job.fit.schedule.kind = RNNCC_TRAIN_PLATEAU;
  job.fit.schedule.patience = 1;
  job.fit.schedule.min_delta = 0.01;
  job.fit.schedule.warmup = 10;
  job.fit.stopping.patience = 5;
  job.fit.stopping.restore_best = 1;
  return job;
}

/// An elman in windows, with checkpoints between windows of a batch.
Job elmanJob() {
  Job job = {&models::elman<double>(models::PerStep),
             sequences<double>(12, 10, true, true), optionsOf("torch:sgd"),
             quietFit(5, 4)};
  job.options.optimizer.momentum = 0.9;
  job.options.optimizer.learning_rate = 0.02;
  job.fit.shuffle = 0;
  job.fit.stateful = 1;
  job.fit.window = 3;
  job.fit.checkpoint_steps = 2;
  return job;
}

/// Trains in a child that is killed at a random moment, again and again until
/// one comes to its end; gives how many were killed.
int trainKilled(Job job, const std::string &path) {
  std::mt19937 random(11);
  job.fit.after_batch = [](void *, const rnncc_train_report *) {
    usleep(300); // so that there is something to interrupt
    return 0;
  };
  for (int killed = 0; killed < 200; ++killed) {
    pid_t child = fork();
    if (child == 0) {
      job.run(path);
      _exit(::testing::Test::HasFailure());
    }
    // Longer and longer: a busy machine, too, comes to its end.
    usleep(2000 + random() % unsigned(15000 + 2000 * killed));
    kill(child, SIGKILL);
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    if (WIFEXITED(status)) {
      EXPECT_EQ(WEXITSTATUS(status), 0);
      return killed;
    }
  }
  ADD_FAILURE() << "200 were killed and none came to its end";
  return 200;
}

TEST(Checkpoint, KilledAtAnyMomentItEndsWithTheSameBits) {
  for (const Job &made : {bagJob(), elmanJob()}) {
    Job job = made;
    std::string path = freshPath("killed.safetensors");
    std::string whole = freshPath("whole.safetensors");
    std::string expected = job.bits(job.run(whole).get());
    EXPECT_GE(trainKilled(job, path), 3) << job.model->name;
    TrainerPtr trainer = makeTrainer(*job.model, job.options);
    EXPECT_NE(job.bits(trainer.get()), expected);
    EXPECT_TRAINED(trainer.get(),
                   rnncc_train_load_checkpoint(trainer.get(), path.c_str()));
    EXPECT_EQ(job.bits(trainer.get()), expected) << job.model->name;
    // What decided about the numbers is the same, too.
    TrainerPtr other = makeTrainer(*job.model, job.options);
    EXPECT_TRAINED(other.get(),
                   rnncc_train_load_checkpoint(other.get(), whole.c_str()));
    ASSERT_EQ(rnncc_train_epochs(trainer.get()),
              rnncc_train_epochs(other.get()));
    for (int64_t e = 1; e <= rnncc_train_epochs(other.get()); ++e)
      EXPECT_EQ(rnncc_train_history(trainer.get(), e, "loss"),
                rnncc_train_history(other.get(), e, "loss"));
    std::remove(path.c_str());
    std::remove(whole.c_str());
  }
}

// Without fork, at each step that there is.
TEST(Checkpoint, StoppedAtAnyStepItEndsWithTheSameBits) {
  Job job = elmanJob();
  job.fit.checkpoint_steps = 1;
  std::string path = freshPath("stopped.safetensors");
  std::string expected = job.bits(job.run(path).get());
  std::remove(path.c_str());
  job.fit.after_batch = [](void *, const rnncc_train_report *) { return 1; };
  std::string found;
  int parts = 0;
  for (; found != expected && parts < 100; ++parts)
    found = job.bits(job.run(path).get());
  EXPECT_EQ(found, expected);
  EXPECT_GT(parts, 20);
  std::remove(path.c_str());
}

TEST(Checkpoint, LongerTrainingGoesOnFromTheEnd) {
  Job job = bagJob();
  job.fit.stopping = {};
  job.fit.schedule.kind = RNNCC_TRAIN_CONSTANT;
  std::string path = freshPath("longer.safetensors");
  job.fit.epochs = 2;
  job.run(path);
  job.fit.epochs = 4;
  TrainerPtr parts = job.run(path);
  std::remove(path.c_str());
  TrainerPtr whole = job.run(path);
  EXPECT_EQ(job.bits(parts.get()), job.bits(whole.get()));
  EXPECT_EQ(rnncc_train_epochs(parts.get()), 4);
  std::remove(path.c_str());
}

TEST(Checkpoint, AnotherModelOrOptimizerOrRunIsToldApart) {
  Job job = bagJob();
  std::string path = freshPath("another.safetensors");
  job.fit.epochs = 1;
  job.run(path);
  auto messageOf = [&](const rnncc_descriptor &model, const char *optimizer) {
    TrainerPtr trainer = makeTrainer(model, optionsOf(optimizer));
    EXPECT_EQ(rnncc_train_load_checkpoint(trainer.get(), path.c_str()),
              RNNCC_TRAIN_ANOTHER_MODEL);
    return std::string(rnncc_train_error(trainer.get()));
  };
  EXPECT_EQ(messageOf(models::square<float>(), "keras:adamw"),
            "square.rnn:1: '" + path +
                "' is a checkpoint of model 'Bag', but this trainer has "
                "'Square'");
  EXPECT_EQ(messageOf(models::bag<float>(), "keras:adamw"),
            "bag.rnn:2: '" + path +
                "' is not a checkpoint of this Bag: 'table' is F32 [1000, 4] "
                "there but F32 [40, 4] is needed");
  EXPECT_EQ(messageOf(models::largeBag<float>(true), "keras:sgd"),
            "bag.rnn:2: '" + path +
                "' is a checkpoint of optimizer 'keras:adam', but this trainer "
                "has 'keras:sgd'");
  job.fit.batch_size = 10;
  TrainerPtr trainer = makeTrainer(*job.model, job.options);
  rnncc_train_data data = job.examples.data();
  job.fit.checkpoint = path.c_str();
  job.fit.resume = 1;
  EXPECT_EQ(rnncc_train_fit(trainer.get(), &data, &job.fit),
            RNNCC_TRAIN_ANOTHER_MODEL);
  EXPECT_EQ(std::string(rnncc_train_error(trainer.get())),
            "bag.rnn:2: '" + path +
                "' is of another run: 96 examples in batches of 8, shuffled, "
                "24 validate there, 96 examples in batches of 10, shuffled, 24 "
                "validate here");
  std::remove(path.c_str());
}

// Whatever is cut off or spoilt, loading says so and changes nothing.
TEST(Checkpoint, SpoiltFilesAreRefused) {
  Job job = bagJob();
  job.model = &models::square<float>();
  float x[10] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  job.examples = Examples();
  job.examples.count = 2;
  job.examples.steps = 1;
  job.examples.arrays = {{"x", x, 10, RNNCC_F32}, {"y", x, 10, RNNCC_F32}};
  job.fit = quietFit(2, 1);
  std::string path = freshPath("spoilt.safetensors");
  TrainerPtr trainer = job.run(path);
  std::string before = job.bits(trainer.get()), good = contentsOf(path);
  auto load = [&](const std::string &contents) {
    std::ofstream(path, std::ios::binary) << contents;
    return rnncc_train_load_checkpoint(trainer.get(), path.c_str());
  };
  EXPECT_EQ(load(good), RNNCC_TRAIN_OK);
  for (size_t length = 0; length < good.size(); length += 7)
    EXPECT_NE(load(good.substr(0, length)), RNNCC_TRAIN_OK) << length;
  EXPECT_NE(load(good + "x"), RNNCC_TRAIN_OK);
  std::mt19937 random(1);
  uint64_t header;
  std::memcpy(&header, good.data(), 8);
  for (int i = 0; i < 300; ++i) {
    // In the header: elsewhere any byte is a number.
    std::string spoilt = good;
    spoilt[random() % (header + 8)] = char(random());
    if (load(spoilt) == RNNCC_TRAIN_OK) {
      EXPECT_EQ(load(good), RNNCC_TRAIN_OK);
    }
  }
  EXPECT_EQ(job.bits(trainer.get()), before);
  EXPECT_EQ(rnncc_train_load_checkpoint(trainer.get(), "/nowhere/c"),
            RNNCC_TRAIN_BAD_FILE);
  EXPECT_STREQ(rnncc_train_error(trainer.get()),
               "square.rnn:1: cannot read '/nowhere/c': No such file or "
               "directory");
  std::remove(path.c_str());
}

// The limit of a process on the size of files stands for a full disk.
TEST(Checkpoint, AFileThatCannotBeWrittenIsAsItWas) {
  Job job = bagJob();
  job.fit.epochs = 1;
  std::string path = freshPath("full.safetensors");
  TrainerPtr trainer = job.run(path);
  std::string good = contentsOf(path);
  ASSERT_GT(good.size(), 5000u);
  rlimit limit;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &limit), 0);
  rlimit small = {5000, limit.rlim_max};
  auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  rnncc_train_status status =
      rnncc_train_save_checkpoint(trainer.get(), path.c_str());
  setrlimit(RLIMIT_FSIZE, &limit);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(status, RNNCC_TRAIN_BAD_FILE);
  EXPECT_EQ(std::string(rnncc_train_error(trainer.get())),
            "bag.rnn:2: cannot write '" + path + "': File too large");
  EXPECT_EQ(contentsOf(path), good);
  EXPECT_NE(access((path + ".tmp").c_str(), F_OK), 0);

  EXPECT_EQ(rnncc_train_save_checkpoint(trainer.get(), "/nowhere/c"),
            RNNCC_TRAIN_BAD_FILE);
  EXPECT_STREQ(rnncc_train_error(trainer.get()),
               "bag.rnn:2: cannot write '/nowhere/c': cannot create "
               "'/nowhere/c.tmp': No such file or directory");
  // Loading what was kept, and saving again, gives the same file.
  EXPECT_TRAINED(trainer.get(),
                 rnncc_train_load_checkpoint(trainer.get(), path.c_str()));
  EXPECT_TRAINED(trainer.get(),
                 rnncc_train_save_checkpoint(trainer.get(), path.c_str()));
  EXPECT_EQ(contentsOf(path), good);
  std::remove(path.c_str());
}

TEST(Checkpoint, WeightsAloneGoFromTrainerToTrainer) {
  Job job = bagJob();
  std::string path = freshPath("weights.safetensors");
  TrainerPtr first = makeTrainer(*job.model, optionsOf("keras:adam", 1));
  TrainerPtr second = makeTrainer(*job.model, optionsOf("torch:sgd", 2));
  EXPECT_NE(job.bits(first.get()), job.bits(second.get()));
  EXPECT_TRAINED(first.get(),
                 rnncc_train_save_weights(first.get(), path.c_str()));
  EXPECT_TRAINED(second.get(),
                 rnncc_train_load_weights(second.get(), path.c_str()));
  EXPECT_EQ(job.bits(first.get()), job.bits(second.get()));
  TrainerPtr square =
      makeTrainer(models::square<float>(), optionsOf("torch:sgd"));
  EXPECT_EQ(rnncc_train_load_weights(square.get(), path.c_str()),
            RNNCC_TRAIN_ANOTHER_MODEL);
  EXPECT_EQ(std::string(rnncc_train_error(square.get())),
            "square.rnn:1: '" + path +
                "' is not a file of weights of Square: it has no tensor 'w'");
  std::remove(path.c_str());
}

} // namespace
