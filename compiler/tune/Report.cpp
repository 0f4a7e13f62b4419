//===- Report.cpp - what a search by measuring has found ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/tune/Report.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include <cmath>

using namespace llvm;
using namespace rnn;

void rnn::printTried(StringRef cell, std::vector<Tried> tried,
                     raw_ostream &os) {
  if (tried.empty())
    return;
  llvm::stable_sort(tried, [](const Tried &a, const Tried &b) {
    return a.measured < b.measured;
  });
  std::vector<double> errors;
  os << cell << ": predicted ms, measured ms, error\n";
  for (const Tried &one : tried) {
    double error = one.predicted / one.measured - 1;
    errors.push_back(std::fabs(error));
    os << format("  %10.4g %10.4g %+5.0f %%  ", one.predicted, one.measured,
                 100 * error)
       << one.what << "\n";
  }
  llvm::sort(errors);
  os << cell
     << format(": error of the prediction: median %.0f %%, worst %.0f %%\n",
               100 * errors[errors.size() / 2], 100 * errors.back());
}

void rnn::printParts(const Cost &cost, raw_ostream &os) {
  for (const PartCost &part : cost.parts)
    os << format("  %14.4g  ", part.seconds * 1e3) << part.what << "\n";
}

void rnn::printMachine(const Machine &machine, const Target &target,
                       raw_ostream &os) {
  const double flops = double(target.vectorBytes) / 4 * 2 / machine.multiplyAdd;
  os << "a core of this machine: "
     << format("f32 %.0f GFLOP/s; reading from L1, L2, L3 and memory "
               "%.0f, %.0f, %.0f and %.0f GB/s; L2 %lld KB\n",
               flops * 1e-9, machine.l1Read * 1e-9, machine.l2Read * 1e-9,
               machine.l3Read * 1e-9, machine.memoryRead * 1e-9,
               (long long)(machine.l2Bytes >> 10));
}
