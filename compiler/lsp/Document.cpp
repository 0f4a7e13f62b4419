//===- Document.cpp - a text and what the compiler says of it -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/lsp/Document.h"
#include "compiler/lsp/StandIns.h"
#include "compiler/syntax/Parser.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace rnn;
using namespace rnn::lsp;
using rnn::syntax::TokenKind;

//===----------------------------------------------------------------------===//
// Pieces and sections
//===----------------------------------------------------------------------===//

void Document::cut(MLIRContext &context, StringRef file) {
  // The parser will say again what the lexer says of wrong characters.
  ScopedDiagnosticHandler silence(&context, [](Diagnostic &) {});
  syntax::Lexer lexer(text.str(), file, &context);
  for (syntax::Token token = lexer.next(); token.kind != TokenKind::End;
       token = lexer.next()) {
    size_t begin = token.source.data() - text.str().data();
    pieces.push_back({token.kind,
                      token.text.str(),
                      {begin, begin + token.source.size()},
                      token.startsLine});
  }
}

void Document::findSections() {
  for (size_t i = 0; i < pieces.size(); ++i) {
    bool isModel = pieces[i].is("model");
    bool isCell = pieces[i].is("cell") || isModel;
    if (!isCell && !pieces[i].is("fn"))
      continue;
    size_t end = i + 1;
    bool closed = false;
    for (; end < pieces.size() && !closed; ++end) {
      const Piece &piece = pieces[end];
      if (piece.is("cell") || piece.is("fn") || piece.is("model") ||
          piece.is("schedule"))
        break;
      closed = isCell && piece.is("}");
    }
    size_t last =
        end < pieces.size() ? pieces[end].place.begin : text.str().size() + 1;
    if (closed)
      last = pieces[end - 1].place.end;
    bool hasName = i + 1 < end && pieces[i + 1].kind == TokenKind::Name;
    const Piece &named = pieces[hasName ? i + 1 : i];
    Section section{{isCell ? Name::Cell : Name::Function,
                     hasName ? named.text : "", named.place, "", "", ""},
                    {pieces[i].place.begin, last},
                    {},
                    isModel};
    // A cell is told by its first line, a function by its text.
    size_t head = i + 1;
    for (; head < end && !(isCell && pieces[head].is("{")); ++head) {
      const Piece &before = pieces[head - 1];
      if (!isCell && pieces[head].kind == TokenKind::Name &&
          (before.is("(") || before.is(",")))
        section.names.push_back({Name::Argument, pieces[head].text,
                                 pieces[head].place, pieces[head].text, "",
                                 ""});
      if (!isCell && pieces[head].is("="))
        break;
    }
    size_t shown = isCell ? head : end;
    section.name.declaration =
        text.piece({pieces[i].place.begin, pieces[shown - 1].place.end}).str();
    sections.push_back(std::move(section));
  }
}

const Name *Section::find(StringRef text) const {
  for (const Name &name : names)
    if (name.text == text)
      return &name;
  return nullptr;
}

const Piece *Document::pieceAt(size_t offset) const {
  const Piece *found = nullptr;
  for (const Piece &piece : pieces)
    if (piece.place.begin <= offset && offset <= piece.place.end)
      // Of two that meet here the name is the one that is meant.
      if (!found || piece.kind != TokenKind::Symbol)
        found = &piece;
  return found;
}

const Section *Document::sectionAt(size_t offset) const {
  for (const Section &section : sections)
    if (section.contains(offset))
      return &section;
  return nullptr;
}

const Section *Document::findSection(StringRef name) const {
  for (const Section &section : sections)
    if (section.name.text == name)
      return &section;
  return nullptr;
}

Section *Document::sectionOf(const syntax::Cell &cell) {
  size_t place = text.offsetOf(cell.name.loc);
  for (Section &section : sections)
    if (section.name.place.begin == place)
      return &section;
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Problems
//===----------------------------------------------------------------------===//

/// The piece at `loc`; a character where there is none.
Span Document::spanAt(Location loc) const {
  size_t begin = text.offsetOf(loc);
  auto piece = llvm::lower_bound(pieces, begin, [](auto &piece, size_t offset) {
    return piece.place.begin < offset;
  });
  if (piece != pieces.end() && piece->place.begin == begin)
    return piece->place;
  StringRef rest = text.str().drop_front(begin);
  size_t length = rest.empty() || rest.front() == '\n' ? 0 : 1;
  while (length && length < rest.size() && (rest[length] & 0xC0) == 0x80)
    ++length;
  return {begin, begin + length};
}

Problem Document::problemOf(Diagnostic &diagnostic) const {
  Problem problem{diagnostic.getSeverity() == DiagnosticSeverity::Error,
                  spanAt(diagnostic.getLocation()),
                  diagnostic.str(),
                  {}};
  for (Diagnostic &note : diagnostic.getNotes())
    problem.notes.push_back(problemOf(note));
  return problem;
}

static bool isSame(const Problem &left, const Problem &right) {
  auto nameOf = [](StringRef message) { return message.rsplit('[').second; };
  return left.place.begin == right.place.begin &&
         nameOf(left.message) == nameOf(right.message);
}

/// Speaks of sizes by name, where they come from stand-ins.
static void nameSizes(Problem &problem, const SizeNames &sizes) {
  problem.message = sizes.replaceIn(problem.message);
  for (Problem &note : problem.notes)
    nameSizes(note, sizes);
}

void Document::check(MLIRContext &context, StringRef file,
                     ArrayRef<Setting> given) {
  std::vector<Problem> *collected = &problems;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    collected->push_back(problemOf(diagnostic));
  });
  bool isWhole = false;
  syntax::File tree = syntax::parsePartly(text.str(), file, &context, isWhole);

  auto run = [&](bool inReverse, std::vector<Problem> &into) {
    collected = &into;
    std::vector<Setting> settings = withStandIns(tree, given, inReverse);
    Request request{settings, {}, Builder(&context).getF32Type()};
    std::vector<CellSymbols> symbols;
    analyze(tree, request, FileLineColLoc::get(&context, file, 1, 1), &symbols);
    return symbols;
  };
  std::vector<Problem> found, others;
  std::vector<CellSymbols> symbols = run(false, found), otherSymbols;
  if (llvm::any_of(found, dependsOnNumbers)) {
    otherSymbols = run(true, others);
    llvm::erase_if(found, [&](const Problem &problem) {
      return dependsOnNumbers(problem) &&
             llvm::none_of(others, [&](const Problem &other) {
               return isSame(problem, other);
             });
    });
    // There are no warnings beside errors; without errors there are.
    auto isError = [](const Problem &problem) { return problem.isError; };
    if (llvm::none_of(found, isError) && llvm::none_of(others, isError))
      found = std::move(others);
  }
  // A tree with holes has errors that come from its holes.
  if (isWhole)
    llvm::append_range(problems, found);
  for (const CellSymbols &cell : symbols)
    nameSizesOf(cell, given);
  // A name may have a shape with the one sizes and none with the others.
  for (const auto *run : {&symbols, &otherSymbols})
    for (const CellSymbols &cell : *run)
      addNames(cell, given);
}

/// True for an error that other sizes may cure.
bool Document::dependsOnNumbers(const Problem &problem) {
  static constexpr StringRef names[] = {"[size-division]", "[size-range]",
                                        "[slice-range]", "[state-delay]"};
  return llvm::any_of(names, [&](StringRef name) {
    return StringRef(problem.message).ends_with(name);
  });
}

void Document::nameSizesOf(const CellSymbols &symbols,
                           ArrayRef<Setting> given) {
  Section *section = sectionOf(*symbols.cell);
  if (!section)
    return;
  SizeNames sizes(*symbols.cell, symbols, given);
  auto isInside = [&](const Problem &problem) {
    return section->contains(problem.place.begin);
  };
  // One in the body of a fn notes the cell that calls it.
  for (Problem &problem : problems)
    if (isInside(problem) || llvm::any_of(problem.notes, isInside))
      nameSizes(problem, sizes);
}

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

/// `[H, I]`, `[I][T]` or `int[T]`, as it is written.
static std::string shapeAsWritten(const syntax::Declaration &declaration) {
  std::string shape = "[";
  for (const syntax::ExprPtr &size : declaration.shape)
    shape += (shape.size() > 1 ? ", " : "") + size->source.str();
  shape = declaration.isIndex ? "int" : shape + "]";
  return declaration.overTime ? shape + "[T]" : shape;
}

static std::string initialiser(const syntax::Declaration &declaration) {
  if (declaration.init)
    return declaration.init->source.str();
  return declaration.shape.size() == 2 ? "glorot_uniform" : "zeros";
}

namespace {
/// Where the names of a cell are written, each for the first time.
struct Written {
  explicit Written(const syntax::Cell &cell) {
    for (const syntax::Parameter &parameter : cell.parameters)
      parameters.try_emplace(parameter.name.text, &parameter);
    for (const syntax::Statement &statement : cell.statements) {
      if (auto *declaration = std::get_if<syntax::Declaration>(&statement))
        for (const syntax::Identifier &name : declaration->names)
          declarations.try_emplace(name.text, declaration);
      if (auto *equation = std::get_if<syntax::Equation>(&statement))
        equations.try_emplace(equation->name.text, equation);
    }
  }

  llvm::StringMap<const syntax::Parameter *> parameters;
  llvm::StringMap<const syntax::Declaration *> declarations;
  llvm::StringMap<const syntax::Equation *> equations;
};
} // namespace

/// Fills in how a name is declared, its shape and its numbers.
static void describe(Name &name, const Symbol &symbol, const Written &written,
                     const SizeNames &sizes) {
  if (auto *parameter = written.parameters.lookup(name.text)) {
    name.declaration = name.text;
    if (parameter->value)
      name.declaration += " = " + parameter->value->source.str();
    if (symbol.size && !sizes.isOpen(name.text))
      name.numbers = std::to_string(*symbol.size);
  } else if (auto *declaration = written.declarations.lookup(name.text)) {
    static constexpr StringRef words[] = {"input ", "state ", "param ",
                                          "target "};
    name.shape = shapeAsWritten(*declaration);
    bool isKnown = llvm::all_of(
        declaration->shape, [&](auto &size) { return sizes.isKnown(*size); });
    if (symbol.shape && isKnown && !declaration->isIndex)
      name.numbers = sizes.shapeOf(*symbol.shape);
    name.declaration = words[unsigned(declaration->role)].str() + name.text +
                       " : " + name.shape;
    if (declaration->role == syntax::DeclarationRole::Param)
      name.declaration += " = " + initialiser(*declaration);
  } else if (auto *equation = written.equations.lookup(name.text)) {
    if (symbol.shape)
      name.shape = sizes.shapeOf(*symbol.shape);
    name.declaration = name.text + " = " + equation->value->source.str();
  }
}

void Document::addNames(const CellSymbols &symbols, ArrayRef<Setting> given) {
  static constexpr Name::Kind kinds[] = {Name::Size,  Name::Choice,
                                         Name::Input, Name::State,
                                         Name::Param, Name::Local};
  Section *section = sectionOf(*symbols.cell);
  if (!section)
    return;
  SizeNames sizes(*symbols.cell, symbols, given);
  Written written(*symbols.cell);
  llvm::StringMap<size_t> indices;
  for (auto [index, name] : llvm::enumerate(section->names))
    indices[name.text] = index;
  for (const Symbol &symbol : symbols.names) {
    Name name{kinds[symbol.kind], symbol.name, spanAt(symbol.loc), "", "", ""};
    describe(name, symbol, written, sizes);
    auto known = indices.find(name.text);
    if (known == indices.end())
      section->names.push_back(std::move(name));
    else if (section->names[known->second].shape.empty())
      section->names[known->second] = std::move(name);
  }
}

Document::Document(std::string bytes, StringRef file, ArrayRef<Setting> given)
    : text(std::move(bytes)) {
  DialectRegistry registry;
  registerRnnDialect(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  context.loadDialect<arith::ArithDialect, math::MathDialect>();
  cut(context, file);
  findSections();
  check(context, file, given);
}
