//===- Lexer.cpp - text to tokens -----------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/syntax/Lexer.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace rnn::syntax;
using llvm::StringRef;

llvm::ArrayRef<StringRef> rnn::syntax::reservedWords() {
  static constexpr StringRef words[] = {
      "cell",  "model",  "fn",   "schedule", "input", "target", "state",
      "param", "output", "loss", "metric",   "t",     "T"};
  return words;
}

bool rnn::syntax::isReserved(StringRef word) {
  return llvm::is_contained(reservedWords(), word);
}

/// Symbols and what they mean; longer ones before their beginnings.
static constexpr std::pair<StringRef, StringRef> symbols[] = {
    {"<=", "<="}, {">=", ">="}, {"==", "=="},   {"!=", "!="}, {"(", "("},
    {")", ")"},   {"[", "["},   {"]", "]"},     {"{", "{"},   {"}", "}"},
    {",", ","},   {":", ":"},   {";", ";"},     {"=", "="},   {"+", "+"},
    {"-", "-"},   {"*", "*"},   {"/", "/"},     {"@", "@"},   {"'", "'"},
    {"<", "<"},   {">", ">"},   {"\u2299", "*"}};

static bool startsName(char c) { return llvm::isAlpha(c) || c == '_'; }
static bool continuesName(char c) { return llvm::isAlnum(c) || c == '_'; }
static bool isBlank(char c) { return StringRef(" \t\r\n").contains(c); }

Lexer::Lexer(StringRef text, StringRef file, MLIRContext *context)
    : rest(text), lineStart(text.data()), file(StringAttr::get(context, file)) {
  rest.consume_front("\xEF\xBB\xBF"); // a byte order mark
}

Location Lexer::locate() const {
  return FileLineColLoc::get(file, line, rest.data() - lineStart + 1);
}

/// Characters of the name that comes next. Behind `schedule` it may be that of
/// a part of a model, Tagger.LSTM.2.
size_t Lexer::nameLength() const {
  size_t length = rest.take_while(continuesName).size();
  while (isScheduled && length + 1 < rest.size() && rest[length] == '.' &&
         continuesName(rest[length + 1]))
    length += 1 + rest.drop_front(length + 1).take_while(continuesName).size();
  return length;
}

void Lexer::skipBlanks() {
  while (!rest.empty()) {
    if (rest.front() == '#') {
      rest = rest.drop_until([](char c) { return c == '\n'; });
      continue;
    }
    if (!isBlank(rest.front()))
      return;
    bool ends = rest.front() == '\n';
    rest = rest.drop_front();
    if (ends) {
      ++line;
      lineStart = rest.data();
      startsLine = true;
    }
  }
}

Token Lexer::take(TokenKind kind, size_t length, StringRef meaning) {
  StringRef source = rest.take_front(length);
  Token token{kind, meaning.empty() ? source : meaning, source, locate(),
              startsLine};
  rest = rest.drop_front(length);
  startsLine = false;
  isScheduled = kind == TokenKind::Keyword && source == "schedule";
  return token;
}

/// Numbers as in C, decimal: `1`, `0.5`, `.5`, `1e-3`. What is none is reported
/// and taken for 0, so that what stands behind it can be read.
Token Lexer::lexNumber() {
  size_t length = 0;
  auto skipDigits = [&] {
    size_t start = length;
    while (length < rest.size() && llvm::isDigit(rest[length]))
      ++length;
    return length > start;
  };
  bool valid = skipDigits();
  if (length < rest.size() && rest[length] == '.') {
    ++length;
    valid |= skipDigits();
  }
  if (length < rest.size() && (rest[length] == 'e' || rest[length] == 'E')) {
    ++length;
    if (length < rest.size() && (rest[length] == '+' || rest[length] == '-'))
      ++length;
    valid &= skipDigits();
  }
  while (length < rest.size() &&
         (continuesName(rest[length]) || rest[length] == '.')) {
    ++length;
    valid = false;
  }
  if (valid)
    return take(TokenKind::Number, length);
  ++errors;
  emitError(locate()) << "'" << rest.take_front(length)
                      << "' is not a number [bad-number]";
  return take(TokenKind::Number, length, "0");
}

/// What people write who come from elsewhere, and what is written here.
static constexpr std::pair<StringRef, StringRef> foreign[] = {
    {"^", "there is no power; write 'x * x', or 'exp(p * log(x))' for x > 0"},
    {"&", "for 'and', multiply: '(a < b) * (b < c)'"},
    {"|", "for 'or', take 'max(a, b)'"},
    {"!", "for 'not', write '1 - a'"},
    {"?", "a choice is written 'where(c, a, b)'"},
    {".", "a product is written 'W @ x', a transposed matrix 'W''"},
    {"\"", "there are no texts; a comment begins with '#'"},
    {"\u00a0", "it is a no-break space; write a plain one"},
    {"\u2212", "minus is written '-'"},
    {"\u00b7", "a product is written 'W @ x' or 'a * b'"},
    {"\u00d7", "a product is written 'W @ x' or 'a * b'"}};

/// What others call their functions' home.
static constexpr StringRef modules[] = {"F",  "jax", "jnp",   "keras", "math",
                                        "nn", "np",  "numpy", "tf",    "torch"};

/// If the '.' that was read stands behind the name of a module: reads on to the
/// end of the path, and gives all of it ("torch.nn.").
StringRef Lexer::takeModulePath(const char *dot) {
  const char *begin = dot;
  while (begin > lineStart && continuesName(begin[-1]))
    --begin;
  if (!llvm::is_contained(modules, StringRef(begin, dot - begin)))
    return "";
  while (true) {
    StringRef word = rest.take_while(continuesName);
    if (word.empty() || !rest.drop_front(word.size()).starts_with("."))
      return StringRef(begin, rest.data() - begin);
    rest = rest.drop_front(word.size() + 1);
  }
}

/// "this character, U+00A0,", or the byte that is no character.
static std::string nameOf(StringRef bad) {
  auto *begin = reinterpret_cast<const llvm::UTF8 *>(bad.data()), *at = begin;
  llvm::UTF32 letter;
  if (llvm::convertUTF8Sequence(&at, begin + bad.size(), &letter,
                                llvm::strictConversion) != llvm::conversionOK)
    return llvm::formatv("this byte, {0:X2},", uint8_t(bad.front()));
  return llvm::formatv("this character, U+{0:X-4},", letter);
}

/// Reports a run of characters that mean nothing, once.
void Lexer::reportBadCharacters() {
  Location loc = locate();
  auto isKnown = [](StringRef text) {
    char c = text.front();
    return isBlank(c) || c == '#' || continuesName(c) ||
           text.starts_with("\u03c3") ||
           llvm::any_of(symbols, [&](auto &symbol) {
             return text.starts_with(symbol.first);
           });
  };
  StringRef start = rest;
  do
    rest = rest.drop_front();
  while (!rest.empty() && !isKnown(rest));
  StringRef bad = start.drop_back(rest.size());
  StringRef path = bad == "." ? takeModulePath(start.data()) : "";
  ++errors;
  InFlightDiagnostic error = emitError(loc);
  if (llvm::all_of(bad, llvm::isPrint))
    error << "'" << bad << "'";
  else
    error << nameOf(bad);
  error << " has no meaning here [bad-character]";
  auto known = llvm::find_if(
      foreign, [&](auto &it) { return bad.starts_with(it.first); });
  if (!path.empty())
    error.attachNote(loc) << "functions have no path: leave out '" << path
                          << "'";
  else if (known != std::end(foreign))
    error.attachNote(loc) << known->second;
  else if (bad.front() & 0x80)
    error.attachNote(loc) << "names are made of the letters a to z and A to Z, "
                             "digits and '_'";
}

Token Lexer::next() {
  while (true) {
    skipBlanks();
    if (rest.empty())
      return take(TokenKind::End, 0, "the end of the file");
    char c = rest.front();
    if (startsName(c)) {
      StringRef word = rest.take_front(nameLength());
      return take(isReserved(word) ? TokenKind::Keyword : TokenKind::Name,
                  word.size());
    }
    if (llvm::isDigit(c) ||
        (c == '.' && rest.size() > 1 && llvm::isDigit(rest[1])))
      return lexNumber();
    if (rest.starts_with("\u03c3")) // σ
      return take(TokenKind::Name, 2, "sigmoid");
    for (auto [written, meaning] : symbols)
      if (rest.starts_with(written))
        return take(TokenKind::Symbol, written.size(), meaning);
    reportBadCharacters();
  }
}
