//===- Descriptor.cpp - the constant that describes a cell ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// rnncc_descriptor of rnncc/abi.h and its tables, as LLVM constants. The checks
// below tie the two together.
//
//===----------------------------------------------------------------------===//

#include "compiler/emit/Emit.h"
#include "rnncc/abi.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/Module.h"

using namespace llvm;
using namespace rnn;

static_assert(sizeof(rnncc_array) == 72 && offsetof(rnncc_array, shape) == 32 &&
              offsetof(rnncc_array, indices) == 64);
static_assert(sizeof(rnncc_param) == 72 && offsetof(rnncc_param, shape) == 32);
static_assert(sizeof(rnncc_size) == 16);
static_assert(sizeof(rnncc_descriptor) == 160 &&
              offsetof(rnncc_descriptor, name) == 8 &&
              offsetof(rnncc_descriptor, forward_flops) == 72 &&
              offsetof(rnncc_descriptor, trained) == 152);
static_assert(offsetof(rnncc_call, arrays) == 64);
static_assert(int(ElementType::I32) == RNNCC_I32 &&
              int(Finish::exp_mean) == RNNCC_EXP_MEAN);
static_assert(int(ArrayRole::GradParam) == RNNCC_GRAD_PARAM &&
              int(ArrayRole::GradOutput) == RNNCC_GRAD_OUTPUT &&
              int(Axes::Plain) == RNNCC_PLAIN);

static int initOf(StringRef name) {
  return StringSwitch<int>(name)
      .Case("zeros", RNNCC_ZEROS)
      .Case("ones", RNNCC_ONES)
      .Case("constant", RNNCC_CONSTANT)
      .Case("uniform", RNNCC_UNIFORM)
      .Case("normal", RNNCC_NORMAL)
      .Case("orthogonal", RNNCC_ORTHOGONAL)
      .Default(RNNCC_GLOROT_UNIFORM);
}

namespace {
/// Builds the constants of one module.
struct Constants {
  Module &module;
  LLVMContext &context = module.getContext();
  Type *i32 = Type::getInt32Ty(context), *i64 = Type::getInt64Ty(context);
  Type *f64 = Type::getDoubleTy(context);
  PointerType *ptr = PointerType::get(context, 0);

  Constant *num32(int64_t value) { return ConstantInt::get(i32, value); }
  Constant *num64(int64_t value) { return ConstantInt::get(i64, value); }

  GlobalVariable *global(Constant *value, const Twine &name, bool visible) {
    auto *variable = new GlobalVariable(
        module, value->getType(), /*isConstant=*/true,
        visible ? GlobalValue::ExternalLinkage : GlobalValue::PrivateLinkage,
        value, name);
    return variable;
  }
  Constant *text(StringRef value) {
    return global(ConstantDataArray::getString(context, value), "rnn.text",
                  false);
  }
  Constant *shape(ArrayRef<int64_t> sizes) {
    SmallVector<uint64_t> padded(RNNCC_MAX_RANK, 0);
    for (auto [to, from] : zip(padded, sizes))
      to = from;
    return ConstantDataArray::get(context, ArrayRef<uint64_t>(padded));
  }
  /// A private table of structs, or null for an empty one.
  Constant *table(ArrayRef<Constant *> rows) {
    if (rows.empty())
      return ConstantPointerNull::get(ptr);
    auto *type = ArrayType::get(rows.front()->getType(), rows.size());
    return global(ConstantArray::get(type, rows), "rnn.table", false);
  }
  Constant *record(ArrayRef<Constant *> fields) {
    return ConstantStruct::getAnon(context, fields);
  }
};
} // namespace

/// The values of the parameters, as pack takes them; null if there are none.
/// The header names them, too.
static Constant *trainedOf(Constants &c, const CellFacts &cell) {
  if (!cell.isTrained)
    return ConstantPointerNull::get(c.ptr);
  SmallVector<Constant *> pointers;
  for (const CellFacts::Param &param : cell.params) {
    auto *values = c.global(
        ConstantDataArray::getRaw(
            param.values, param.values.size() / (cell.isDouble ? 8 : 4),
            cell.isDouble ? c.f64 : Type::getFloatTy(c.context)),
        "rnn.values", false);
    values->setAlignment(Align(64));
    pointers.push_back(values);
  }
  auto *type = ArrayType::get(c.ptr, pointers.size());
  return c.global(ConstantArray::get(type, pointers), cell.trained(), true);
}

static Constant *descriptorOf(Constants &c, const CellFacts &cell) {
  SmallVector<Constant *> sizes, params, arrays;
  for (auto &[name, value] : cell.sizes)
    sizes.push_back(c.record({c.text(name), c.num64(value)}));
  for (const CellFacts::Param &param : cell.params) {
    double arguments[2] = {0, 0};
    for (auto [to, from] : zip(arguments, param.initArguments))
      to = from;
    params.push_back(c.record(
        {c.text(param.name), c.num32(param.shape.size()),
         c.num32(initOf(param.init)),
         ConstantDataArray::get(c.context, ArrayRef<double>(arguments)),
         c.shape(param.shape), c.num64(param.indices)}));
  }
  for (const CellFacts::Array &array : cell.arrays)
    arrays.push_back(c.record(
        {c.text(array.name), c.num32(int(array.role)), c.num32(int(array.axes)),
         c.num32(array.shape.size()), c.num32(array.param),
         c.num32(int(array.element)), c.num32(int(array.finish)),
         c.shape(array.shape), c.num64(array.indices)}));
  auto entry = [&](StringRef name) -> Constant * {
    return c.module.getFunction((cell.prefix + "_" + name).str());
  };
  return c.record({c.num32(RNNCC_ABI_VERSION),
                   c.num32(cell.isDouble ? RNNCC_F64 : RNNCC_F32),
                   c.text(cell.name),
                   c.text(cell.source()),
                   c.num64(sizes.size()),
                   c.table(sizes),
                   c.num64(params.size()),
                   c.table(params),
                   c.num64(arrays.size()),
                   c.table(arrays),
                   ConstantFP::get(c.f64, cell.forwardFlops),
                   entry("weights_bytes"),
                   entry("pack"),
                   entry("pack_on_team"),
                   entry("tape_bytes"),
                   entry("forward_scratch_bytes"),
                   entry("backward_scratch_bytes"),
                   entry("forward"),
                   entry("backward"),
                   entry("step"),
                   trainedOf(c, cell)});
}

void rnn::addDescriptors(Module &module, ArrayRef<CellFacts> cells,
                         bool shared) {
  Constants c{module};
  SmallVector<Constant *> table;
  for (const CellFacts &cell : cells)
    table.push_back(c.global(descriptorOf(c, cell), cell.descriptor(), true));
  if (!shared)
    return;
  table.push_back(ConstantPointerNull::get(c.ptr));
  c.global(ConstantArray::get(ArrayType::get(c.ptr, table.size()), table),
           "rnncc_cells", true);
}
