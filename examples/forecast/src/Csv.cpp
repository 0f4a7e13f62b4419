//===- Csv.cpp - tables of numbers in files -------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Csv.h"
#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>

using namespace forecast;

using File = std::unique_ptr<std::FILE, int (*)(std::FILE *)>;
using Fields = std::vector<std::string>;

[[noreturn]] static void fail(const std::string &place,
                              const std::string &what) {
  throw std::runtime_error(place + ": " + what);
}

/// The lines of a file, without their ends.
static std::vector<std::string> readLines(const std::string &path) {
  File file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file)
    fail(path, std::strerror(errno));
  std::string bytes;
  char buffer[1 << 16];
  while (size_t count = std::fread(buffer, 1, sizeof buffer, file.get()))
    bytes.append(buffer, count);
  if (std::ferror(file.get()))
    fail(path, std::strerror(errno));

  std::vector<std::string> lines;
  for (size_t at = 0; at < bytes.size();) {
    size_t end = std::min(bytes.find('\n', at), bytes.size());
    size_t last = end > at && bytes[end - 1] == '\r' ? end - 1 : end;
    lines.push_back(bytes.substr(at, last - at));
    at = end + 1;
  }
  return lines;
}

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

/// Which fields `chosen` means. `names` has those of all.
static std::vector<size_t> find(const std::string &path, const Fields &names,
                                const std::vector<std::string> &chosen) {
  std::vector<size_t> found;
  for (const std::string &name : chosen) {
    auto at = std::find(names.begin(), names.end(), name);
    double number;
    if (at != names.end())
      found.push_back(size_t(at - names.begin()));
    else if (parse(name, number) && number == std::floor(number) &&
             number >= 1 && number <= double(names.size()))
      found.push_back(size_t(number) - 1);
    else {
      std::string all;
      for (const std::string &other : names)
        all += (all.empty() ? "" : ", ") + other;
      fail(path, "has no column '" + name + "'; it has " + all);
    }
  }
  for (size_t i = 0; chosen.empty() && i < names.size(); ++i)
    found.push_back(i);
  return found;
}

Table forecast::readCsv(const std::string &path,
                        const std::vector<std::string> &chosen) {
  std::vector<std::string> lines = readLines(path);
  Table table;
  table.source = path;
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
      wanted = find(path, names, chosen);
      for (size_t at : wanted)
        table.names.push_back(names[at]);
      if (header)
        continue;
    }
    if (fields.size() != width)
      fail(place, "has " + std::to_string(fields.size()) +
                      " fields, but line " + std::to_string(first) + " has " +
                      std::to_string(width));
    for (size_t c = 0; c < wanted.size(); ++c) {
      const std::string &field = fields[wanted[c]];
      if (!parse(field, number))
        fail(place, "column '" + table.names[c] + "' has " +
                        (field.empty() ? "nothing" : "'" + field + "'") +
                        ", not a number; --columns chooses others");
      table.values.push_back(number);
    }
  }
  if (table.values.empty())
    fail(path, width ? "has names, but no numbers" : "is empty");
  return table;
}

void forecast::writeCsv(const std::string &path, const Table &table) {
  File file(std::fopen(path.c_str(), "wb"), std::fclose);
  if (!file)
    fail(path, std::strerror(errno));
  for (int64_t c = 0; c < table.columns(); ++c)
    std::fprintf(file.get(), "%s%s", c ? "," : "",
                 table.names[size_t(c)].c_str());
  std::fputc('\n', file.get());
  for (int64_t r = 0; r < table.rows(); ++r) {
    for (int64_t c = 0; c < table.columns(); ++c) {
      if (c)
        std::fputc(',', file.get());
      if (!std::isnan(table.at(r, c)))
        std::fprintf(file.get(), "%.9g", table.at(r, c));
    }
    std::fputc('\n', file.get());
  }
  if (std::fflush(file.get()) || std::ferror(file.get()))
    fail(path, std::strerror(errno));
}
