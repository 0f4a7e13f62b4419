/* What calls.c gives to a machine and wants from it. */
#include "rnncc/abi.h"

/* Calls the cell in all ways; a team shares some of the calls. */
void run(rnncc_team *team);

void write_text(const char *text, int64_t length);
