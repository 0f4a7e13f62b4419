//===- Messages.h - only messages that are some -----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// LLVM's transport stops at a message that is JSON but no JSON-RPC, and LLVM's
// JSON reader recurses as deeply as its text is nested. What comes in is
// checked before either sees it.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_LSP_MESSAGES_H
#define RNNCC_COMPILER_LSP_MESSAGES_H

#include "llvm/Support/LSP/Transport.h"

namespace rnn::lsp {

class CheckedInput : public llvm::lsp::JSONTransportInput {
public:
  using Refuse = std::function<void(llvm::json::Value id, llvm::Error)>;

  /// Calls `refuse` for each message that is none, with its id, or null, and
  /// the reason. Such a message goes no further.
  CheckedInput(std::FILE *in, Refuse refuse)
      : input(in), refuse(std::move(refuse)) {}

  bool hasError() const override { return input.hasError(); }
  bool isEndOfInput() const override { return input.isEndOfInput(); }
  llvm::LogicalResult readStandardMessage(std::string &json) override;
  llvm::LogicalResult readDelimitedMessage(std::string &json) override;

private:
  llvm::LogicalResult check(llvm::StringRef json);

  llvm::lsp::JSONTransportInputOverFile input;
  Refuse refuse;
};

} // namespace rnn::lsp

#endif // RNNCC_COMPILER_LSP_MESSAGES_H
