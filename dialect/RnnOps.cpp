//===- RnnOps.cpp - verifiers of the rnn ops ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every check carries the name of its rule in RnnOps.td or StagedOps.td.
//
//===----------------------------------------------------------------------===//

#include "dialect/Directives.h"
#include "dialect/Rnn.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace rnn;

#define GET_OP_CLASSES
#include "dialect/RnnOps.cpp.inc"

//===----------------------------------------------------------------------===//
// What a cell is made of
//===----------------------------------------------------------------------===//

TensorOp CellOp::tensor(StringRef name) {
  return dyn_cast_or_null<TensorOp>(lookupSymbol(name));
}

void TensorOp::build(OpBuilder &builder, OperationState &state, StringRef name,
                     Role role, Type type, StringAttr of, int64_t delay) {
  Properties &fields = state.getOrAddProperties<Properties>();
  MLIRContext *context = builder.getContext();
  fields.sym_name = builder.getStringAttr(name);
  fields.role = RoleAttr::get(context, role);
  if (of)
    fields.of = FlatSymbolRefAttr::get(of);
  fields.delay = builder.getI64IntegerAttr(delay);
  fields.type = TypeAttr::get(type);
}

ScanOp CellOp::scan(bool backward) {
  for (auto scan : getBody().getOps<ScanOp>())
    if (scan.getBackward() == backward)
      return scan;
  return {};
}

bool CellOp::recomputes() {
  return llvm::any_of(getBody().getOps<ScheduleOp>(), [](ScheduleOp op) {
    return op.getDirective() == "recompute";
  });
}

SetupOp CellOp::setup(bool backward) {
  for (auto setup : getBody().getOps<SetupOp>())
    if (setup.getBackward() == backward)
      return setup;
  return {};
}

bool rnn::isBackward(Operation *op) {
  if (auto scan = op->getParentOfType<ScanOp>())
    return scan.getBackward();
  auto setup = op->getParentOfType<SetupOp>();
  return setup && setup.getBackward();
}

FloatType CellOp::elementType() {
  auto tensors = getBody().getOps<TensorOp>();
  return cast<FloatType>((*tensors.begin()).tensorType().getElementType());
}

/// True if an op has no regions and gives one value as those of a scan are.
static bool givesLanes(Operation *op) {
  if (op->getNumRegions() || op->getNumResults() != 1)
    return false;
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!type || !type.hasStaticShape() || type.getRank() > 2)
    return false;
  Type element = type.getElementType();
  return element.isF32() || element.isF64() || element.isInteger(1);
}

/// True if `tensor` is no gradient, or one of what its `of` names.
static bool fitsItsOrigin(TensorOp tensor, CellOp cell) {
  Role role = tensor.getRole();
  if (role != Role::output_gradient && role != Role::input_gradient &&
      role != Role::carry && role != Role::derived_gradient)
    return true;
  // A sum on its way through a backward setup is of no tensor by itself.
  if (role == Role::derived_gradient && !tensor.getOf())
    return true;
  TensorOp of = tensor.getOf() ? cell.tensor(*tensor.getOf()) : TensorOp();
  if (!of || of.getType() != tensor.getType())
    return false;
  if (role == Role::carry)
    return of.getRole() == Role::state && tensor.getDelay() <= of.getDelay();
  if (role == Role::input_gradient)
    return of.getRole() == Role::input;
  if (role == Role::derived_gradient)
    return of.getRole() == Role::derived;
  return llvm::is_contained(cell.getOutputs(), tensor.getOfAttr());
}

LogicalResult CellOp::verifyRegions() {
  // cell-body
  for (Operation &op : getBody().front())
    if (!isa<TensorOp, ScheduleOp, ScanOp, SetupOp>(op) &&
        !(op.hasTrait<OpTrait::ConstantLike>() && givesLanes(&op)))
      return op.emitOpError("stands in the body of a cell");
  // cell-element
  auto tensors = getBody().getOps<TensorOp>();
  if (tensors.empty())
    return emitOpError("has no tensors");
  for (auto tensor : tensors)
    if (tensor.tensorType().getElementType() != elementType())
      return tensor.emitOpError("has elements of ")
             << tensor.tensorType().getElementType() << " in a cell of "
             << elementType();
  // cell-products
  if (getBf16Products() && !elementType().isF32())
    return emitOpError("multiplies in bf16, which cells of f32 alone can, not "
                       "those of ")
           << elementType();
  // tensor-of
  for (auto tensor : tensors)
    if (!fitsItsOrigin(tensor, *this))
      return tensor.emitOpError("of role ")
             << stringifyRole(tensor.getRole())
             << " has no tensor of this type to belong to";
  // tensor-no-gradient
  for (auto tensor : tensors)
    if (tensor.getNoGradient() &&
        (!getPart() ||
         (tensor.getRole() != Role::input &&
          !llvm::is_contained(getOutputs(), FlatSymbolRefAttr::get(tensor)))))
      return tensor.emitOpError("has no gradient to leave out: it is no input "
                                "or output of a part of a model");
  // cell-outputs
  for (Attribute output : getOutputs()) {
    auto symbol = dyn_cast<FlatSymbolRefAttr>(output);
    auto declared = symbol ? tensor(symbol.getValue()) : TensorOp();
    if (!declared)
      return emitOpError("output ") << output << " is not declared";
    if (declared.getRole() != Role::state && declared.getRole() != Role::output)
      return emitOpError("output ")
             << output << " is of role " << stringifyRole(declared.getRole());
  }
  // cell-scans
  unsigned scans[2] = {0, 0};
  for (auto scan : getBody().getOps<ScanOp>())
    ++scans[scan.getBackward()];
  if (scans[0] != 1 || scans[1] > 1)
    return emitOpError("has ")
           << scans[0] << " forward and " << scans[1] << " backward scans";
  // cell-setups
  unsigned setups[2] = {0, 0};
  for (auto setup : getBody().getOps<SetupOp>())
    if (++setups[setup.getBackward()] > 1)
      return setup.emitOpError("is the second of its direction");
  return verifyDistinct(*this);
}

/// schedule-form
LogicalResult ScheduleOp::verify() {
  const DirectiveRule *rule = directiveRule(getDirective());
  if (!rule)
    return emitOpError("has the directive '")
           << getDirective() << "', which schedules do not have";
  if (getNames().size() != getValues().size())
    return emitOpError("has ") << getNames().size() << " names and "
                               << getValues().size() << " numbers";
  SmallVector<DirectiveClause> clauses;
  for (unsigned i = 0; i < getNames().size(); ++i) {
    if (value(i) < 0 || (getOf() && *getOf() <= 0))
      return emitOpError("has a number below 1");
    clauses.push_back({name(i), value(i) != 0, i == 0 && getOf()});
  }
  if (!fitsDirective(*rule, clauses))
    return emitOpError("is not of the form '")
           << rule->word << " " << rule->form << "'";
  return success();
}

/// Checks what the ops of a scan or a setup give.
static LogicalResult verifyValues(Operation *body, StringRef kind) {
  WalkResult values = body->walk([&](Operation *op) {
    if (op == body ||
        isa<StageOp, PullbackOp, WriteOp, AccumulateOp, YieldOp>(op) ||
        givesLanes(op))
      return WalkResult::advance();
    op->emitOpError("does not give one static tensor, as ops of a ")
        << kind << " do";
    return WalkResult::interrupt();
  });
  return success(!values.wasInterrupted());
}

/// write-once
static LogicalResult verifyWrites(Operation *body) {
  llvm::StringSet<> written;
  WalkResult once = body->walk([&](WriteOp write) {
    if (written.insert(write.getTensor()).second)
      return WalkResult::advance();
    write.emitOpError("writes @") << write.getTensor() << " again";
    return WalkResult::interrupt();
  });
  return success(!once.wasInterrupted());
}

LogicalResult SetupOp::verifyRegions() {
  // setup-values
  if (failed(verifyValues(*this, "setup")))
    return failure();
  return verifyWrites(*this);
}

LogicalResult ScanOp::verifyRegions() {
  // scan-form
  auto isStage = [](Operation &op) { return isa<StageOp>(op); };
  if (llvm::any_of(getBody().front(), isStage) &&
      !llvm::all_of(getBody().front(), isStage))
    return emitOpError("holds stages and other ops");
  // scan-values
  if (failed(verifyValues(*this, "scan")) || failed(verifyWrites(*this)))
    return failure();
  // stage-order
  Phase last = Phase::before;
  for (auto stage : getBody().getOps<StageOp>()) {
    if (stage.getPhase() < last)
      return stage.emitOpError("of phase ")
             << stringifyPhase(stage.getPhase()) << " comes after one of phase "
             << stringifyPhase(last);
    last = stage.getPhase();
  }
  return success();
}

//===----------------------------------------------------------------------===//
// How a scan touches the named tensors
//===----------------------------------------------------------------------===//

static TensorOp declarationOf(Operation *op, StringRef name) {
  return op->getParentOfType<CellOp>().tensor(name);
}

TensorOp ReadOp::declaration() { return declarationOf(*this, getTensor()); }
TensorOp WriteOp::declaration() { return declarationOf(*this, getTensor()); }
TensorOp AccumulateOp::declaration() {
  return declarationOf(*this, getParam());
}

/// True if a value of that type can be what is declared: a matrix also as the
/// vector of its rows.
static bool fitsDeclaration(RankedTensorType type, TensorOp declared) {
  RankedTensorType whole = declared.tensorType();
  return type == whole || type == vectorOfRows(whole);
}

/// Finds the declaration that `op` names, or says that there is none.
static FailureOr<TensorOp> lookup(Operation *op, StringRef name) {
  auto cell = op->getParentOfType<CellOp>();
  if (!cell)
    return op->emitOpError("stands outside of a cell"), failure();
  if (TensorOp declared = cell.tensor(name))
    return declared;
  return op->emitOpError("names @") << name << ", which is not declared",
         failure();
}

LogicalResult ReadOp::verifySymbolUses(SymbolTableCollection &) {
  auto declared = lookup(*this, getTensor());
  if (failed(declared))
    return failure();
  // read-type
  if (!fitsDeclaration(getType(), *declared))
    return emitOpError("gives ") << getType() << " but @" << getTensor()
                                 << " is " << declared->getType();
  bool backward = isBackward(*this);
  bool inSetup = isa<SetupOp>((*this)->getParentOp());
  Role role = declared->getRole();
  // read-role
  bool readable =
      isParameter(role) ||
      (inSetup ? backward && role == Role::derived_gradient
               : role == Role::input || role == Role::state ||
                     (backward && (role == Role::tape || role == Role::carry ||
                                   role == Role::output_gradient)));
  if (!readable)
    return emitOpError("reads @")
           << getTensor() << " of role " << stringifyRole(role) << " in a "
           << (backward ? "backward " : "forward ")
           << (inSetup ? "setup" : "scan");
  // read-delay
  int64_t delay = getDelay();
  bool delayed = role == Role::state || role == Role::carry;
  int64_t least = role == Role::carry || (role == Role::state && !backward);
  int64_t most = delayed ? declared->getDelay() : 0;
  if (delay < least || delay > most)
    return emitOpError("reads @") << getTensor() << " with delay " << delay
                                  << ", not " << least << " to " << most;
  return success();
}

LogicalResult WriteOp::verifySymbolUses(SymbolTableCollection &) {
  auto declared = lookup(*this, getTensor());
  if (failed(declared))
    return failure();
  // write-type
  if (!fitsDeclaration(getValue().getType(), *declared))
    return emitOpError("writes ")
           << getValue().getType() << " but @" << getTensor() << " is "
           << declared->getType();
  // write-role
  bool backward = isBackward(*this);
  bool inSetup = isa<SetupOp>((*this)->getParentOp());
  Role role = declared->getRole();
  bool writable =
      inSetup ? role == (backward ? Role::derived_gradient : Role::derived)
      : backward
          ? role == Role::input_gradient || role == Role::carry
          : role == Role::state || role == Role::output || role == Role::tape;
  if (!writable)
    return emitOpError("writes @")
           << getTensor() << " of role " << stringifyRole(role) << " in a "
           << (backward ? "backward " : "forward ")
           << (inSetup ? "setup" : "scan");
  return success();
}

LogicalResult AccumulateOp::verifySymbolUses(SymbolTableCollection &) {
  auto declared = lookup(*this, getParam());
  if (failed(declared))
    return failure();
  // accumulate-param
  Role role = declared->getRole();
  bool inSetup = isa<SetupOp>((*this)->getParentOp());
  if (inSetup ? role != Role::param : !isParameter(role))
    return emitOpError("adds to @")
           << getParam() << " of role " << stringifyRole(role);
  // accumulate-over
  int64_t over = getOver(), rows = getRow().getType().getNumElements();
  int64_t columns = getColumn() ? getColumn().getType().getNumElements() : over;
  if (rows % over || columns % over || (!getColumn() && over != 1))
    return emitOpError("adds up ")
           << over << " vectors of " << rows << " and of "
           << (getColumn() ? columns : 0) << " elements";
  // accumulate-inside
  SmallVector<int64_t> shape(getRow().getType().getShape());
  if (getColumn() && shape.size() == 1)
    shape = {rowUnits(), columnUnits()};
  ArrayRef<int64_t> whole = declared->tensorType().getShape();
  bool isRowsOfMatrix = !getColumn() && !getOffsets() && !inSetup &&
                        fitsDeclaration(getRow().getType(), *declared);
  if (isRowsOfMatrix)
    shape.assign(whole.begin(), whole.end());
  if (shape.size() != whole.size() ||
      (getOffsets() && getOffsets()->size() != whole.size()))
    return emitOpError("adds a gradient of rank ")
           << shape.size() << " to @" << getParam() << " of rank "
           << whole.size();
  for (unsigned dim = 0; dim < shape.size(); ++dim)
    if (offset(dim) < 0 || offset(dim) > whole[dim] - shape[dim])
      return emitOpError("adds ")
             << shape[dim] << " elements from " << offset(dim)
             << " of dimension " << dim << ", which has " << whole[dim];
  // accumulate-element
  Type element = declared->tensorType().getElementType();
  if (getRow().getType().getElementType() != element ||
      (getColumn() && getColumn().getType().getElementType() != element))
    return emitOpError("adds to @")
           << getParam() << " elements of another type than " << element;
  // accumulate-scan
  if (!isBackward(*this))
    return emitOpError("adds to a gradient in a forward ")
           << (inSetup ? "setup" : "scan");
  return success();
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

/// Checks that result[o] = sum over i of weight[o, i] * input[i] has sizes that
/// fit; shared by matvec and affine.
static LogicalResult verifyProduct(Operation *op, RankedTensorType weight,
                                   RankedTensorType input,
                                   RankedTensorType result, bool transposed) {
  StringRef kind = op->getName().stripDialect();
  int64_t inner = weight.getDimSize(transposed ? 0 : 1);
  int64_t outer = weight.getDimSize(transposed ? 1 : 0);
  // matvec-inner, affine-inner
  if (inner != input.getDimSize(0))
    return op->emitOpError("weight of ")
           << kind << " takes " << inner << " elements but input has "
           << input.getDimSize(0);
  // matvec-outer, affine-outer
  if (outer != result.getDimSize(0))
    return op->emitOpError("weight of ")
           << kind << " gives " << outer << " elements but result has "
           << result.getDimSize(0);
  // matvec-element
  if (weight.getElementType() != input.getElementType() ||
      weight.getElementType() != result.getElementType())
    return op->emitOpError("mixes element types ")
           << weight.getElementType() << ", " << input.getElementType()
           << " and " << result.getElementType();
  return success();
}

Value rnn::outsideOfPullback(Value value) {
  auto argument = dyn_cast<BlockArgument>(value);
  auto pullback = argument
                      ? dyn_cast<PullbackOp>(argument.getOwner()->getParentOp())
                      : PullbackOp();
  return pullback ? pullback.getInputs()[argument.getArgNumber()] : value;
}

/// A weight is a parameter or a slice of one: what `pack` can lay out.
static LogicalResult verifyWeight(Operation *op, Value weight) {
  if (auto slice = weight.getDefiningOp<SliceOp>())
    weight = slice.getOperand();
  auto read = outsideOfPullback(weight).getDefiningOp<ReadOp>();
  // The declaration is checked when symbols are; here it may be missing.
  if (read) {
    TensorOp declared = read.declaration();
    if (!declared || isParameter(declared.getRole()))
      return success();
  }
  return op->emitOpError("weight is neither a parameter nor a slice of one");
}

/// The attribute if it is zeros of whatever shape, else null.
static SplatElementsAttr zeros(Attribute attribute) {
  auto number = dyn_cast_or_null<SplatElementsAttr>(attribute);
  return number && number.getSplatValue<APFloat>().isZero()
             ? number
             : SplatElementsAttr();
}

LogicalResult AccumulateOp::canonicalize(AccumulateOp op,
                                         PatternRewriter &rewriter) {
  auto isZeros = [](Value value) {
    Attribute attribute;
    return value && matchPattern(value, m_Constant(&attribute)) &&
           zeros(attribute);
  };
  if (!isZeros(op.getRow()) && !isZeros(op.getColumn()))
    return failure();
  rewriter.eraseOp(op);
  return success();
}

OpFoldResult MatvecOp::fold(FoldAdaptor adaptor) {
  auto number = zeros(adaptor.getInput());
  return number ? number.resizeSplat(getType()) : Attribute();
}

LogicalResult MatvecOp::verify() {
  return verifyProduct(*this, getWeight().getType(), getInput().getType(),
                       getResult().getType(), getTransposed());
}

static LogicalResult verifyOneElement(Operation *op, RankedTensorType left,
                                      RankedTensorType right,
                                      RankedTensorType result) {
  Type element = left.getElementType();
  if (right.getElementType() == element && result.getElementType() == element)
    return success();
  return op->emitOpError("mixes element types ")
         << element << ", " << right.getElementType() << " and "
         << result.getElementType();
}

LogicalResult MatmulOp::verify() {
  auto left = getLeft().getType(), right = getRight().getType();
  auto result = getResult().getType();
  // matmul-inner
  if (left.getDimSize(1) != right.getDimSize(0))
    return emitOpError("left has ")
           << left.getDimSize(1) << " columns but right has "
           << right.getDimSize(0) << " rows";
  // matmul-outer
  if (result.getDimSize(0) != left.getDimSize(0) ||
      result.getDimSize(1) != right.getDimSize(1))
    return emitOpError("gives ")
           << result << ", not " << left.getDimSize(0) << " rows and "
           << right.getDimSize(1) << " columns";
  // matmul-element
  return verifyOneElement(*this, left, right, result);
}

LogicalResult TransposeOp::verify() {
  // transpose-swapped
  auto operand = getOperand().getType(), result = getResult().getType();
  if (operand.getDimSize(0) != result.getDimSize(1) ||
      operand.getDimSize(1) != result.getDimSize(0) ||
      operand.getElementType() != result.getElementType())
    return emitOpError("makes ") << result << " of " << operand;
  return success();
}

LogicalResult OuterOp::verify() {
  auto left = getLeft().getType(), right = getRight().getType();
  auto result = getResult().getType();
  // outer-size
  if (result.getDimSize(0) != left.getDimSize(0) ||
      result.getDimSize(1) != right.getDimSize(0))
    return emitOpError("gives ")
           << result << ", not " << left.getDimSize(0) << " rows and "
           << right.getDimSize(0) << " columns";
  // outer-element
  return verifyOneElement(*this, left, right, result);
}

OpFoldResult StepMatmulOp::fold(FoldAdaptor adaptor) {
  for (Attribute operand : {adaptor.getLeft(), adaptor.getRight()})
    if (auto number = zeros(operand))
      return number.resizeSplat(getType());
  return {};
}

LogicalResult StepMatmulOp::verify() {
  auto left = getLeft().getType(), right = getRight().getType();
  int64_t inner = getInner();
  // step-matmul-inner
  auto fits = [&](RankedTensorType type, unsigned innerDim) {
    return type.getRank() == 1 ? type.getDimSize(0) % inner == 0
                               : type.getDimSize(innerDim) == inner;
  };
  if (!fits(left, getTransposedLeft() ? 0 : 1) ||
      !fits(right, getTransposedRight() ? 1 : 0))
    return emitOpError("sums over ") << inner << " elements, which " << left
                                     << " and " << right << " do not have";
  // step-matmul-outer
  if (getType().getDimSize(0) != rows() * columns())
    return emitOpError("gives ") << getType() << ", not " << rows()
                                 << " rows of " << columns() << " elements";
  // step-matmul-transposed
  if (getTransposedLeft() && getTransposedRight())
    return emitOpError("has two transposed operands");
  // step-matmul-element
  if (left.getElementType() != right.getElementType() ||
      left.getElementType() != getType().getElementType())
    return emitOpError("mixes element types ")
           << left.getElementType() << ", " << right.getElementType() << " and "
           << getType().getElementType();
  // step-matmul-weight
  if (left.getRank() == 2 && right.getRank() == 2)
    return emitOpError("multiplies two weights");
  for (Value operand : getOperands())
    if (cast<RankedTensorType>(operand.getType()).getRank() == 2 &&
        failed(verifyWeight(*this, operand)))
      return failure();
  return success();
}

/// One row or column is the same vector either way.
OpFoldResult StepTransposeOp::fold(FoldAdaptor adaptor) {
  if (auto number = dyn_cast_or_null<SplatElementsAttr>(adaptor.getOperand()))
    return number;
  if (getRows() == 1 || columns() == 1)
    return getOperand();
  auto first = getOperand().getDefiningOp<StepTransposeOp>();
  if (first && first.columns() == int64_t(getRows()))
    return first.getOperand();
  return {};
}

LogicalResult StepTransposeOp::verify() {
  // step-transpose-rows
  if (getType().getDimSize(0) % int64_t(getRows()))
    return emitOpError("has ") << getRows() << " rows of " << getType();
  return success();
}

OpFoldResult SplatOp::fold(FoldAdaptor adaptor) {
  auto scalar = dyn_cast_or_null<SplatElementsAttr>(adaptor.getOperand());
  return scalar ? scalar.resizeSplat(getType()) : Attribute();
}

OpFoldResult ReduceSumOp::fold(FoldAdaptor adaptor) {
  // Other sums would be rounded here, once and differently.
  auto number = zeros(adaptor.getOperand());
  return number ? number.resizeSplat(getType()) : Attribute();
}

OpFoldResult ReduceMaxOp::fold(FoldAdaptor adaptor) {
  auto number = dyn_cast_or_null<SplatElementsAttr>(adaptor.getOperand());
  return number ? number.resizeSplat(getType()) : Attribute();
}

LogicalResult ConcatOp::verify() {
  auto result = getResult().getType();
  if (result.getRank() == 0)
    return emitOpError("result is a scalar");
  int64_t sum = 0;
  for (Value operand : getOperands()) {
    auto type = cast<RankedTensorType>(operand.getType());
    // concat-rest
    if (type.getRank() != result.getRank() ||
        type.getElementType() != result.getElementType() ||
        type.getShape().drop_front() != result.getShape().drop_front())
      return emitOpError("operand ") << type << " does not fit " << result;
    sum += type.getDimSize(0);
  }
  // concat-sum
  if (sum != result.getDimSize(0))
    return emitOpError("operands have ")
           << sum << " rows but result has " << result.getDimSize(0);
  return success();
}

/// All of a value is the value, and what lies within one slice or one part of a
/// concatenation is cut out of that.
OpFoldResult SliceOp::fold(FoldAdaptor adaptor) {
  if (getOperand().getType() == getType())
    return getOperand();
  if (auto number = dyn_cast_or_null<SplatElementsAttr>(adaptor.getOperand()))
    return number.resizeSplat(getType());
  SmallVector<int64_t> offsets(getOffsets());
  if (auto slice = getOperand().getDefiningOp<SliceOp>()) {
    for (auto [mine, outer] : llvm::zip(offsets, slice.getOffsets()))
      mine += outer;
    setOffsets(offsets);
    getOperandMutable().assign(slice.getOperand());
    return getResult();
  }
  if (auto concat = getOperand().getDefiningOp<ConcatOp>())
    for (Value part : concat.getOperands()) {
      int64_t count = cast<RankedTensorType>(part.getType()).getDimSize(0);
      if (offsets[0] >= 0 && offsets[0] + getType().getDimSize(0) <= count) {
        setOffsets(offsets);
        getOperandMutable().assign(part);
        return getResult();
      }
      offsets[0] -= count;
    }
  return {};
}

LogicalResult SliceOp::verify() {
  auto operand = getOperand().getType(), result = getResult().getType();
  ArrayRef<int64_t> offsets = getOffsets();
  // slice-rank
  if (operand.getRank() == 0 || operand.getRank() != result.getRank() ||
      operand.getElementType() != result.getElementType() ||
      int64_t(offsets.size()) != operand.getRank())
    return emitOpError("cuts ") << result << " out of " << operand << " with "
                                << offsets.size() << " offsets";
  // slice-inside
  for (int64_t dim = 0; dim < operand.getRank(); ++dim)
    if (offsets[dim] < 0 ||
        offsets[dim] > operand.getDimSize(dim) - result.getDimSize(dim))
      return emitOpError("cuts ") << result.getDimSize(dim) << " elements from "
                                  << offsets[dim] << " of dimension " << dim
                                  << ", which has " << operand.getDimSize(dim);
  return success();
}

//===----------------------------------------------------------------------===//
// The staged form
//===----------------------------------------------------------------------===//

/// Elements of a scalar or vector.
static int64_t unitsOf(Type type) {
  return cast<RankedTensorType>(type).getNumElements();
}

LogicalResult StageOp::verifyRegions() {
  // stage-units
  for (Type type : getResultTypes())
    if (unitsOf(type) != int64_t(getUnits()))
      return emitOpError("of ") << getUnits() << " units gives " << type;
  auto yield = cast<YieldOp>(getBody().front().getTerminator());
  if (yield.getOperandTypes() != getResultTypes())
    return emitOpError("yields other types than it gives");
  for (Operation &op : getBody().front()) {
    if (auto write = dyn_cast<WriteOp>(op))
      if (unitsOf(write.getValue().getType()) != int64_t(getUnits()))
        return write.emitOpError("writes ")
               << write.getValue().getType() << " in a stage of " << getUnits()
               << " units";
    // stage-whole
    auto comesFromOutside = [&](Value value) {
      Operation *def = value.getDefiningOp();
      return def->getBlock() != &getBody().front() ||
             isa<ReadOp, SliceOp>(def) ||
             def->hasTrait<OpTrait::ConstantLike>();
    };
    SmallVector<Value> whole;
    if (auto affine = dyn_cast<AffineOp>(op)) {
      llvm::append_range(whole, affine.getInputs());
      if (affine.getStart())
        whole.push_back(affine.getStart());
    } else if (isa<StepMatmulOp, StepTransposeOp, ReduceSumOp, ReduceMaxOp,
                   SplatOp, ConcatOp, SliceOp>(op))
      llvm::append_range(whole, op.getOperands());
    for (Value value : whole)
      if (!comesFromOutside(value))
        return op.emitOpError("reads a whole vector that its own stage makes");
  }
  return success();
}

LogicalResult PullbackOp::verifyRegions() {
  Block &body = getBody().front();
  // pullback-inputs
  if (body.getArgumentTypes() != getInputs().getTypes())
    return emitOpError("has ")
           << getInputs().size() << " inputs but its region takes "
           << body.getNumArguments() << ", or of other types";
  // pullback-seeds
  if (body.getTerminator()->getOperandTypes() != getSeeds().getTypes())
    return emitOpError("has ")
           << getSeeds().size() << " seeds but its region yields "
           << body.getTerminator()->getNumOperands() << ", or of other types";
  // pullback-wrt
  if (getWrt().size() != getNumResults())
    return emitOpError("gives ") << getNumResults() << " gradients of "
                                 << getWrt().size() << " inputs";
  for (auto [index, result] : llvm::zip(getWrt(), getResults()))
    if (index < 0 || index >= int64_t(getInputs().size()) ||
        getInputs()[index].getType() != result.getType())
      return emitOpError("gives ")
             << result.getType() << " as the gradient of input " << index;
  return success();
}

LogicalResult AffineOp::verify() {
  // affine-terms
  if (getWeights().empty() || getWeights().size() != getInputs().size() ||
      getWeights().size() != getTransposed().size())
    return emitOpError("has ")
           << getWeights().size() << " weights, " << getInputs().size()
           << " inputs and " << getTransposed().size() << " flags";
  if (getStart() && getStart().getType() != getResult().getType())
    return emitOpError("starts from ")
           << getStart().getType() << " but gives " << getResult().getType();
  for (auto [weight, input, transposed] :
       llvm::zip(getWeights(), getInputs(), getTransposed()))
    // affine-weight
    if (failed(verifyWeight(*this, weight)) ||
        failed(verifyProduct(*this, cast<RankedTensorType>(weight.getType()),
                             cast<RankedTensorType>(input.getType()),
                             getResult().getType(), transposed)))
      return failure();
  return success();
}
