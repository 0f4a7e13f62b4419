//===- Machine.cpp - how fast a processor is ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/schedule/Machine.h"

using namespace rnn;

double Machine::readSpeed(double bytes) const {
  const std::pair<int64_t, double> levels[] = {
      {l1Bytes, l1Read}, {l2Bytes, l2Read}, {l3Bytes, l3Read}};
  // What is a little larger than a cache still hits it, for a part of it.
  constexpr double full = 0.75, empty = 1.5;
  double speed = memoryRead;
  for (auto it = std::rbegin(levels); it != std::rend(levels); ++it) {
    double load = bytes / double(it->first);
    double inside = std::clamp((empty - load) / (empty - full), 0.0, 1.0);
    speed = 1 / (inside / it->second + (1 - inside) / speed);
  }
  return speed;
}

Machine rnn::machineOf(const Target &target) {
  // Measured with `rnncc --tune`: avx512 and avx2 on a core of AMD's Zen 4
  // family at 3.7 GHz, the others as that core runs vectors of 16 bytes. The
  // second level is the smallest of the processors that have the vectors.
  constexpr double cycle = 1 / 3.7e9;
  const bool wide = target.vectorBytes == 64;
  Machine machine;
  machine.multiplyAdd = wide ? cycle : cycle / 2;
  // Two units of 32 bytes work together on 64.
  machine.halfMultiplyAdd = cycle / 2;
  machine.latency = 4 * cycle;
  machine.l1Read = wide ? 200e9 : 2 * double(target.vectorBytes) / cycle * 0.9;
  machine.halfRead = wide ? machine.l1Read : machine.l1Read / 2;
  machine.l2Read = 108e9;
  machine.l3Read = 100e9;
  machine.memoryRead = 35e9;
  machine.l1Bytes = 32 << 10;
  machine.l2Bytes = wide ? 1 << 20 : 512 << 10;
  machine.l3Bytes = 32 << 20;
  machine.registers =
      wide || target.architecture == Architecture::AArch64 ? 32 : 16;
  machine.call = 3e-9;
  machine.barrier = 300e-9;
  return machine;
}
