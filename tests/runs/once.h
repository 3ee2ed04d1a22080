/* SPDX-License-Identifier: BSD-2-Clause */
/* One run of a program that checks itself, with a context of its type. */
#ifndef ANYBPF_TEST_RUNS_ONCE_H
#define ANYBPF_TEST_RUNS_ONCE_H

#include <string.h>

#include "anybpf/anybpf.h"
#include "base/types.h"
#include "isa/uapi.h"

/* Packets, or the arguments of a tracepoint, or the memory of a system call. */
static inline int run_once(struct anybpf_program *prog, u32 *retval)
{
	u8 bytes[64];
	ANYBPF_OPTS(anybpf_test_run, run);
	int ret;

	for (u32 i = 0; i < sizeof(bytes); i++)
		bytes[i] = (u8)i;
	switch (anybpf_program_type(prog)) {
	case BPF_PROG_TYPE_RAW_TRACEPOINT:
	case BPF_PROG_TYPE_SYSCALL:
		run.ctx_in = bytes;
		run.ctx_size_in = sizeof(bytes);
		break;
	default:
		memcpy(bytes + 12, "\x08\x00\x45", 3); /* IPv4 */
		run.data_in = bytes;
		run.data_size_in = sizeof(bytes);
	}
	ret = anybpf_program_test_run(prog, &run);
	*retval = run.retval;
	return ret;
}

#endif
