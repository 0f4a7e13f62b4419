//===- Answers.cpp - what editors ask about a text ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/lsp/Answers.h"
#include "compiler/lsp/Words.h"
#include "compiler/sema/Functions.h"
#include "llvm/ADT/STLExtras.h"

using namespace rnn::lsp;
using namespace llvm::lsp;
using llvm::StringRef;
using rnn::syntax::TokenKind;

//===----------------------------------------------------------------------===//
// Diagnostics
//===----------------------------------------------------------------------===//

std::vector<Diagnostic> rnn::lsp::diagnosticsOf(const Document &document,
                                                const URIForFile &uri) {
  std::vector<Diagnostic> diagnostics;
  for (const Problem &problem : document.problems) {
    Diagnostic diagnostic;
    diagnostic.range = document.text.rangeOf(problem.place);
    diagnostic.severity = problem.isError ? DiagnosticSeverity::Error
                                          : DiagnosticSeverity::Warning;
    diagnostic.source = "rnncc";
    // Errors quote the text, and may cut it within a character.
    diagnostic.message = llvm::json::fixUTF8(problem.message);
    if (StringRef(problem.message).ends_with("[unused-name]"))
      diagnostic.tags.push_back(DiagnosticTag::Unnecessary);
    std::vector<DiagnosticRelatedInformation> related;
    for (const Problem &note : problem.notes)
      related.emplace_back(
          llvm::lsp::Location(uri, document.text.rangeOf(note.place)),
          llvm::json::fixUTF8(note.message));
    if (!related.empty())
      diagnostic.relatedInformation = std::move(related);
    diagnostics.push_back(std::move(diagnostic));
  }
  return diagnostics;
}

//===----------------------------------------------------------------------===//
// The name at a place
//===----------------------------------------------------------------------===//

namespace {
/// A name of the text, in its cell or function, or a word of the language.
struct Meaning {
  const Piece *piece = nullptr;
  const Section *section = nullptr;
  const Name *name = nullptr;
  const Word *word = nullptr;
};
} // namespace

/// The opening bracket that the piece `index` stands in, or null.
static const Piece *openBracket(llvm::ArrayRef<Piece> pieces, size_t index) {
  unsigned closed = 0;
  while (index-- > 0) {
    const Piece &piece = pieces[index];
    if (piece.is("]") || piece.is(")"))
      ++closed;
    else if (piece.is("{") || piece.is("}"))
      return nullptr;
    else if ((piece.is("[") || piece.is("(")) && closed-- == 0)
      return &piece;
  }
  return nullptr;
}

static bool opensShape(llvm::ArrayRef<Piece> pieces, const Piece *bracket) {
  return bracket && bracket->is("[") && bracket != pieces.begin() &&
         bracket[-1].is(":");
}

/// True if an initialiser is expected at the piece `index`: after `: [..] =`.
static bool isInitialiser(llvm::ArrayRef<Piece> pieces, size_t index) {
  return index >= 2 && pieces[index - 1].is("=") && pieces[index - 2].is("]") &&
         opensShape(pieces, openBracket(pieces, index - 2));
}

static Meaning meaningAt(const Document &document, const Position &position) {
  Meaning meaning;
  size_t offset = document.text.offsetOf(position);
  const Piece *piece = meaning.piece = document.pieceAt(offset);
  if (!piece)
    return meaning;
  if (piece->kind == TokenKind::Keyword)
    meaning.word = findWord(Word::Keyword, piece->text);
  if (piece->kind != TokenKind::Name)
    return meaning;

  size_t index = piece - document.pieces.data();
  bool isCalled =
      index + 1 < document.pieces.size() && document.pieces[index + 1].is("(");
  if (isInitialiser(document.pieces, index)) {
    meaning.word = findWord(Word::Initialiser, piece->text);
    return meaning;
  }
  meaning.section = document.sectionAt(piece->place.begin);
  if (meaning.section &&
      piece->place.begin == meaning.section->name.place.begin) {
    meaning.name = &meaning.section->name;
    return meaning;
  }
  const Name *inner =
      meaning.section ? meaning.section->find(piece->text) : nullptr;
  if (inner && (!isCalled || inner->kind == Name::Choice)) {
    meaning.name = inner;
    return meaning;
  }
  if (const Section *section = document.findSection(piece->text)) {
    meaning.section = section;
    meaning.name = &section->name;
  } else {
    meaning.word = findWord(Word::Function, piece->text);
  }
  return meaning;
}

static std::string kindOf(const Name &name, const Section &section) {
  static constexpr StringRef kinds[] = {
      "cell",  "function", "argument", "size", "function parameter",
      "input", "state",    "param",    "local"};
  std::string text = kinds[name.kind].str();
  if (&name == &section.name && section.isModel)
    return "model";
  if (&name != &section.name)
    text += " of `" + section.name.text + "`";
  return text;
}

std::optional<Hover> rnn::lsp::hoverAt(const Document &document,
                                       const Position &position) {
  Meaning meaning = meaningAt(document, position);
  if (!meaning.name && !meaning.word)
    return std::nullopt;
  Hover hover(document.text.rangeOf(meaning.piece->place));
  std::string &text = hover.contents.value;
  if (meaning.word) {
    text = "`" + meaning.word->text.str() + "`: " + meaning.word->about;
    return hover;
  }
  const Name &name = *meaning.name;
  text = "```rnn\n" + name.declaration + "\n```\n" +
         kindOf(name, *meaning.section);
  if (!name.shape.empty())
    text += ", shape `" + name.shape + "`";
  if (!name.numbers.empty())
    text += " = `" + name.numbers + "`";
  else if (name.kind == Name::Size)
    text += ", given when compiling";
  text = llvm::json::fixUTF8(text);
  return hover;
}

std::vector<llvm::lsp::Location>
rnn::lsp::definitionAt(const Document &document, const Position &position,
                       const URIForFile &uri) {
  Meaning meaning = meaningAt(document, position);
  if (!meaning.name)
    return {};
  return {llvm::lsp::Location(uri, document.text.rangeOf(meaning.name->place))};
}

//===----------------------------------------------------------------------===//
// Completion
//===----------------------------------------------------------------------===//

static CompletionItemKind completionKind(Name::Kind kind) {
  switch (kind) {
  case Name::Cell:
    return CompletionItemKind::Class;
  case Name::Function:
  case Name::Choice:
    return CompletionItemKind::Function;
  case Name::Size:
    return CompletionItemKind::Constant;
  case Name::Param:
    return CompletionItemKind::Property;
  case Name::State:
    return CompletionItemKind::Field;
  case Name::Argument:
  case Name::Input:
  case Name::Local:
    return CompletionItemKind::Variable;
  }
  llvm_unreachable("all kinds are handled");
}

namespace {
/// A completion in the making, and the place it is for.
struct Completion {
  const Document &document;
  size_t offset;
  size_t index; ///< of the piece that is typed, or would be
  const Section *section;
  CompletionList list;

  const Piece *before(size_t steps = 1) const {
    return index >= steps ? &document.pieces[index - steps] : nullptr;
  }
  bool follows(StringRef symbol) const {
    return before() && before()->is(symbol);
  }

  void add(StringRef label, CompletionItemKind kind, StringRef detail) {
    CompletionItem item(label, kind);
    item.detail = llvm::json::fixUTF8(detail);
    list.items.push_back(std::move(item));
  }
  void addWords(Word::Kind kind, CompletionItemKind itemKind) {
    for (const Word &word : words())
      if (word.kind == kind)
        add(word.text, itemKind, word.about);
  }
  void addKeywords(llvm::ArrayRef<StringRef> keywords) {
    for (StringRef keyword : keywords)
      add(keyword, CompletionItemKind::Keyword, "word of the language");
  }
  /// The names of the section that are defined by now.
  void addNames(llvm::function_ref<bool(const Name &)> isWanted) {
    if (!section)
      return;
    StringRef text = document.text.str();
    size_t lineStart = text.take_front(offset).rfind('\n') + 1;
    for (const Name &name : section->names) {
      bool isInItsOwnEquation =
          name.kind == Name::Local && name.place.begin >= lineStart;
      if (name.place.end < offset && !isInItsOwnEquation && isWanted(name))
        add(name.text, completionKind(name.kind), name.declaration);
    }
  }
  void addLayers() {
    for (const Section &other : document.sections)
      if (other.name.kind == Name::Cell && !other.isModel &&
          !other.name.text.empty())
        add(other.name.text, CompletionItemKind::Class, other.name.declaration);
    for (StringRef layer : rnn::layerNames())
      add(layer, CompletionItemKind::Function, "layer, loss or metric");
  }
  void addFunctions() {
    for (const Section &other : document.sections)
      if (other.name.kind == Name::Function && !other.name.text.empty() &&
          &other != section)
        add(other.name.text, CompletionItemKind::Function,
            other.name.declaration);
    addWords(Word::Function, CompletionItemKind::Function);
  }
};
} // namespace

/// True if `offset` stands in a comment.
static bool isComment(StringRef text, size_t offset) {
  StringRef line = text.take_front(offset);
  return line.substr(line.rfind('\n') + 1).contains('#');
}

/// True if the first word of a line stands at `offset`, or would.
static bool startsLine(StringRef text, size_t offset) {
  StringRef line = text.take_front(offset);
  line = line.substr(line.rfind('\n') + 1).ltrim(" \t");
  return llvm::all_of(line,
                      [](char c) { return llvm::isAlnum(c) || c == '_'; });
}

CompletionList rnn::lsp::completionAt(const Document &document,
                                      const Position &position) {
  StringRef text = document.text.str();
  size_t offset = document.text.offsetOf(position);
  // The piece under way ends here or later.
  size_t index = 0;
  while (index < document.pieces.size()) {
    const Piece &piece = document.pieces[index];
    if (piece.place.end > offset ||
        (piece.place.end == offset && piece.kind != TokenKind::Symbol))
      break;
    ++index;
  }
  bool isNumber = index < document.pieces.size() &&
                  document.pieces[index].kind == TokenKind::Number &&
                  document.pieces[index].place.begin < offset;
  Completion completion{
      document, offset, index, document.sectionAt(offset), {}};
  if (isComment(text, offset) || isNumber || completion.follows("cell") ||
      completion.follows("fn") || completion.follows("input") ||
      completion.follows("state") || completion.follows("param") ||
      completion.follows("model") || completion.follows("target"))
    return completion.list;

  bool isTopLevel =
      !completion.section || completion.section->name.kind == Name::Function;
  if (isTopLevel && startsLine(text, offset))
    completion.addKeywords({"cell", "fn", "model"});
  if (!completion.section)
    return completion.list;
  if (isInitialiser(document.pieces, index)) {
    completion.addWords(Word::Initialiser, CompletionItemKind::EnumMember);
    return completion.list;
  }
  if (opensShape(document.pieces, openBracket(document.pieces, index))) {
    completion.addNames(
        [](const Name &name) { return name.kind == Name::Size; });
    return completion.list;
  }
  if (completion.follows("output")) {
    completion.addNames([](const Name &name) {
      return name.kind == Name::State || name.kind == Name::Local;
    });
    return completion.list;
  }
  bool startsStatement = startsLine(text, offset) || completion.follows(";") ||
                         completion.follows("{");
  bool isModel = completion.section->isModel;
  if (isModel && startsStatement)
    completion.addKeywords(
        {"input", "target", "param", "loss", "metric", "output"});
  else if (!isTopLevel && startsStatement)
    completion.addKeywords({"input", "state", "param", "output"});
  completion.addNames([](const Name &) { return true; });
  if (isModel)
    completion.addLayers();
  completion.addFunctions();
  return completion.list;
}

//===----------------------------------------------------------------------===//
// Symbols
//===----------------------------------------------------------------------===//

static SymbolKind symbolKind(Name::Kind kind) {
  switch (kind) {
  case Name::Cell:
    return SymbolKind::Class;
  case Name::Function:
  case Name::Choice:
    return SymbolKind::Function;
  case Name::Size:
    return SymbolKind::Constant;
  case Name::Param:
    return SymbolKind::Property;
  case Name::State:
    return SymbolKind::Field;
  case Name::Argument:
  case Name::Input:
  case Name::Local:
    return SymbolKind::Variable;
  }
  llvm_unreachable("all kinds are handled");
}

std::vector<DocumentSymbol> rnn::lsp::symbolsOf(const Document &document) {
  std::vector<DocumentSymbol> symbols;
  for (const Section &section : document.sections) {
    if (section.name.text.empty())
      continue;
    StringRef text = document.text.piece(section.extent).rtrim();
    Range whole = document.text.rangeOf(
        {section.extent.begin, section.extent.begin + text.size()});
    DocumentSymbol symbol(section.name.text, symbolKind(section.name.kind),
                          whole, document.text.rangeOf(section.name.place));
    for (const Name &name : section.names) {
      Range place = document.text.rangeOf(name.place);
      DocumentSymbol child(name.text, symbolKind(name.kind), place, place);
      child.detail = name.shape.empty() ? name.numbers : name.shape;
      symbol.children.push_back(std::move(child));
    }
    symbols.push_back(std::move(symbol));
  }
  return symbols;
}
