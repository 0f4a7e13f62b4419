//===- PthreadCreate.h - a system that runs out of threads
//-----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_TEST_RUNTIME_PTHREADCREATE_H
#define RNNCC_TEST_RUNTIME_PTHREADCREATE_H

/// How many more threads pthread_create gives; below 0: as many as it can.
extern int threadsLeft;

#endif // RNNCC_TEST_RUNTIME_PTHREADCREATE_H
