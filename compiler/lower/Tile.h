//===- Tile.h - products in register tiles ----------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All products of a compiled cell, forward, backward and of weight gradients,
// are one loop nest with different strides:
//
//     c[m, n] = init[m, n] + sum over k of a[m, k] * b[k, n]
//
// A tile of rows m times vectors of n stays in registers over all k. Functions
// are made per set of strides known when compiling, and shared by all uses.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_LOWER_TILE_H
#define RNNCC_COMPILER_LOWER_TILE_H

#include "compiler/lower/Code.h"
#include "compiler/schedule/Target.h"
#include <map>
#include <set>

namespace rnn {

/// What a step of k multiplies.
enum class Factors {
  Elements,   ///< an element of a with elements of b
  Pairs,      ///< a pair of bf16 with pairs, as Bf16.h has them
  HalfPaired, ///< two elements of a, which are rounded to bf16, with pairs
};

/// What is known about a product when compiling. Strides count elements, and a
/// step of k is what `factors` says.
struct TileShape {
  Factors factors = Factors::Elements;
  int64_t vectors = 2;   ///< vectors of n in a group
  int64_t aRow = 0;      ///< from a[m, k] to a[m+1, k]
  int64_t aStep = 1;     ///< from a[m, k] to a[m, k+1]
  int64_t bStep = 0;     ///< from b[k, n] to b[k+1, n]
  int64_t cRow = 0;      ///< from c[m, n] to c[m+1, n]
  int64_t tailLanes = 0; ///< lanes of the last vector; 0: all
  bool prefetch = false; ///< fetch the next group of b meanwhile
  /// The same in tiles of few rows, too, which read b so fast that the hardware
  /// fetches it better by itself.
  bool prefetchForFew = false;
  /// Fetch the next block of a meanwhile: a's blocks lie far apart, its rows
  /// side by side.
  bool prefetchBlocks = false;
  bool manyRows = false; ///< no fewer rows are asked for than a tile can have
  /// The only numbers of rows asked for; 0, 0: any, known when running.
  int64_t rows[2] = {0, 0};
  /// Most rows of a tile; 0: as many as its registers hold.
  int64_t mostRows = 0;
  /// Steps of k in a turn of the loop; 0: fewer for larger tiles.
  int64_t unroll = 0;
  /// Factors are sums of so many parts in bf16, the largest first: those of a
  /// lie `aPart` apart, those of b follow each other for 16 pairs each.
  int64_t parts = 1;
  int64_t aPart = 0;

  std::string name(mlir::FloatType element, int64_t lanes) const;
};

/// What is known about a product when running.
struct TileArguments {
  mlir::Value rows;   ///< m
  mlir::Value groups; ///< how many groups of vectors; each has its own b and c
  mlir::Value a;      ///< a[0, 0]
  mlir::Value aBlock; ///< k comes in blocks: from one block of a to the next
  mlir::Value blocks; ///< number of blocks
  mlir::Value blockSize; ///< k in a block
  mlir::Value b;         ///< b[0, 0] of the first group
  mlir::Value bGroup;    ///< from one group to the next
  mlir::Value bAfter;    ///< from the last group to what is read after it
  mlir::Value init;      ///< init[0, 0] of the first group; may be c
  mlir::Value initRow;   ///< from init[m, n] to init[m+1, n]
  mlir::Value initGroup;
  mlir::Value c;
  mlir::Value cGroup;
};

/// Makes tile functions in a module, each once.
class Tiles {
public:
  Tiles(mlir::ModuleOp module, const Target &target)
      : module(module), target(target) {}

  /// Calls the product of that shape at the insertion point of `code`.
  void call(Code &code, const TileShape &shape, const TileArguments &arguments);

  /// Most rows in a tile of one group.
  int64_t mostRows(const TileShape &shape) const {
    if (shape.mostRows)
      return shape.mostRows;
    return target.mostRows(shape.vectors);
  }

private:
  int64_t mostRowsFor(const TileShape &shape) const;
  mlir::func::FuncOp makeTile(Code &code, const TileShape &shape, int64_t rows,
                              int64_t groups);
  mlir::func::FuncOp makeDispatcher(Code &code, const TileShape &shape);
  /// In MatrixTile.cpp: for levels with a matrix unit.
  mlir::func::FuncOp makeMatrixDispatcher(Code &code, const TileShape &shape);
  static mlir::func::FuncOp beginDispatcher(Code &code, const std::string &name,
                                            mlir::ModuleOp module);

  mlir::ModuleOp module;
  const Target &target;
  std::map<std::string, mlir::func::FuncOp> functions;
};

} // namespace rnn

#endif // RNNCC_COMPILER_LOWER_TILE_H
