/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks the running kernel what it says of a program, for tests that compare. */
#ifndef ANYBPF_TESTS_ISA_KERNEL_H
#define ANYBPF_TESTS_ISA_KERNEL_H

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "isa/uapi.h"

/* The system call: its result, or a negative errno. */
static inline int kernel_bpf(enum bpf_cmd cmd, union bpf_attr *attr)
{
#ifdef SYS_bpf
	long ret = syscall(SYS_bpf, cmd, attr, sizeof(*attr));

	return ret < 0 ? -errno : (int)ret;
#else
	(void)cmd;
	(void)attr;
	return -ENOSYS;
#endif
}

/* A program's file descriptor or a negative errno; the verifier's log goes to @log. */
static inline int kernel_open(enum bpf_prog_type type, const struct bpf_insn *insns, u32 cnt,
			      u32 level, char *log, u32 log_size)
{
	union bpf_attr attr;

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
	return kernel_bpf(BPF_PROG_LOAD, &attr);
}

/* The same, and closed again: 0 or a negative errno. */
static inline int kernel_load(enum bpf_prog_type type, const struct bpf_insn *insns, u32 cnt,
			      u32 level, char *log, u32 log_size)
{
	int fd = kernel_open(type, insns, cnt, level, log, log_size);

	if (fd < 0)
		return fd;
	close(fd);
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
