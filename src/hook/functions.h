/* SPDX-License-Identifier: BSD-2-Clause */
/* The host's own functions and tracepoints, see functions.def. */
#ifndef ANYBPF_HOOK_FUNCTIONS_H
#define ANYBPF_HOOK_FUNCTIONS_H

#include "object/trampoline.h"

struct host_function {
	const char *name;
	u32 nargs;
	u64 (*call)(const u64 *args);
};

struct host_tracepoint {
	const char *name;
	const char *type; /* as BTF calls it: "btf_trace_" and the name */
	u32 nargs, writable;
};

/* NULL: the host has none of that name. */
const struct host_function *function_find(const char *name);
const struct host_tracepoint *tracepoint_find(const char *name);

/* Calls a function of the table with all that is attached to it. */
u64 function_call(struct host *host, const char *name, const u64 *args);
/* What security hook bpf_lsm_NAME says: 0, or a negative errno of a program that refuses. */
static inline int lsm_call(struct host *host, const char *name, const u64 *args)
{
	return (int)function_call(host, name, args);
}

/* Hits a tracepoint of the table. */
void tracepoint_hit(struct host *host, const char *name, const u64 *args);

#endif
