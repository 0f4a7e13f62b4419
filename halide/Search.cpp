//===- Search.cpp - what Halide's own searches choose ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   rnncc-products 1
//   level avx2 f32 lanes 8 threads 8 cache 524288
//   product units 64 rows 32 depth 192
//
// A search schedules a pipeline as it would compile it. Only what it decided is
// read off its loops, the outer ones first:
//
//   parallel units: for rows: for k: unrolled rows: vectorized units
//                                    -- the sums that are at hand --
//
//===----------------------------------------------------------------------===//

#include "halide/Search.h"
#include "halide/Words.h"
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <filesystem>
#include <map>
#include <set>
#include <unistd.h>

using namespace Halide;
using namespace rnn;
using Internal::Definition;
using Internal::ForType;

static constexpr const char *version = "1";

std::vector<Product> rnn::readProducts(std::istream &text) {
  std::vector<Product> products;
  Product now;
  readLines(text, "rnncc-products", version, [&](const Line &line) {
    Words words(line);
    std::string first = words.word("a word");
    if (first == "level") {
      now.level = readLevel(words);
      now.threads = words.numberAfter("threads");
      now.cacheBytes = words.numberAfter("cache");
    } else if (first == "product") {
      if (!now.threads)
        words.fail("a product before the first 'level'");
      now.units = words.numberAfter("units");
      now.rows = words.numberAfter("rows");
      now.depth = words.numberAfter("depth");
      products.push_back(now);
    } else {
      words.fail("expected 'level' or 'product', found '" + first + "'");
    }
    words.end();
  });
  return products;
}

//===----------------------------------------------------------------------===//
// Loading
//===----------------------------------------------------------------------===//

/// Where plugins are: beside libHalide14.so.0 in halide14, or with it.
static std::vector<std::filesystem::path> pluginFolders() {
  Dl_info info;
  if (!dladdr(reinterpret_cast<void *>(&load_plugin), &info))
    return {};
  std::filesystem::path library = info.dli_fname;
  std::string name = library.filename().string();
  name = "h" + name.substr(0, name.find('.')).substr(std::strlen("libH"));
  return {library.parent_path() / name, library.parent_path()};
}

/// Searches read the environment; without a seed there, the clock.
static void fixEnvironment() {
  std::set<std::string> names;
  for (char **variable = environ; *variable; ++variable) {
    std::string name = *variable;
    if (name.rfind("HL_", 0) == 0)
      names.insert(name.substr(0, name.find('=')));
  }
  for (const std::string &name : names)
    unsetenv(name.c_str());
  setenv("HL_SEED", "1", 1);
  setenv("HL_NUM_THREADS", "1", 1);
  setenv("HL_DEBUG_AUTOSCHEDULE", "-1", 1);
}

Search::Search(const std::string &name) : halideName(name) {
  halideName.front() = std::toupper(halideName.front());
  fixEnvironment();
  std::vector<std::filesystem::path> folders = pluginFolders();
  std::string file = "libautoschedule_" + name + ".so";
  for (const std::filesystem::path &folder : folders)
    if (std::filesystem::exists(folder / file)) {
      load_plugin((folder / file).string());
      return;
    }
  throw MissingSearch("the search '" + name + "' is not beside Halide" +
                      (folders.empty() ? "" : " in " + folders[0].string()) +
                      ": install the package libhalide14-0-dev");
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

namespace {
enum Axis { Units, Rows, Depth };

struct Loop {
  Axis axis; ///< of several in one the innermost
  int64_t extent = 1;
  bool isFused = false; ///< it runs over several axes
  ForType kind = ForType::Serial;

  bool isIn(ForType wanted) const { return kind == wanted; }
};
using Loops = std::vector<Loop>; ///< the innermost first
} // namespace

/// The loops of a definition, by the names that it gives them. `known` are its
/// variables.
static std::vector<std::pair<std::string, Loop>>
loopsOf(const Definition &definition, std::map<std::string, Loop> known) {
  auto at = [&](const std::string &name) {
    auto found = known.find(name);
    if (found == known.end())
      throw std::runtime_error("no loop '" + name + "'");
    return found->second;
  };
  for (const Internal::Split &split : definition.schedule().splits()) {
    if (split.is_fuse()) {
      Loop inner = at(split.inner), outer = at(split.outer);
      inner.extent *= outer.extent;
      inner.isFused |= outer.isFused || inner.axis != outer.axis;
      known[split.old_var] = inner;
    } else if (split.is_split()) {
      Loop old = at(split.old_var), inner = old, outer = old;
      const int64_t *factor = Internal::as_const_int(split.factor);
      if (!factor || *factor < 1)
        throw std::runtime_error("a loop is split into unknown parts");
      inner.extent = *factor;
      outer.extent = (old.extent + *factor - 1) / *factor;
      known[split.inner] = inner;
      known[split.outer] = outer;
    } else {
      known[split.outer] = at(split.old_var);
    }
  }
  std::vector<std::pair<std::string, Loop>> loops;
  for (const Internal::Dim &dim : definition.schedule().dims())
    if (dim.var != Var::outermost().name()) {
      loops.push_back({dim.var, at(dim.var)});
      loops.back().second.kind = dim.for_type;
    }
  return loops;
}

static int64_t extentOf(const Loops &loops, Axis axis) {
  int64_t extent = 1;
  for (const Loop &loop : loops)
    if (loop.axis == axis)
      extent *= loop.extent;
  return extent;
}

/// All loops around the sums, which are computed whole or where some loop of
/// the result wants a part of them.
static Loops nestOf(Func sum, Func result, const Product &product) {
  std::map<std::string, Loop> whole = {
      {sum.args()[0].name(), {Units, product.units}},
      {sum.args()[1].name(), {Rows, product.rows}}};
  Loops inside, outside;
  LoopLevel level = sum.function().schedule().compute_level();
  level.lock();
  if (!level.is_root()) {
    std::string name = level.var().name();
    bool isOutside = false;
    for (auto &[dim, loop] : loopsOf(result.function().definition(), whole)) {
      isOutside |= dim == name || (dim.size() > name.size() &&
                                   dim.compare(dim.size() - name.size() - 1,
                                               dim.npos, "." + name) == 0);
      (isOutside ? outside : inside).push_back(loop);
    }
    for (auto &[variable, loop] : whole)
      loop.extent = extentOf(inside, loop.axis);
  }
  Definition update = sum.function().update(0);
  for (const Internal::ReductionVariable &k : update.schedule().rvars()) {
    const int64_t *extent = Internal::as_const_int(k.extent);
    whole[k.var] = {Depth, extent ? *extent : 1};
  }
  Loops nest;
  for (auto &[name, loop] : loopsOf(update, whole))
    nest.push_back(loop);
  nest.insert(nest.end(), outside.begin(), outside.end());
  nest.erase(std::remove_if(nest.begin(), nest.end(),
                            [](const Loop &loop) { return loop.extent == 1; }),
             nest.end());
  return nest;
}

//===----------------------------------------------------------------------===//
// Choices
//===----------------------------------------------------------------------===//

static const char *nameOf(Axis axis) {
  switch (axis) {
  case Units:
    return "units";
  case Rows:
    return "rows";
  case Depth:
    return "depth";
  }
  throw std::logic_error("all axes are above");
}

/// `vector N tile UNITS ROWS next AXIS unroll N tasks AXIS N`.
static std::string describe(const Loops &nest) {
  auto isTurned = [](const Loop &loop) {
    return loop.isIn(ForType::Serial) || loop.isIn(ForType::Parallel);
  };
  // What stands inside of the loop over k is summed at once, and vectors are.
  auto turn = std::find_if(nest.begin(), nest.end(), [&](const Loop &loop) {
    return loop.axis == Depth && isTurned(loop);
  });
  if (turn == nest.end())
    turn = std::find_if(nest.begin(), nest.end(), isTurned);
  Loops tile(nest.begin(), turn), vectors, unrolled, tasks;
  const Loop *next = nullptr;
  for (auto loop = nest.begin(); loop != nest.end(); ++loop) {
    bool isVector = loop->isIn(ForType::Vectorized);
    if (isVector)
      vectors.push_back(*loop);
    if (isVector && loop > turn)
      tile.push_back(*loop);
    if (loop->isIn(ForType::Unrolled))
      unrolled.push_back(*loop);
    if (loop->isIn(ForType::Parallel))
      tasks.push_back(*loop);
    if (loop >= turn && !isVector && loop->axis != Depth && !next)
      next = &*loop;
  }
  std::string text = "vector " + std::to_string(extentOf(vectors, Units)) +
                     " tile " + std::to_string(extentOf(tile, Units)) + " " +
                     std::to_string(extentOf(tile, Rows)) + " next " +
                     (next ? nameOf(next->axis) : "none") + " unroll " +
                     std::to_string(extentOf(unrolled, Depth)) + " tasks ";
  if (tasks.empty())
    return text + "none";
  bool isOneAxis = std::all_of(tasks.begin(), tasks.end(), [&](Loop &loop) {
    return !loop.isFused && loop.axis == tasks.front().axis;
  });
  Axis axis = tasks.front().axis;
  if (!isOneAxis)
    return text + "several";
  return text + nameOf(axis) + " " + std::to_string(extentOf(tasks, axis));
}

std::string Search::choose(const Product &product, const Target &target) {
  const Type element = product.level.element;
  Var u("u"), n("n");
  RDom k(0, product.depth, "k");
  ImageParam start(element, 2, "start"), weights(element, 2, "weights"),
      input(element, 2, "input");
  Func sum("sum"), result("result");
  sum(u, n) = start(u, n);
  sum(u, n) += weights(u, k) * input(k, n);
  result(u, n) = sum(u, n);

  start.set_estimates({{0, product.units}, {0, product.rows}});
  weights.set_estimates({{0, product.units}, {0, product.depth}});
  input.set_estimates({{0, product.depth}, {0, product.rows}});
  result.set_estimates({{0, product.units}, {0, product.rows}});
  // Halide's own guess of what a load costs beside an addition.
  const float balance = 40;
  Pipeline(result).auto_schedule(
      halideName, target,
      MachineParams(product.threads, product.cacheBytes, balance));
  return describe(nestOf(sum, result, product));
}
