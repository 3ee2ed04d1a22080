/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks the running kernel what it says of a program, for tests that compare. */
#ifndef ANYBPF_TESTS_ISA_KERNEL_H
#define ANYBPF_TESTS_ISA_KERNEL_H

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "isa/uapi.h"

/* 0 when the program was taken, else a negative errno; the verifier's log goes to @log. */
static inline int kernel_load(enum bpf_prog_type type, const struct bpf_insn *insns, u32 cnt,
			      u32 level, char *log, u32 log_size)
{
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = type;
	attr.insns = ptr_to_u64(insns);
	attr.insn_cnt = cnt;
	attr.license = ptr_to_u64("GPL");
	attr.log_level = level;
	attr.log_buf = ptr_to_u64(log);
	attr.log_size = log_size;
	if (log_size)
		log[0] = 0;
#ifdef SYS_bpf
	fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
#else
	errno = ENOSYS;
	fd = -1;
#endif
	if (fd < 0)
		return -errno;
	close((int)fd);
	return 0;
}

/* Whether there is a kernel to ask, with the rights to see everything in its log. */
static inline bool kernel_answers(void)
{
	static const struct bpf_insn prog[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K},
		{.code = BPF_JMP | BPF_EXIT},
	};
	char log[4096];

	return kernel_load(BPF_PROG_TYPE_SCHED_CLS, prog, 2, 2, log, sizeof(log)) == 0;
}

#endif
