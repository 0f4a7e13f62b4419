//===- Autoschedule.cpp - schedules that a search chooses -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A schedule has one order of loops for all products of a cell, and one tile
// for those of a size; a search chooses for each product. The products with the
// most work decide.
//
//===----------------------------------------------------------------------===//

#include "compiler/schedule/Autoschedule.h"
#include "compiler/schedule/Schedule.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"
#include <map>

using namespace mlir;
using namespace rnn;

ArrayRef<StringRef> rnn::searchNames() {
  static const StringRef names[] = {"mullapudi2016", "li2018", "adams2019"};
  return names;
}

/// Threads of the machine that a search schedules for. Fixed, like all it is
/// told, so that the same text has the same schedule everywhere.
static constexpr int64_t threads = 8;

//===----------------------------------------------------------------------===//
// Question and answer
//===----------------------------------------------------------------------===//

namespace {
struct Product {
  int64_t units, depth;

  bool operator<(const Product &other) const {
    return std::tie(units, depth) < std::tie(other.units, other.depth);
  }
};

/// Products by size, and how many there are of each.
using Products = std::map<Product, int64_t>;

/// What a search chose for a product.
struct Choice {
  int64_t vector, units, rows, unroll;
  StringRef next;    ///< the axis of the loop around the tile
  StringRef tasks;   ///< the axis that threads share
  int64_t count = 0; ///< of tasks
};
} // namespace

/// A sum of products counts as one, as it does in registers.
static void addProducts(CellOp cell, Products &products) {
  cell.walk([&](AffineOp affine) {
    int64_t depth = 0;
    for (Value input : affine.getInputs())
      depth += cast<RankedTensorType>(input.getType()).getDimSize(0);
    ++products[{affine.getType().getDimSize(0), depth}];
  });
}

static Products productsOf(ModuleOp module) {
  Products products;
  for (auto cell : module.getOps<CellOp>())
    addProducts(cell, products);
  return products;
}

std::string rnn::searchQuestion(ModuleOp module, ArrayRef<Target> levels,
                                const Search &search) {
  Products products = productsOf(module);
  if (products.empty())
    return "";
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "rnncc-products 1\n";
  // Numbers of the program that is asked have 32 bits.
  auto narrow = [](int64_t n) { return std::min<int64_t>(n, INT32_MAX); };
  FloatType element = (*module.getOps<CellOp>().begin()).elementType();
  for (const Target &level : levels) {
    os << "level " << level.name << " f" << element.getWidth() << " lanes "
       << level.vectorBytes * 8 / element.getWidth() << " threads " << threads
       << " cache " << narrow(level.l2Bytes) << "\n";
    for (auto &[product, count] : products)
      os << "product units " << narrow(product.units) << " rows " << search.rows
         << " depth " << narrow(product.depth) << "\n";
  }
  return text;
}

/// Reads `vector N tile N N next AXIS unroll N tasks AXIS N`.
static std::optional<Choice> readChoice(StringRef line) {
  SmallVector<StringRef> words;
  line.split(words, ' ', -1, /*KeepEmpty=*/false);
  Choice choice;
  auto isNumber = [&](size_t i, int64_t &number) {
    return i < words.size() && !words[i].getAsInteger(10, number) && number > 0;
  };
  auto isWord = [&](size_t i, StringRef word) {
    return i < words.size() && words[i] == word;
  };
  if (!isWord(0, "vector") || !isNumber(1, choice.vector) ||
      !isWord(2, "tile") || !isNumber(3, choice.units) ||
      !isNumber(4, choice.rows) || !isWord(5, "next") || !isWord(7, "unroll") ||
      !isNumber(8, choice.unroll) || !isWord(9, "tasks") || words.size() < 11)
    return std::nullopt;
  choice.next = words[6];
  choice.tasks = words[10];
  if (words.size() > 11 && !isNumber(11, choice.count))
    return std::nullopt;
  return choice;
}

//===----------------------------------------------------------------------===//
// Directives
//===----------------------------------------------------------------------===//

/// A directive as the language writes it.
static std::string written(ScheduleOp op) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << op.getDirective() << " ";
  for (unsigned i = 0; i < op.getNames().size(); ++i) {
    os << (i ? ", " : "") << op.name(i);
    if (op.value(i))
      os << " " << op.value(i);
    if (!i && op.getOf())
      os << " of " << *op.getOf();
  }
  return text;
}

namespace {
/// Adds the choices for one level to one cell.
class Chooser {
public:
  using Choices = std::map<Product, Choice>;
  /// A remark and the levels that it is about, in the order of the first.
  using Remarks = std::vector<std::pair<std::string, std::vector<std::string>>>;

  Chooser(CellOp cell, const Target &level, StringRef search,
          const Choices &choices, Remarks &remarks)
      : cell(cell), level(level), search(search), choices(choices),
        remarks(remarks), builder(cell.getContext()) {
    addProducts(cell, products);
    builder.setInsertionPoint(*cell.getBody().getOps<ScanOp>().begin());
  }

  void addAll();

private:
  void say(const Twine &text);
  Product heaviest(llvm::function_ref<bool(const Product &)> isMeant) const;
  void sayOthers(StringRef what,
                 llvm::function_ref<int64_t(const Choice &)> choice);
  bool isGiven(StringRef word, std::optional<int64_t> of = {});
  ScheduleOp add(StringRef word, ArrayRef<StringRef> names,
                 ArrayRef<int64_t> values, std::optional<int64_t> of = {});
  void sayChanged(StringRef wanted, const Twine &reason, ScheduleOp added);

  void addVector();
  void addTile(int64_t units);
  void addOrder();
  void addUnroll();
  void addParallel();

  CellOp cell;
  const Target &level;
  StringRef search;
  const Choices &choices;
  Remarks &remarks;
  OpBuilder builder;
  Products products;
  Product leading; ///< with the most work of all
};
} // namespace

void Chooser::say(const Twine &text) {
  std::string remark = (search + " " + text).str();
  auto known = llvm::find_if(
      remarks, [&](const auto &other) { return other.first == remark; });
  if (known == remarks.end())
    known = remarks.insert(known, {remark, {}});
  known->second.push_back(level.name);
}

Product
Chooser::heaviest(llvm::function_ref<bool(const Product &)> isMeant) const {
  Product most = {};
  double work = 0;
  for (auto &[product, count] : products) {
    double own = double(count) * product.units * product.depth;
    if (isMeant(product) && own > work) {
      most = product;
      work = own;
    }
  }
  return most;
}

/// Says which products would have it otherwise; 0: they leave it open.
void Chooser::sayOthers(StringRef what,
                        llvm::function_ref<int64_t(const Choice &)> choice) {
  SmallVector<std::string> sizes;
  for (auto &[product, count] : products)
    if (int64_t own = choice(choices.at(product));
        own && own != choice(choices.at(leading)))
      sizes.push_back(std::to_string(product.units) + " x " +
                      std::to_string(product.depth));
  if (!sizes.empty())
    say("has other " + what + " for products of " + llvm::join(sizes, ", ") +
        "; a schedule has one for all, here that of " +
        std::to_string(leading.units) + " x " + std::to_string(leading.depth));
}

/// True if a directive that the level can do leaves no choice.
bool Chooser::isGiven(StringRef word, std::optional<int64_t> of) {
  return llvm::any_of(cell.getBody().getOps<ScheduleOp>(), [&](ScheduleOp op) {
    return op.getDirective() == word &&
           (op.getOn() == everyLevel || op.getOn() == level.name) &&
           (!op.getOf() || op.getOf() == of) && whyIllegal(op, level).empty();
  });
}

ScheduleOp Chooser::add(StringRef word, ArrayRef<StringRef> names,
                        ArrayRef<int64_t> values, std::optional<int64_t> of) {
  return ScheduleOp::create(
      builder, cell.getLoc(), word, builder.getStrArrayAttr(names), values,
      of ? builder.getI64IntegerAttr(*of) : IntegerAttr(), level.name);
}

/// `wanted` as the search would have it, `reason` why not.
void Chooser::sayChanged(StringRef wanted, const Twine &reason,
                         ScheduleOp added) {
  say("chooses '" + wanted + "': " + reason + "; done is '" + written(added) +
      "'");
}

/// The nearest number of lanes, if directives that are given can stay.
void Chooser::addVector() {
  if (isGiven("vectorize"))
    return;
  int64_t wanted = choices.at(leading).vector;
  if (wanted == 1) {
    say("has no vectors of units; the compiler's choice stands");
    return;
  }
  SmallVector<ScheduleOp> given;
  for (auto op : cell.getBody().getOps<ScheduleOp>())
    if ((op.getOn() == everyLevel || op.getOn() == level.name) &&
        whyIllegal(op, level).empty())
      given.push_back(op);
  ScheduleOp op = add("vectorize", {"units"}, {wanted});
  std::string text = written(op), reason = whyIllegal(op, level);
  const int64_t most = level.vectorBytes * 8 / cell.elementType().getWidth();
  int64_t lanes = std::min<int64_t>(llvm::bit_floor(uint64_t(wanted)), most);
  for (; !whyIllegal(op, level).empty(); lanes *= 2)
    op.setValues({lanes});
  if (!reason.empty())
    sayChanged(text, reason, op);
  for (ScheduleOp other : given)
    if (!whyIllegal(other, level).empty()) {
      say("chooses '" + written(op) + "', but '" + written(other) +
          "' is given; the compiler's choice stands");
      op.erase();
      return;
    }
  sayOthers("vectors", [](const Choice &choice) { return choice.vector; });
}

/// What of the tile its registers hold: of the parts with the most sums that
/// with the fewest loads.
void Chooser::addTile(int64_t units) {
  if (isGiven("tile", units))
    return;
  Product product =
      heaviest([&](const Product &other) { return other.units == units; });
  Choice choice = choices.at(product);
  const int64_t lanes = Schedule(cell, level, false).lanes;
  auto tile = [](int64_t units, int64_t rows) {
    return std::array<int64_t, 2>{units, rows};
  };
  ScheduleOp op =
      add("tile", {"units", "batch"}, tile(choice.units, choice.rows), units);
  std::string text = written(op), reason = whyIllegal(op, level);
  if (reason.empty())
    return;
  const int64_t vectors = llvm::divideCeil(choice.units, lanes);
  std::pair<int64_t, int64_t> best = {0, 0};
  for (int64_t v = 1; v <= std::min(vectors, level.accumulators); ++v) {
    int64_t rows = std::min(choice.rows, level.accumulators / v);
    std::pair<int64_t, int64_t> now = {v * rows, -(v + rows)};
    if (now <= best)
      continue;
    best = now;
    op.setValues(tile(v * lanes, rows));
  }
  sayChanged(text, reason, op);
}

void Chooser::addOrder() {
  if (isGiven("reorder") || choices.at(leading).next == "none")
    return;
  if (choices.at(leading).next == "units")
    add("reorder", {"units", "batch"}, {0, 0});
  else
    add("reorder", {"batch", "units"}, {0, 0});
  sayOthers("orders of loops", [](const Choice &choice) {
    return choice.next == "units" ? 1 : choice.next == "rows" ? 2 : 0;
  });
}

void Chooser::addUnroll() {
  if (isGiven("unroll"))
    return;
  ScheduleOp op = add("unroll", {"k"}, {choices.at(leading).unroll});
  std::string text = written(op), reason = whyIllegal(op, level);
  for (; !whyIllegal(op, level).empty();)
    op.setValues({op.value(0) / 2});
  if (!reason.empty())
    sayChanged(text, reason, op);
  sayOthers("numbers of steps in a turn",
            [](const Choice &choice) { return choice.unroll; });
}

void Chooser::addParallel() {
  if (isGiven("parallel"))
    return;
  const Choice &choice = choices.at(leading);
  if (choice.tasks == "none") {
    add("parallel", {"none"}, {0});
  } else if (choice.tasks == "units") {
    add("parallel", {"units"}, {choice.count < threads ? choice.count : 0});
  } else if (choice.tasks == "several") {
    sayChanged("parallel units, batch",
               "rows and units are shared out when running",
               add("parallel", {"units"}, {0}));
  } else {
    StringRef axis = choice.tasks == "rows" ? "batch" : "k";
    say("chooses 'parallel " + axis +
        "': rows and units are shared out when running; the compiler's choice "
        "stands");
  }
}

void Chooser::addAll() {
  if (products.empty())
    return;
  leading = heaviest([](const Product &) { return true; });
  // Tiles are whole vectors.
  addVector();
  std::set<int64_t> sizes;
  for (auto &[product, count] : products)
    sizes.insert(product.units);
  for (int64_t size : sizes)
    addTile(size);
  addOrder();
  addUnroll();
  addParallel();
}

llvm::Error rnn::addChoices(ModuleOp module, ArrayRef<Target> levels,
                            const Search &search, StringRef answer) {
  Products products = productsOf(module);
  std::map<StringRef, Chooser::Choices> choices;
  for (const Target &level : levels)
    for (auto &[product, count] : products) {
      auto [line, rest] = answer.split('\n');
      answer = rest;
      std::optional<Choice> choice = readChoice(line);
      if (!choice)
        return llvm::createStringError("internal: the search " + search.name +
                                       " answers '" + line +
                                       "', please report it");
      choices[level.name][product] = *choice;
    }
  for (auto cell : module.getOps<CellOp>()) {
    Chooser::Remarks remarks;
    for (const Target &level : levels)
      Chooser(cell, level, search.name, choices[level.name], remarks).addAll();
    for (auto &[text, names] : remarks)
      emitRemark(cell.getLoc())
          << "on " << llvm::join(names, ", ") << ": " << text;
  }
  return llvm::Error::success();
}
