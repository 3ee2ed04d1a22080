/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside helper/: the functions behind kfunc.def, of the same shape as helpers. */
#ifndef ANYBPF_HELPER_KFUNC_FUNCTIONS_H
#define ANYBPF_HELPER_KFUNC_FUNCTIONS_H

#include "helper/functions.h"
#include "helper/kfunc.h"

#define KFUNC(name, fn, ...) DEFINE_HELPER(fn);
#define KFUNC_ABSENT(name, ...)
#define KFUNC_MORE(name, ...)
#include "helper/kfunc.def"
#undef KFUNC

#endif
