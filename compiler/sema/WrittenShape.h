//===- WrittenShape.h - shapes in the words of the text ---------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_SEMA_WRITTENSHAPE_H
#define RNNCC_COMPILER_SEMA_WRITTENSHAPE_H

#include "compiler/syntax/Ast.h"
#include <optional>
#include <string>

namespace rnn {

using WrittenShape = llvm::SmallVector<std::string, 2>;

/// The shape of an expression of `cell` in the sizes that its declarations are
/// written with, `[2*H, I]`; nothing where the text does not say it. The shapes
/// in the expression need not fit.
std::optional<WrittenShape> writtenShape(const syntax::Expr &expr,
                                         const syntax::Cell &cell);

/// The same of a name.
std::optional<WrittenShape> writtenShape(llvm::StringRef name,
                                         const syntax::Cell &cell);

/// `[2*H, I] = [256, 96]`; `[96]` where that is what is written, or nothing is;
/// `a scalar` for the empty shape.
std::string shapeText(const std::optional<WrittenShape> &written,
                      llvm::ArrayRef<int64_t> shape);

} // namespace rnn

#endif // RNNCC_COMPILER_SEMA_WRITTENSHAPE_H
