//===- Fence.cpp - a buffer that notices who leaves it --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/run/Fence.h"
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

static constexpr unsigned char pattern = 0xa5;
static const size_t page = size_t(sysconf(_SC_PAGESIZE));

static size_t roundUp(size_t n, size_t to) { return (n + to - 1) / to * to; }

Fence::Fence(size_t bytes, size_t alignment, Wall wall)
    : bytes(bytes), inner(roundUp(bytes + 1, page)) {
  void *mapped = mmap(nullptr, inner + 2 * page, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED || mprotect(static_cast<char *>(mapped) + page,
                                       inner, PROT_READ | PROT_WRITE))
    std::abort();
  pages = static_cast<char *>(mapped);
  char *first = pages + page;
  start =
      wall == Wall::InFront ? first : first + inner - roundUp(bytes, alignment);
  std::memset(first, pattern, inner);
  std::memset(start, 0xff, bytes); // NaN in f32 and f64
}

Fence::~Fence() { munmap(pages, inner + 2 * page); }

void Fence::protect() { mprotect(pages + page, inner, PROT_READ); }

bool Fence::isIntact() const {
  auto isPattern = [](const char *from, const char *to) {
    for (; from < to; ++from)
      if (static_cast<unsigned char>(*from) != pattern)
        return false;
    return true;
  };
  return isPattern(pages + page, start) &&
         isPattern(start + bytes, pages + page + inner);
}

static void onViolation(int) {
  const char text[] =
      "FAILED: an access outside of a buffer, or a write to one "
      "that is only read\n";
  ssize_t ignored = write(STDOUT_FILENO, text, sizeof text - 1);
  (void)ignored;
  _exit(1);
}

ViolationReport::ViolationReport()
    : segmentation(std::signal(SIGSEGV, onViolation)),
      bus(std::signal(SIGBUS, onViolation)) {}

ViolationReport::~ViolationReport() {
  std::signal(SIGSEGV, segmentation);
  std::signal(SIGBUS, bus);
}
