//===- CellInterface.cpp - cells and models as callers see them -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/CellInterface.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace rnn;

std::string rnn::snakeCase(StringRef name) {
  std::string snake;
  for (size_t i = 0; i < name.size(); ++i) {
    bool upper = llvm::isUpper(name[i]);
    bool startsWord = upper && i > 0 && name[i - 1] != '_' &&
                      (!llvm::isUpper(name[i - 1]) ||
                       (i + 1 < name.size() && llvm::isLower(name[i + 1])));
    if (startsWord)
      snake += '_';
    snake += llvm::toLower(name[i]);
  }
  return snake;
}

/// A struct member of that name; C and C++ keywords get an underscore.
static std::string memberName(StringRef name) {
  static const llvm::StringSet<> keywords = {
      "alignas",  "alignof",  "and",       "asm",      "auto",      "bool",
      "break",    "case",     "catch",     "char",     "class",     "const",
      "continue", "default",  "delete",    "do",       "double",    "else",
      "enum",     "explicit", "export",    "extern",   "false",     "float",
      "for",      "friend",   "goto",      "if",       "inline",    "int",
      "long",     "mutable",  "namespace", "new",      "not",       "operator",
      "or",       "private",  "protected", "public",   "register",  "restrict",
      "return",   "short",    "signed",    "sizeof",   "static",    "struct",
      "switch",   "template", "this",      "throw",    "true",      "try",
      "typedef",  "typename", "union",     "unsigned", "using",     "virtual",
      "void",     "volatile", "while",     "xor",      "constexpr", "nullptr",
      "decltype", "noexcept", "requires",  "concept",  "typeof",    "inline"};
  return keywords.contains(name) ? (name + "_").str() : name.str();
}

namespace {
/// The tensors that callers see, by what they are.
struct Visible {
  SmallVector<TensorOp> inputs, targets, states, outputs, losses, metrics;
};
} // namespace

std::string rnn::memberOf(StringRef tensor) {
  std::string name = memberName(tensor);
  llvm::replace(name, '.', '_');
  return name;
}

static std::string memberOf(TensorOp tensor, StringRef suffix = "") {
  return memberOf((tensor.getSymName() + suffix).str());
}

static void addOverTime(CellInterface &face, ArrayRef<TensorOp> tensors,
                        ArrayRole role, StringRef prefix) {
  for (TensorOp tensor : tensors) {
    CellArray array{
        (prefix + tensor.getSymName()).str(), memberOf(tensor), role,
        tensor.getPerSequence() ? Axes::Rows : Axes::StepsRows, tensor};
    array.finish = tensor.getFinish().value_or(Finish::mean);
    face.arrays.push_back(array);
  }
}

/// A state read with delay k has k values before the first step: h.0, h.-1 ..
/// and so k values at the end to go on from: h.T, h.T-1 ..
static void addBoundary(CellInterface &face, ArrayRef<TensorOp> states,
                        ArrayRole role, StringRef prefix, bool atEnd) {
  for (TensorOp state : states)
    for (int64_t delay = 1; delay <= int64_t(state.getDelay()); ++delay) {
      std::string back = delay == 1 ? "" : "-" + std::to_string(delay - 1);
      std::string suffix = atEnd ? "T" + back : (delay == 1 ? "0" : back);
      std::string late = delay == 1 ? "" : "_m" + std::to_string(delay - 1);
      face.arrays.push_back({(prefix + state.getSymName() + "." + suffix).str(),
                             memberOf(state, late), role, Axes::Rows, state,
                             delay});
    }
}

static void addArrays(CellInterface &face, const Visible &visible) {
  SmallVector<TensorOp> scored, numbers;
  for (TensorOp output : visible.outputs)
    if (!output.getNoGradient())
      scored.push_back(output);
  llvm::append_range(scored, visible.losses);
  for (TensorOp input : visible.inputs)
    if (!input.tensorType().getElementType().isInteger() &&
        !input.getNoGradient())
      numbers.push_back(input);
  addOverTime(face, visible.inputs, ArrayRole::Input, "");
  addOverTime(face, visible.targets, ArrayRole::Target, "");
  addBoundary(face, visible.states, ArrayRole::Initial, "", false);
  addBoundary(face, visible.states, ArrayRole::Final, "", true);
  addOverTime(face, visible.outputs, ArrayRole::Output, "");
  addOverTime(face, visible.losses, ArrayRole::Loss, "");
  addOverTime(face, visible.metrics, ArrayRole::Metric, "");
  addOverTime(face, scored, ArrayRole::GradOutput, "grad.");
  addBoundary(face, visible.states, ArrayRole::GradFinal, "grad.", true);
  addOverTime(face, numbers, ArrayRole::GradInput, "grad.");
  addBoundary(face, visible.states, ArrayRole::GradInitial, "grad.", false);
  for (auto [index, param] : llvm::enumerate(face.params))
    face.arrays.push_back({("grad." + param.getSymName()).str(),
                           memberOf(param), ArrayRole::GradParam, Axes::Plain,
                           param, 0, int64_t(index)});
}

template <typename Op> static CellInterface describe(Op op) {
  CellInterface face;
  face.name = op.getSymName().str();
  face.prefix = snakeCase(face.name);
  face.element = op.elementType();
  Visible visible;
  for (auto tensor : op.getBody().template getOps<TensorOp>())
    switch (tensor.getRole()) {
    case Role::input:
      visible.inputs.push_back(tensor);
      break;
    case Role::target:
      visible.targets.push_back(tensor);
      break;
    case Role::state:
      visible.states.push_back(tensor);
      break;
    case Role::loss:
      visible.losses.push_back(tensor);
      break;
    case Role::metric:
      visible.metrics.push_back(tensor);
      break;
    case Role::param:
      face.params.push_back(tensor);
      break;
    default:
      break;
    }
  for (Attribute output : op.getOutputs())
    visible.outputs.push_back(
        op.tensor(cast<FlatSymbolRefAttr>(output).getValue()));
  addArrays(face, visible);
  return face;
}

CellInterface rnn::interfaceOf(CellOp cell) { return describe(cell); }
CellInterface rnn::interfaceOf(ModelOp model) { return describe(model); }

ElementType CellArray::element() const {
  Type type = const_cast<TensorOp &>(tensor).tensorType().getElementType();
  return type.isInteger() ? ElementType::I32
         : type.isF64()   ? ElementType::F64
                          : ElementType::F32;
}

int64_t CellInterface::find(ArrayRole role, StringRef name,
                            int64_t delay) const {
  for (auto [index, array] : llvm::enumerate(arrays)) {
    TensorOp tensor = array.tensor;
    if (array.role == role && tensor.getSymName() == name &&
        array.delay == delay)
      return index;
  }
  return -1;
}
