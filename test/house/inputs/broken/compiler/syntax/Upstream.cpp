#include "compiler/sema/Sema.h"
const char *text = "wrong [not-listed]";
const char *other = "wrong [quoted-wrong]";
