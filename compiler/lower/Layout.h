//===- Layout.h - where the values of a staged cell live --------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every value that crosses from stage to stage, step to step or from forward to
// backward lives in a buffer: in panels, where all values of the same units
// share one array and reuse each other's slots, or in rows. The same analysis
// lays out the packed weights.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_LOWER_LAYOUT_H
#define RNNCC_COMPILER_LOWER_LAYOUT_H

#include "compiler/schedule/Schedule.h"
#include "dialect/CellInterface.h"
#include "dialect/Rnn.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MathExtras.h"
#include <map>

namespace rnn {

/// How the units of a stage are cut into panels. A panel is what one thread
/// computes at a time: `width` units, a multiple of the vector length.
struct Units {
  int64_t count = 0;
  int64_t vectors = 0; ///< in a panel
  int64_t width = 0;   ///< units in a panel
  int64_t panels = 0;

  int64_t padded() const { return panels * width; }
  bool hasTail() const { return count % width != 0; }
  /// Vectors that hold units in the last panel.
  int64_t lastVectors(int64_t lanes) const {
    return (count - (panels - 1) * width + lanes - 1) / lanes;
  }
};

/// Whose memory a buffer is cut out of.
enum class Memory {
  Keep,     ///< the tape, or scratch in a forward pass without one
  Forward,  ///< scratch of forward
  Backward, ///< scratch of backward
};

/// How many rows a buffer has, for C steps at a time and N examples.
enum class Extent {
  Steps,    ///< C * N
  States,   ///< (C + extra) * N: `extra` steps from before the first one
  Step,     ///< N: lives within one step
  Ring,     ///< extra * N: the last `extra` steps, in turn
  Blocks,   ///< C * N, filled up to whole blocks of 32
  Distinct, ///< of all chunks, but at most `extra`; filled up, too
  Once,     ///< 1
};

struct Buffer {
  Memory region;
  Extent extent;
  int64_t extra;
  int64_t rowElements; ///< of all panels together
};

/// Where a value lives. In panels, buffer[panel][row][slot][unit]; in rows,
/// buffer[row][unit], padded to whole panels.
struct Place {
  int64_t buffer = -1;
  bool panel = false;
  int64_t slot = 0;
  Units units;

  explicit operator bool() const { return buffer >= 0; }
};

/// A sum of products over one operand, or over neighbouring slots of one panel
/// buffer. Its packed weights are [panel][affine][k][width]; k runs over a row
/// of the operand, or over its panels, in each over the slots, in each over the
/// units that there are. In bf16 they are [panel][affine][pair of k][width]
/// pairs, filled up with zeros to 16 pairs; k runs over the slots, each an even
/// number, and the operand is rounded to rows of the same order.
struct Term {
  mlir::Value input; ///< the operand; of several slots the first
  bool panel = false;
  int64_t slots = 1;   ///< neighbouring slots multiplied together
  Units inner;         ///< of a slot
  int64_t weights = 0; ///< offset in the packed weights, in elements
  /// In how many parts of bf16 factors are multiplied; 0: as they are.
  int64_t parts = 0;
  int64_t rounded = 0; ///< in bf16: where it begins in a row of Rounded
  /// operand[affine][slot]: which operand of the affine it is.
  llvm::SmallVector<llvm::SmallVector<unsigned>> operand;

  int64_t depth() const { return slots * inner.count; }
  int64_t pairsOfSlot() const { return (inner.count + 1) / 2; }
  int64_t pairs() const { return slots * pairsOfSlot(); }
  /// Pairs of a row that are written when it is rounded: slot by slot and panel
  /// by panel, each in whole vectors.
  int64_t pairsWritten(int64_t lanes) const {
    int64_t begin = panel ? (inner.panels - 1) * inner.width / 2 : 0;
    return (slots - 1) * pairsOfSlot() + begin +
           int64_t(llvm::alignTo(pairsOfSlot() - begin, lanes));
  }
  /// Panels of the operand that are full, and units in the one that is not.
  int64_t fullPanels() const { return panel ? inner.count / inner.width : 0; }
  int64_t restUnits() const { return inner.count - fullPanels() * inner.width; }
};

/// Affines of a stage that read the same inputs: one wide product.
struct Site {
  llvm::SmallVector<AffineOp> affines;
  llvm::SmallVector<Term, 0> terms;
  Units units;
};

/// A parameter, or the part of it that a slice reads.
struct WeightView {
  TensorOp param;
  int64_t row = 0, column = 0;
};
WeightView weightView(mlir::Value weight);

/// What values may live in: panels are for loops that know them, rows are
/// something every code generator can read.
enum class Form { Panels, Rows };

/// Where everything of one staged cell lives.
class Layout {
public:
  Layout(CellOp cell, const Target &target, Form form);

  CellOp cell;
  Schedule schedule;
  CellInterface face;
  Form form;
  int64_t lanes; ///< elements in a vector
  llvm::SmallVector<Buffer> buffers;

  Units units(int64_t count) const;

  /// Of a stage result.
  Place place(mlir::Value value) const { return values.lookup(value); }
  /// Of a state, tape tensor or carry.
  Place place(llvm::StringRef symbol) const { return symbols.lookup(symbol); }
  /// Zeros that stand in for a missing output gradient, if it is multiplied.
  Place standIn(llvm::StringRef symbol) const {
    return standIns.lookup(symbol);
  }

  /// The buffer that has an array over time of the caller's in the order in
  /// which rows are computed, when lengths are given.
  int64_t packed(int64_t array, bool backward) const {
    return packedArrays.at({array, backward});
  }
  /// The buffer that has states `delay` steps late, when lengths are given.
  int64_t shifted(int64_t states, int64_t delay, bool backward) const {
    return shiftedStates.at({states, delay, backward});
  }
  /// The buffer that has, for each distinct vector, what another one has for
  /// each row.
  int64_t shared(int64_t buffer, bool backward) const {
    return sharedBuffers.at({buffer, backward});
  }
  /// The buffer that has the number of each row's distinct vector, in the order
  /// in which rows are computed, when lengths are given.
  int64_t packedNumbers(bool backward) const { return numbers[backward]; }
  /// True of the array of the distinct input, or of its gradient.
  bool isDistinct(int64_t array) const;
  /// All of them of a scan: a key as above, and the buffer.
  std::map<std::pair<int64_t, bool>, int64_t> packedArrays;
  std::map<std::tuple<int64_t, int64_t, bool>, int64_t> shiftedStates;
  std::map<std::pair<int64_t, bool>, int64_t> sharedBuffers;

  const llvm::SmallVector<Site> &sites(StageOp stage) const {
    return stageSites.at(stage);
  }

  // Products in bf16.
  bool bf16;  ///< of the cell
  bool pairs; ///< the level multiplies pairs: operands are rounded to those
  /// In how many parts of bf16 the factors of a stage's products are
  /// multiplied: 1 is rounded, 3 are as exact as f32; 0: as they are.
  int64_t parts(StageOp stage) const;
  /// From part to part of a stage's rounded operands.
  int64_t roundedPart(StageOp stage) const {
    return roundedParts.lookup(stage);
  }
  /// True if a gradient of a weight is a sum over pairs of rows.
  bool isPaired(AccumulateOp op) const;
  /// The buffer that has the columns of such gradients as pairs of rows.
  int64_t pairedColumns(llvm::StringRef key) const {
    return columnBuffers.lookup(key);
  }
  /// Where operands of a stage's products are, rounded: side by side in a row.
  int64_t roundedOperands(StageOp stage) const {
    return roundedBuffers.lookup(stage);
  }
  /// Steps of k in packed weights, with those that fill up.
  int64_t packedDepth(const Term &term) const {
    return term.parts ? term.parts * llvm::alignTo(term.pairs(), pairsInLine)
                      : term.depth();
  }
  /// Elements of the packed weights of a term, with what fills up.
  int64_t packedElements(const Site &site, const Term &term) const {
    return site.units.padded() * int64_t(site.affines.size()) *
           packedDepth(term);
  }
  /// Pairs of bf16 in 64 bytes.
  static constexpr int64_t pairsInLine = 16;
  /// Rows that are summed over together as pairs.
  static constexpr int64_t blockRows = 2 * pairsInLine;

  // Packed weights, offsets in elements: a header, zeros, what is read as it is
  // (vectors, derived tensors, matrices that the backward setup or a product of
  // matrices reads), the weights of products.
  int64_t zeros = 0;
  llvm::StringMap<int64_t> vectors;
  int64_t weightElements = 0;

  /// The buffer of a derived gradient.
  int64_t adjoint(llvm::StringRef symbol) const {
    return adjoints.find(symbol)->second;
  }

  /// Form::Rows: a buffer with a row for sums over some of the rows.
  int64_t partials = -1;

  /// Elements a row of zeros (or of values nobody wants) must have.
  int64_t longestRow = 0;

  /// True if a use reads the whole vector rather than one unit of it.
  static bool isWholeUse(mlir::OpOperand &use);

private:
  struct Pool {
    int64_t buffer = -1;
    int64_t slots = 0;
    llvm::SmallVector<int64_t> free;
  };
  int64_t addBuffer(Memory region, Extent extent, int64_t extra,
                    int64_t rowElements);
  Place inRows(Memory region, Extent extent, int64_t extra, int64_t count);
  Place inPanels(Memory region, int64_t count);
  void release(const Place &place);
  void placeStates();
  void placeAdjoints();
  void placePartials();
  void placeTapeAndValues(ScanOp scan);
  void findSites(ScanOp scan);
  void placeForLengths(ScanOp scan);
  void placeRounded(ScanOp scan);
  void placePairedColumns(ScanOp scan);
  void placeShared(ScanOp scan);
  void share(int64_t buffer, bool backward);
  void placeWeights();
  Site makeSite(llvm::ArrayRef<AffineOp> affines);

  llvm::DenseMap<mlir::Value, Place> values;
  llvm::StringMap<Place> symbols, standIns;
  llvm::StringMap<int64_t> adjoints;
  int64_t numbers[2] = {-1, -1};
  std::map<std::pair<int64_t, int64_t>, Pool> pools; ///< by region and units
  std::map<mlir::Operation *, llvm::SmallVector<Site>> stageSites;
  llvm::DenseMap<mlir::Operation *, int64_t> roundedBuffers, roundedParts;
  llvm::StringMap<int64_t> columnBuffers;
};

/// The stages of a scan, in order.
llvm::SmallVector<StageOp> stagesOf(ScanOp scan);

/// What identifies an operand: reads of one tensor and delay are one operand.
std::string operandKey(mlir::Value value);

} // namespace rnn

#endif // RNNCC_COMPILER_LOWER_LAYOUT_H
