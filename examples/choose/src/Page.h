//===- Page.h - the page with tables and plots ------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef CHOOSE_PAGE_H
#define CHOOSE_PAGE_H

#include "Advice.h"
#include "Table.h"

namespace choose {

/// One HTML page that needs nothing else.
std::string pageOf(const Task &task, const Protocol &protocol,
                   const std::vector<Candidate> &candidates, const Table &table,
                   const Advice &advice);

} // namespace choose

#endif // CHOOSE_PAGE_H
