//===- Dispatch.cpp - entry points for the processor at hand -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   lstm_forward(call):  lstm_forward.avx512(call) if the processor has
//   AVX-512,
//                        lstm_forward.avx2(call)   if it has AVX2 and FMA, ..
//
// The processor is asked once. Asking needs no library: the instructions stand
// here. The lowest level of an architecture needs no question.
//
//===----------------------------------------------------------------------===//

#include "compiler/lower/Access.h"
#include "compiler/lower/Entries.h"

using namespace mlir;
using namespace rnn;

static constexpr StringRef levelName = "rnn_cpu_level";
static constexpr StringRef cacheName = "rnn_cpu_level_cache";

//===----------------------------------------------------------------------===//
// The level of the processor
//===----------------------------------------------------------------------===//

namespace {
/// 32-bit arithmetic for questions to the processor.
struct Questions {
  explicit Questions(Code &code) : code(code) {}

  Value num(int64_t value) {
    return arith::ConstantIntOp::create(code.b, code.loc, code.i32, value);
  }
  /// What an instruction leaves in four registers.
  SmallVector<Value> ask(StringRef text, StringRef constraints,
                         ValueRange operands, unsigned results) {
    auto type = LLVM::LLVMStructType::getLiteral(
        code.b.getContext(), SmallVector<Type>(results, code.i32));
    Value all =
        LLVM::InlineAsmOp::create(
            code.b, code.loc, type, operands, text, constraints,
            /*has_side_effects=*/true, /*is_align_stack=*/false,
            LLVM::TailCallKind::None, LLVM::AsmDialectAttr(), ArrayAttr())
            .getResult(0);
    SmallVector<Value> parts;
    for (unsigned i = 0; i < results; ++i)
      parts.push_back(LLVM::ExtractValueOp::create(code.b, code.loc, all,
                                                   ArrayRef<int64_t>(i)));
    return parts;
  }
  SmallVector<Value> cpuid(int64_t leaf, int64_t subleaf = 0) {
    // rbx may be spoken for: it comes back in rsi.
    return ask("xchgq %rbx, %rsi; cpuid; xchgq %rbx, %rsi",
               "={ax},={si},={cx},={dx},0,2", {num(leaf), num(subleaf)}, 4);
  }
  /// All of these bits are set.
  Value has(Value word, std::initializer_list<int> bits) {
    int64_t mask = 0;
    for (int bit : bits)
      mask |= int64_t(1) << bit;
    Value masked = arith::AndIOp::create(code.b, code.loc, word, num(mask));
    return arith::CmpIOp::create(code.b, code.loc, arith::CmpIPredicate::eq,
                                 masked, num(mask));
  }

  Code &code;
};
} // namespace

/// The index among the levels of x86-64 of the best that processor and system
/// have, up to `best`, which the object has.
static Value askLevel(Code &code, const Target &best) {
  Questions q(code);
  Type i32 = code.i32;
  auto ifElse = [&](Value condition, llvm::function_ref<Value()> then) {
    auto branch = scf::IfOp::create(code.b, code.loc, TypeRange{i32}, condition,
                                    /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(code.b);
    code.b.setInsertionPointToStart(branch.thenBlock());
    scf::YieldOp::create(code.b, code.loc, then());
    code.b.setInsertionPointToStart(branch.elseBlock());
    scf::YieldOp::create(code.b, code.loc, q.num(0));
    return branch.getResult(0);
  };
  Value leaves = q.cpuid(0)[0];
  Value isRecent = arith::CmpIOp::create(
      code.b, code.loc, arith::CmpIPredicate::uge, leaves, q.num(7));
  return ifElse(isRecent, [&] {
    // FMA, MOVBE, POPCNT, XSAVE in use, AVX, F16C.
    Value first = q.has(q.cpuid(1)[2], {12, 22, 23, 27, 28, 29});
    return ifElse(first, [&] {
      Value saved = q.ask("xgetbv", "={ax},={dx},{cx}", q.num(0), 2)[0];
      Value features = q.cpuid(7)[1];
      // BMI, AVX2, BMI2, and the system saves xmm and ymm; then AVX-512 F, DQ,
      // CD, BW, VL, and the system saves masks and zmm.
      Value avx2 = code.both(q.has(features, {3, 5, 8}), q.has(saved, {1, 2}));
      Value avx512 = code.both(q.has(features, {16, 17, 28, 30, 31}),
                               q.has(saved, {5, 6, 7}));
      Value level = code.select(avx512, q.num(2), q.num(1));
      if (best.hasBf16) {
        // AVX512_BF16; leaves that are not there answer with zeros.
        Value bf16 = code.both(avx512, q.has(q.cpuid(7, 1)[0], {5}));
        level = code.select(bf16, q.num(3), level);
        if (best.hasMatrixUnit) {
          // AMX-BF16 and AMX-TILE, the system saves tiles, and lets this
          // process have some: Linux wants to be asked.
          Value amx = code.both(bf16, code.both(q.has(q.cpuid(7)[3], {22, 24}),
                                                q.has(saved, {17, 18})));
          amx = ifElse(amx, [&] {
            constexpr int64_t archPrctl = 158, requestPermission = 0x1023,
                              tileData = 18;
            Value refused = q.ask(
                "syscall", "={ax},={dx},0,{di},{si},~{rcx},~{r11},~{memory}",
                {q.num(archPrctl), q.num(requestPermission), q.num(tileData)},
                2)[0];
            return code.select(arith::CmpIOp::create(code.b, code.loc,
                                                     arith::CmpIPredicate::eq,
                                                     refused, q.num(0)),
                               q.num(4), q.num(0));
          });
          level = arith::MaxSIOp::create(code.b, code.loc, level, amx);
        }
      }
      return code.select(avx2, level, q.num(0));
    });
  });
}

/// Makes the function that tells the level, once a module.
static func::FuncOp levelFunction(Code &code, const Target &best,
                                  ModuleOp module) {
  if (auto function = module.lookupSymbol<func::FuncOp>(levelName))
    return function;
  code.b.setInsertionPointToEnd(module.getBody());
  // 0: not known yet; else the level + 1. Threads that come at once all ask.
  LLVM::GlobalOp::create(code.b, code.loc, code.i32, /*isConstant=*/false,
                         LLVM::Linkage::Internal, cacheName,
                         code.b.getI32IntegerAttr(0));
  auto function = func::FuncOp::create(code.b, code.loc, levelName,
                                       code.b.getFunctionType({}, {code.i32}));
  makeInternal(function);
  setForLLVM(function, "noinline");
  code.b.setInsertionPointToStart(function.addEntryBlock());
  Questions q(code);
  Value cache =
      LLVM::AddressOfOp::create(code.b, code.loc, code.ptr, cacheName);
  Value known = LLVM::LoadOp::create(
      code.b, code.loc, code.i32, cache, /*alignment=*/4, /*isVolatile=*/false,
      /*isNonTemporal=*/false, /*isInvariant=*/false,
      /*isInvariantGroup=*/false, LLVM::AtomicOrdering::monotonic);
  Value isUnknown = arith::CmpIOp::create(
      code.b, code.loc, arith::CmpIPredicate::eq, known, q.num(0));
  auto branch = scf::IfOp::create(code.b, code.loc, TypeRange{code.i32},
                                  isUnknown, /*withElseRegion=*/true);
  {
    OpBuilder::InsertionGuard guard(code.b);
    code.b.setInsertionPointToStart(branch.thenBlock());
    Value level =
        arith::AddIOp::create(code.b, code.loc, askLevel(code, best), q.num(1));
    LLVM::StoreOp::create(code.b, code.loc, level, cache, /*alignment=*/4,
                          /*isVolatile=*/false, /*isNonTemporal=*/false,
                          /*isInvariantGroup=*/false,
                          LLVM::AtomicOrdering::monotonic);
    scf::YieldOp::create(code.b, code.loc, level);
    code.b.setInsertionPointToStart(branch.elseBlock());
    scf::YieldOp::create(code.b, code.loc, known);
  }
  Value level =
      arith::SubIOp::create(code.b, code.loc, branch.getResult(0), q.num(1));
  func::ReturnOp::create(code.b, code.loc, level);
  return function;
}

//===----------------------------------------------------------------------===//
// Entry points
//===----------------------------------------------------------------------===//

namespace {
class Dispatch {
public:
  Dispatch(const CellInterface &face, bool hasSteps, Location loc,
           ArrayRef<Target> targets, ModuleOp module)
      : face(face), hasSteps(hasSteps), targets(targets), module(module),
        prefix(face.prefix), code(OpBuilder(module.getContext()), loc,
                                  face.element, /*lanes=*/1, targets.front()) {}

  void emit() {
    emitEntry("weights_bytes", "sizes", {}, Answer::Size);
    emitEntry("pack_on_team", "sizes", {code.ptr, code.ptr, code.ptr},
              Answer::Status);
    emitPack();
    for (StringRef name :
         {"tape_bytes", "forward_scratch_bytes", "backward_scratch_bytes"})
      emitEntry(name, "sizes", {code.i64, code.i64}, Answer::Size);
    emitEntry("forward", "forward", {code.ptr}, Answer::Status);
    emitStep();
    emitEntry("backward", "backward", {code.ptr}, Answer::Status);
  }

private:
  enum class Answer { Size, Status };

  /// The position among the levels of the architecture.
  int64_t rankOf(const Target &target) {
    auto levels = levelsOf(target.architecture);
    StringRef name = target.isPlayed ? StringRef(playedOn) : target.name;
    return llvm::find_if(levels,
                         [&](const Target &it) { return it.name == name; }) -
           levels.begin();
  }
  void emitEntry(StringRef name, StringRef section, TypeRange inputs,
                 Answer answer);
  void emitPack();
  void emitStep();

  const CellInterface &face;
  bool hasSteps;
  ArrayRef<Target> targets;
  ModuleOp module;
  std::string prefix;
  Code code;
};
} // namespace

void Dispatch::emitEntry(StringRef name, StringRef section, TypeRange inputs,
                         Answer answer) {
  Type result = answer == Answer::Size ? code.size : code.i32;
  func::FuncOp level;
  if (rankOf(targets.back()) > 0)
    level = levelFunction(code, targets.back(), module);
  EntryFunction entry(code, module, prefix + "_" + name.str(), inputs, result);
  placeInSection(entry.function, ".text." + prefix + "_" + section);
  auto goTo = [&](const Target &target) -> Value {
    // Levels answer for sizes in 64 bits.
    Value value =
        func::CallOp::create(
            code.b, code.loc, prefix + "_" + name.str() + "." + target.name,
            TypeRange{answer == Answer::Size ? code.i64 : code.i32},
            entry.function.getArguments())
            .getResult(0);
    return answer == Answer::Size ? code.toSize(value) : value;
  };
  if (!level) {
    entry.finish(goTo(targets.back()));
    return;
  }
  int64_t refusal = answer == Answer::Size ? 0 : int64_t(status::Unsupported);
  Value refused =
      arith::ConstantIntOp::create(code.b, code.loc, result, refusal);
  Value found =
      func::CallOp::create(code.b, code.loc, level, ValueRange()).getResult(0);
  // From the worst on, so that the best stands outermost and is asked first.
  std::function<Value(ArrayRef<Target>)> choose =
      [&](ArrayRef<Target> rest) -> Value {
    if (rest.empty())
      return refused;
    int64_t needed = rankOf(rest.back());
    if (needed == 0)
      return goTo(rest.back());
    Value has = arith::CmpIOp::create(
        code.b, code.loc, arith::CmpIPredicate::sge, found,
        arith::ConstantIntOp::create(code.b, code.loc, code.i32, needed));
    auto branch = scf::IfOp::create(code.b, code.loc, TypeRange{result}, has,
                                    /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(code.b);
    code.b.setInsertionPointToStart(branch.thenBlock());
    scf::YieldOp::create(code.b, code.loc, goTo(rest.back()));
    code.b.setInsertionPointToStart(branch.elseBlock());
    scf::YieldOp::create(code.b, code.loc, choose(rest.drop_back()));
    return branch.getResult(0);
  };
  entry.finish(choose(targets));
}

/// On this thread alone.
void Dispatch::emitPack() {
  EntryFunction entry(code, module, prefix + "_pack", {code.ptr, code.ptr},
                      code.i32);
  placeInSection(entry.function, ".text." + prefix + "_sizes");
  auto result = func::CallOp::create(
      code.b, code.loc, prefix + "_pack_on_team", TypeRange{code.i32},
      ValueRange{entry.argument(0), entry.argument(1), code.null()});
  entry.finish(result.getResult(0));
}

/// One step is forward on a copy of the call that says so.
void Dispatch::emitStep() {
  EntryFunction entry(code, module, prefix + "_step", {code.ptr}, code.i32);
  placeInSection(entry.function, ".text." + prefix + "_forward");
  Value call = entry.argument(0);
  if (!hasSteps) {
    entry.finish(code.status(status::Unsupported));
    return;
  }
  entry.failIf(code.isNull(call), status::NullPointer);
  int64_t bytes = callBytes(code, face.arrays.size());
  Value copy =
      LLVM::AllocaOp::create(code.b, code.loc, code.ptr, code.i64,
                             code.num(int64_t(llvm::divideCeil(bytes, 8))));
  code.copyBytes(copy, call, code.num(bytes));
  code.storeNum(code.num(1), callField(code, copy, CallField::Steps));
  LLVM::StoreOp::create(code.b, code.loc, code.null(),
                        callField(code, copy, CallField::Tape));
  auto result = func::CallOp::create(code.b, code.loc, prefix + "_forward",
                                     TypeRange{code.i32}, ValueRange{copy});
  entry.finish(result.getResult(0));
}

void rnn::emitDispatch(const CellInterface &face, bool hasSteps, Location loc,
                       ArrayRef<Target> targets, ModuleOp module) {
  Dispatch(face, hasSteps, loc, targets, module).emit();
}
