//===- PthreadCreate.cpp - a system that runs out of threads
//---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PthreadCreate.h"
#include <cerrno>
#include <pthread.h>

int threadsLeft = -1;

// The linker's --wrap sends the runtime's calls of pthread_create here.
extern "C" int __real_pthread_create(pthread_t *, const pthread_attr_t *,
                                     void *(*)(void *), void *);
extern "C" int __wrap_pthread_create(pthread_t *thread,
                                     const pthread_attr_t *attributes,
                                     void *(*body)(void *), void *argument) {
  if (threadsLeft == 0)
    return EAGAIN;
  if (threadsLeft > 0)
    --threadsLeft;
  return __real_pthread_create(thread, attributes, body, argument);
}
