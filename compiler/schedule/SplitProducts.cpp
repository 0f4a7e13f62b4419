//===- SplitProducts.cpp - multiply the parts of a concatenation apart ----===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   %v = rnn.concat %a, %b         %wa = slice %w columns [0, A)
//   %y = rnn.matvec %w, %v   ==>   %wb = slice %w columns [A, A + B)
//                                  %y  = matvec %wa, %a + matvec %wb, %b
//
//===----------------------------------------------------------------------===//

#include "compiler/schedule/Passes.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace rnn {
#define GEN_PASS_DEF_SPLITPRODUCTSPASS
#include "compiler/schedule/Passes.h.inc"
} // namespace rnn

using namespace mlir;
using namespace rnn;

/// Rows or columns of a weight, cut out of the parameter itself even if the
/// weight is a slice already.
static Value sliceOfWeight(OpBuilder &b, Value weight, unsigned dim,
                           int64_t offset, int64_t size) {
  auto type = cast<RankedTensorType>(weight.getType());
  SmallVector<int64_t> shape(type.getShape()), offsets = {0, 0};
  shape[dim] = size;
  offsets[dim] = offset;
  if (auto slice = weight.getDefiningOp<SliceOp>()) {
    for (auto [mine, whole] : llvm::zip(offsets, slice.getOffsets()))
      mine += whole;
    weight = slice.getOperand();
  }
  return SliceOp::create(b, weight.getLoc(),
                         RankedTensorType::get(shape, type.getElementType()),
                         weight, b.getDenseI64ArrayAttr(offsets));
}

namespace {
struct SplitProduct : OpRewritePattern<MatvecOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(MatvecOp op,
                                PatternRewriter &rewriter) const override {
    auto concat = op.getInput().getDefiningOp<ConcatOp>();
    if (!concat)
      return failure();
    Value sum;
    int64_t offset = 0;
    for (Value part : concat.getOperands()) {
      int64_t size = cast<RankedTensorType>(part.getType()).getDimSize(0);
      Value weight = sliceOfWeight(rewriter, op.getWeight(),
                                   op.getTransposed() ? 0 : 1, offset, size);
      Value product = MatvecOp::create(rewriter, op.getLoc(), op.getType(),
                                       op.getTransposed(), weight, part);
      sum = sum ? Value(arith::AddFOp::create(rewriter, op.getLoc(), sum,
                                              product))
                : product;
      offset += size;
    }
    rewriter.replaceOp(op, sum);
    return success();
  }
};

struct SplitProductsPass : rnn::impl::SplitProductsPassBase<SplitProductsPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<SplitProduct>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
