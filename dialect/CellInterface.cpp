//===- CellInterface.cpp - a cell as its callers see it -------------------===//
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

CellInterface rnn::interfaceOf(CellOp cell) {
  CellInterface face;
  face.name = cell.getSymName().str();
  face.prefix = snakeCase(face.name);
  face.element = cell.elementType();

  SmallVector<TensorOp> inputs, states, outputs;
  for (auto tensor : cell.getBody().getOps<TensorOp>()) {
    if (tensor.getRole() == Role::input)
      inputs.push_back(tensor);
    else if (tensor.getRole() == Role::state)
      states.push_back(tensor);
    else if (tensor.getRole() == Role::param)
      face.params.push_back(tensor);
  }
  for (Attribute output : cell.getOutputs())
    outputs.push_back(cell.tensor(cast<FlatSymbolRefAttr>(output).getValue()));

  auto addOverTime = [&](ArrayRef<TensorOp> tensors, ArrayRole role,
                         StringRef prefix) {
    for (TensorOp tensor : tensors)
      face.arrays.push_back({(prefix + tensor.getSymName()).str(),
                             memberName(tensor.getSymName()), role,
                             Axes::StepsRows, tensor});
  };
  // A state read with delay k has k values before the first step: h.0, h.-1 ..
  // and so k values at the end to go on from: h.T, h.T-1 ..
  auto addBoundary = [&](ArrayRole role, StringRef prefix, bool atEnd) {
    for (TensorOp state : states)
      for (int64_t delay = 1; delay <= int64_t(state.getDelay()); ++delay) {
        std::string back = delay == 1 ? "" : "-" + std::to_string(delay - 1);
        std::string suffix = atEnd ? "T" + back : (delay == 1 ? "0" : back);
        std::string member = memberName(state.getSymName());
        if (delay > 1)
          member = state.getSymName().str() + "_m" + std::to_string(delay - 1);
        face.arrays.push_back(
            {(prefix + state.getSymName() + "." + suffix).str(), member, role,
             Axes::Rows, state, delay});
      }
  };
  addOverTime(inputs, ArrayRole::Input, "");
  addBoundary(ArrayRole::Initial, "", false);
  addBoundary(ArrayRole::Final, "", true);
  addOverTime(outputs, ArrayRole::Output, "");
  addOverTime(outputs, ArrayRole::GradOutput, "grad.");
  addBoundary(ArrayRole::GradFinal, "grad.", true);
  addOverTime(inputs, ArrayRole::GradInput, "grad.");
  addBoundary(ArrayRole::GradInitial, "grad.", false);
  for (auto [index, param] : llvm::enumerate(face.params))
    face.arrays.push_back({("grad." + param.getSymName()).str(),
                           memberName(param.getSymName()), ArrayRole::GradParam,
                           Axes::Plain, param, 0, int64_t(index)});
  return face;
}

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
