//===- Cell.cpp - a cell in a .rnn file -----------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Cell.h"
#include "Files.h"
#include <algorithm>
#include <cctype>
#include <cstddef>

using namespace choose;

static bool isNameByte(char c) {
  return std::isalnum((unsigned char)c) || c == '_';
}

/// `text` with blanks for comments: every place stays where it is.
static std::string withoutComments(std::string text) {
  bool inComment = false;
  for (char &c : text) {
    if (c == '#')
      inComment = true;
    if (c == '\n')
      inComment = false;
    else if (inComment)
      c = ' ';
  }
  return text;
}

static size_t skipBlanks(const std::string &text, size_t at) {
  while (at < text.size() && std::isspace((unsigned char)text[at]))
    ++at;
  return at;
}

static std::string nameAt(const std::string &text, size_t &at) {
  std::string name;
  for (at = skipBlanks(text, at); at < text.size() && isNameByte(text[at]);)
    name += text[at++];
  return name;
}

/// Reads "(I, H, heads = 2)"; what is no such list is left to the compiler.
static std::vector<CellParameter> parametersAt(const std::string &text,
                                               size_t at) {
  std::vector<CellParameter> parameters;
  at = skipBlanks(text, at);
  if (at == text.size() || text[at] != '(')
    return parameters;
  while (at < text.size() && text[at] != ')') {
    CellParameter parameter;
    parameter.name = nameAt(text, ++at);
    at = skipBlanks(text, at);
    if (at < text.size() && text[at] == '=')
      ++at;
    int depth = 0;
    for (; at < text.size(); ++at) {
      depth += text[at] == '(';
      if (depth == 0 && (text[at] == ',' || text[at] == ')'))
        break;
      depth -= text[at] == ')';
      parameter.byDefault += text[at];
    }
    parameters.push_back(parameter);
  }
  return parameters;
}

/// All cells of a file.
static std::vector<Cell> cellsOf(const std::string &path) {
  std::vector<Cell> cells;
  std::string whole = readFile(path), text = withoutComments(whole);
  for (size_t at = 0; at < text.size();) {
    size_t begin = skipBlanks(text, at);
    at = begin;
    if (nameAt(text, at) != "cell") {
      at = std::max(at, begin + 1);
      continue;
    }
    std::string name = nameAt(text, at);
    int64_t line = 1 + std::count(text.begin(),
                                  text.begin() + std::ptrdiff_t(begin), '\n');
    if (!name.empty())
      cells.push_back({path, whole, line, name, name, parametersAt(text, at)});
  }
  return cells;
}

static void checkParameters(const Cell &cell) {
  for (const char *size : {"I", "H"})
    if (std::none_of(cell.parameters.begin(), cell.parameters.end(),
                     [&](const CellParameter &p) { return p.name == size; }))
      fail(cell.place(), "cell '" + cell.name + "' has no parameter '" + size +
                             "'; it is to take I, the elements of its input, "
                             "and H, its hidden units");
  for (const CellParameter &p : cell.parameters)
    if (p.name != "I" && p.name != "H" && p.byDefault.empty())
      fail(cell.place(), "parameter '" + p.name + "' of cell '" + cell.name +
                             "' has no default; only I and H are chosen here");
}

Cell choose::findCell(const std::string &where) {
  size_t colon = where.rfind(':');
  std::string path = where.substr(0, colon);
  std::string name = colon == std::string::npos ? "" : where.substr(colon + 1);
  std::vector<Cell> cells = cellsOf(path);
  if (cells.empty())
    fail(path, "has no cell");
  std::string all;
  for (const Cell &cell : cells) {
    if (cell.name == name || (name.empty() && cells.size() == 1)) {
      checkParameters(cell);
      return cell;
    }
    all += (all.empty() ? "" : ", ") + cell.name;
  }
  fail(path, (name.empty() ? "has several cells"
                           : "has no cell '" + name + "'; it has") +
                 std::string(name.empty() ? ": " : " ") + all +
                 (name.empty() ? "; name one, FILE.rnn:CELL" : ""));
}

std::string choose::applied(const Cell &cell) {
  std::string arguments;
  size_t last = 0;
  for (size_t i = 0; i < cell.parameters.size(); ++i)
    if (cell.parameters[i].name == "I" || cell.parameters[i].name == "H")
      last = i;
  for (size_t i = 0; i <= last; ++i) {
    const CellParameter &p = cell.parameters[i];
    bool chosen = p.name == "I" || p.name == "H";
    arguments += (i ? ", " : "") + (chosen ? p.name : p.byDefault);
  }
  return cell.name + "(" + arguments + ")";
}
