/* SPDX-License-Identifier: BSD-2-Clause */
/* The host's functions that programs are attached to, and calling them. */
#include "hook/functions.h"

#include <string.h>

/* Arguments as the function's prototype has them. */
#define CHAR(i)	 ((signed char)a[i])
#define SHORT(i) ((s16)a[i])
#define INT(i)	 ((s32)a[i])

/* What tells a caller that the function itself was called. */
static s32 count_call(u64 addr)
{
	s32 *count = u64_to_ptr(addr);

	return *count += 1;
}

#define FUNCTION(name_, nargs_, result)                                                            \
	static u64 call_##name_(__unused const u64 *a)                                                      \
	{                                                                                          \
		return result;                                                                     \
	}
#define TRACEPOINT(name_, nargs_, writable_)
#include "hook/functions.def"
#undef FUNCTION
#undef TRACEPOINT

static const struct host_function functions[] = {
#define FUNCTION(name_, nargs_, result) {#name_, nargs_, call_##name_},
#define TRACEPOINT(name_, nargs_, writable_)
#include "hook/functions.def"
#undef FUNCTION
#undef TRACEPOINT
};

static const struct host_tracepoint tracepoints[] = {
#define FUNCTION(name_, nargs_, result)
#define TRACEPOINT(name_, nargs_, writable_) {#name_, "btf_trace_" #name_, nargs_, writable_},
#include "hook/functions.def"
#undef FUNCTION
#undef TRACEPOINT
};

const struct host_function *function_find(const char *name)
{
	for (u32 i = 0; i < ARRAY_SIZE(functions); i++)
		if (!strcmp(functions[i].name, name))
			return &functions[i];
	return NULL;
}

const struct host_tracepoint *tracepoint_find(const char *name)
{
	for (u32 i = 0; i < ARRAY_SIZE(tracepoints); i++)
		if (!strcmp(tracepoints[i].name, name))
			return &tracepoints[i];
	return NULL;
}

static u64 call_row(void *arg, const u64 *args)
{
	const struct host_function *fn = arg;

	return fn->call(args);
}

u64 function_call(struct host *host, const char *name, const u64 *args)
{
	const struct host_function *fn = function_find(name);

	return trampoline_call(host, NULL, trampoline_find(host, name), args, fn->nargs, call_row,
			       (void *)(uintptr_t)fn);
}

void tracepoint_hit(struct host *host, const char *name, const u64 *args)
{
	const struct host_tracepoint *tp = tracepoint_find(name);

	trampoline_trace(host, NULL, trampoline_find(host, tp->type), args, tp->nargs);
}
