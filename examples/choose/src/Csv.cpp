//===- Csv.cpp - columns of numbers in a file -----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Csv.h"
#include "Files.h"
#include <algorithm>
#include <cmath>
#include <cstdlib>

using namespace choose;

using Fields = std::vector<std::string>;

/// The separator that `line` has most of.
static char separatorOf(const std::string &line) {
  char best = ',';
  for (char c : {';', '\t'})
    if (std::count(line.begin(), line.end(), c) >
        std::count(line.begin(), line.end(), best))
      best = c;
  return best;
}

static std::string trimmed(const std::string &field) {
  size_t first = field.find_first_not_of(" \t");
  if (first == std::string::npos)
    return "";
  return field.substr(first, field.find_last_not_of(" \t") + 1 - first);
}

/// The fields of a line; "" in a field in quotes stands for a quote.
static Fields split(const std::string &line, char separator,
                    const std::string &place) {
  Fields fields(1);
  bool quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"' && quoted && line.substr(i, 2) == "\"\"")
      fields.back() += line[i++];
    else if (line[i] == '"')
      quoted = !quoted;
    else if (line[i] == separator && !quoted)
      fields.emplace_back();
    else
      fields.back() += line[i];
  }
  if (quoted)
    fail(place, "has a quote that does not end");
  std::transform(fields.begin(), fields.end(), fields.begin(), trimmed);
  return fields;
}

/// Whether all of `field` is one finite number, which goes to `number`.
static bool parse(const std::string &field, double &number) {
  char *end;
  number = std::strtod(field.c_str(), &end);
  return !field.empty() && *end == '\0' && std::isfinite(number);
}

/// Which field `name` means, by name or by number from 1.
static size_t find(const std::string &path, const Fields &names,
                   const std::string &name) {
  auto at = std::find(names.begin(), names.end(), name);
  if (at != names.end())
    return size_t(at - names.begin());
  double number;
  if (parse(name, number) && number == std::floor(number) && number >= 1 &&
      number <= double(names.size()))
    return size_t(number) - 1;
  std::string all;
  for (const std::string &other : names)
    all += (all.empty() ? "" : ", ") + other;
  fail(path, "has no column '" + name + "'; it has " + all);
}

Columns choose::readCsv(const std::string &path,
                        const std::vector<std::string> &chosen) {
  std::vector<std::string> lines = linesOf(readFile(path));
  Columns columns;
  columns.source = path;
  std::vector<size_t> wanted;
  size_t width = 0, first = 0;
  char separator = ',';
  for (size_t i = 0; i < lines.size(); ++i) {
    std::string place = path + ":" + std::to_string(i + 1);
    if (trimmed(lines[i]).empty())
      continue;
    if (width == 0)
      separator = separatorOf(lines[i]);
    Fields fields = split(lines[i], separator, place);
    double number;
    if (width == 0) {
      width = fields.size();
      first = i + 1;
      bool header = std::none_of(
          fields.begin(), fields.end(),
          [&](const std::string &field) { return parse(field, number); });
      Fields names;
      for (size_t f = 0; f < width; ++f)
        names.push_back(header ? fields[f] : std::to_string(f + 1));
      for (const std::string &name : chosen)
        wanted.push_back(find(path, names, name));
      for (size_t at : wanted)
        columns.names.push_back(names[at]);
      if (header)
        continue;
    }
    if (fields.size() != width)
      fail(place, "has " + std::to_string(fields.size()) +
                      (fields.size() == 1 ? " field, but line "
                                          : " fields, but line ") +
                      std::to_string(first) + " has " + std::to_string(width));
    for (size_t c = 0; c < wanted.size(); ++c) {
      const std::string &field = fields[wanted[c]];
      if (!parse(field, number))
        fail(place, "column '" + columns.names[c] + "' has " +
                        (field.empty() ? "nothing" : "'" + field + "'") +
                        ", not a number");
      columns.values.push_back(number);
    }
  }
  if (columns.values.empty())
    fail(path, width ? "has names, but no numbers" : "is empty");
  return columns;
}
