/*===- alloc.c - memory aligned for cells ---------------------------------===
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===---------------------------------------------------------------------===*/

#include "rnncc/runtime.h"

#include <stdlib.h>
#include <sys/mman.h>

/* Weights of this size are worth whole huge pages. */
static const size_t huge_page = (size_t)2 << 20;

void *rnncc_alloc(size_t bytes) {
  const size_t alignment = bytes >= huge_page ? huge_page : 64;
  void *memory = NULL;
  /* A size beyond PTRDIFF_MAX fails here, in malloc. */
  if (posix_memalign(&memory, alignment, bytes ? bytes : 1))
    return NULL;
#ifdef MADV_HUGEPAGE
  /* Whole pages only: what follows belongs to others. A refusal costs speed. */
  if (bytes >= huge_page)
    (void)madvise(memory, bytes / huge_page * huge_page, MADV_HUGEPAGE);
#endif
  return memory;
}

void rnncc_free(void *memory) { free(memory); }
