//===- Rounding.cpp - operands of products in bf16 ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/lower/Bf16.h"
#include "compiler/lower/ScanLoops.h"

using namespace mlir;
using namespace rnn;

/// The function that rounds rows to so many parts.
func::FuncOp ScanLoops::roundingFunction(int64_t parts) {
  OpBuilder::InsertionGuard guard(code.b);
  const Target &level = layout.schedule.target;
  auto module = scan->getParentOfType<ModuleOp>();
  return makeRounding(code,
                      "rnn_round_" + std::to_string(parts) + "x" +
                          std::to_string(code.lanes) + "." + level.name,
                      layout.pairs, parts, module);
}

/// Rounds the operands of a stage's products to bf16, some rows on each thread.
void ScanLoops::emitRounding(StageOp stage, const Origin &origin, Value rows) {
  Panels own = ownShare(rows);
  Value count = code.sub(own.last, own.first);
  std::set<int64_t> done; // places of operands, which sites share
  for (const Site &site : layout.sites(stage))
    for (const Term &term : site.terms) {
      if (!done.insert(term.rounded).second)
        continue;
      Access from = accesses.valueAccess(term.input, origin, true);
      Access to = operandOf(stage, term, origin);
      Value rows = code.at(to.base, code.mul(own.first, to.stride));
      auto round = [&](Value source, Value pairs, int64_t size) {
        Value target = code.at(rows, code.mul(pairs, layout.pairs ? 1 : 2));
        func::CallOp::create(
            code.b, code.loc, roundingFunction(term.parts),
            ValueRange{code.at(source, code.mul(own.first, from.stride)),
                       from.stride, target, to.stride, count, code.num(size),
                       code.num(layout.roundedPart(stage))});
      };
      // What the last slot does not fill up of the last line.
      const int64_t depth = llvm::alignTo(term.pairs(), Layout::pairsInLine);
      if (layout.pairs && depth > term.pairsWritten(code.lanes))
        code.loop(code.num(0), count, 1, [&](Value row) {
          Value last = code.at(code.at(rows, code.mul(row, to.stride)),
                               depth - Layout::pairsInLine);
          for (int64_t part = 0; part < term.parts; ++part)
            code.zeroBytes(code.at(last, part * layout.roundedPart(stage)),
                           code.num(64));
        });
      // In the order of k: zeros behind a slot make way for the next one.
      for (int64_t slot = 0; slot < term.slots; ++slot) {
        const int64_t begin = slot * term.pairsOfSlot();
        Value source = code.at(from.base, slot * term.inner.width);
        if (!term.panel) {
          round(source, code.num(begin), term.inner.count);
          continue;
        }
        const int64_t width = term.inner.width, full = term.fullPanels();
        auto roundPanel = [&](Value panel, int64_t units) {
          round(code.at(source, code.mul(from.panelStride, panel)),
                code.add(code.mul(panel, width / 2), begin), units);
        };
        code.loop(0, full, 1, [&](Value panel) { roundPanel(panel, width); });
        if (int64_t rest = term.restUnits())
          roundPanel(code.num(full), rest);
      }
    }
  // Where threads have rows of their own, no other one reads these.
  if (origin.step)
    code.ifElse(apart, [] {}, [&] { emitBarrier(); });
  else
    emitBarrier();
}
