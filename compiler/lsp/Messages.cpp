//===- Messages.cpp - only messages that are some -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/lsp/Messages.h"

using namespace rnn::lsp;
using namespace llvm::lsp;
using llvm::StringRef;

/// True if brackets outside strings are nested no deeper than any message
/// needs.
static bool isShallow(StringRef json) {
  constexpr unsigned deepest = 200;
  unsigned depth = 0;
  bool inString = false;
  for (size_t i = 0; i < json.size(); ++i) {
    char c = json[i];
    if (inString && c == '\\')
      ++i;
    else if (c == '"')
      inString = !inString;
    else if (!inString && (c == '{' || c == '[') && ++depth > deepest)
      return false;
    else if (!inString && (c == '}' || c == ']') && depth > 0)
      --depth;
  }
  return true;
}

llvm::LogicalResult CheckedInput::check(StringRef json) {
  auto wrong = [&](llvm::json::Value id, const llvm::Twine &why,
                   ErrorCode code) {
    refuse(std::move(id), llvm::make_error<LSPError>(why.str(), code));
    return llvm::failure();
  };
  if (!isShallow(json))
    return wrong(nullptr, "the message is nested too deeply",
                 ErrorCode::ParseError);
  llvm::Expected<llvm::json::Value> value = llvm::json::parse(json);
  if (!value)
    return wrong(nullptr, llvm::toString(value.takeError()),
                 ErrorCode::ParseError);
  const llvm::json::Object *message = value->getAsObject();
  if (!message)
    return wrong(nullptr, "a message is an object", ErrorCode::InvalidRequest);
  const llvm::json::Value *id = message->get("id");
  bool hasMethod = message->getString("method").has_value();
  bool isReply = id && (message->get("result") || message->get("error"));
  if (message->getString("jsonrpc") == StringRef("2.0") &&
      (hasMethod || isReply))
    return llvm::success();
  return wrong(id ? *id : llvm::json::Value(nullptr),
               "a message has \"jsonrpc\": \"2.0\" and a \"method\"",
               ErrorCode::InvalidRequest);
}

llvm::LogicalResult CheckedInput::readStandardMessage(std::string &json) {
  if (failed(input.readStandardMessage(json)))
    return llvm::failure();
  return check(json);
}

llvm::LogicalResult CheckedInput::readDelimitedMessage(std::string &json) {
  if (failed(input.readDelimitedMessage(json)))
    return llvm::failure();
  return check(json);
}
