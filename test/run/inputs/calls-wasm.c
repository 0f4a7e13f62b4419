/* calls.c in a WebAssembly module, where there is neither; a team of one is
 * called as others are. */
#include "calls.h"

static void run_alone(rnncc_team *team, void (*body)(void *, int64_t),
                      void *argument) {
  (void)team;
  body(argument, 0);
}

static void no_barrier(rnncc_team *team) { (void)team; }

void start(void) {
  rnncc_team team = {1, run_alone, no_barrier};
  run(&team);
}
