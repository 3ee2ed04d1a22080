/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine's own kernel as a third opinion: loads a program and test-runs it once. */
#ifndef ANYBPF_TESTS_LINUX_ORACLE_H
#define ANYBPF_TESTS_LINUX_ORACLE_H

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "isa/uapi_structs.h"

#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>

static inline int oracle_bpf(enum bpf_cmd cmd, union bpf_attr *attr)
{
	long ret = syscall(SYS_bpf, cmd, attr, sizeof(*attr));

	return ret < 0 ? -errno : (int)ret;
}

/* Loads once more to print why it was refused: the end of the verifier's log. */
static inline void oracle_explain(union bpf_attr attr)
{
	static char log[1 << 20];
	size_t len;

	attr.log_level = 1;
	attr.log_buf = ptr_to_u64(log);
	attr.log_size = sizeof(log);
	if (oracle_bpf(BPF_PROG_LOAD, &attr) >= 0)
		return;
	len = strlen(log);
	for (const char *line = log + (len > 300 ? len - 300 : 0); *line;) {
		size_t n = strcspn(line, "\n");

		printf("# Linux: %.*s\n", (int)n, line);
		line += n + (line[n] == '\n');
	}
}

/* Runs it as a socket filter @repeat times: 0 or a negative errno. */
static inline int oracle_test_run(const struct bpf_insn *insns, u32 cnt, u32 repeat,
				  union bpf_attr *result)
{
	u8 packet[64] = {0};
	union bpf_attr attr;
	int fd, err;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insns = ptr_to_u64(insns);
	attr.insn_cnt = cnt;
	attr.license = ptr_to_u64("GPL");
	fd = oracle_bpf(BPF_PROG_LOAD, &attr);
	if (fd < 0) {
		oracle_explain(attr);
		return fd;
	}
	memset(result, 0, sizeof(*result));
	result->test.prog_fd = (u32)fd;
	result->test.data_in = ptr_to_u64(packet);
	result->test.data_size_in = sizeof(packet);
	result->test.repeat = repeat;
	err = oracle_bpf(BPF_PROG_TEST_RUN, result);
	close(fd);
	return err;
}
#else
static inline int oracle_test_run(const struct bpf_insn *insns, u32 cnt, u32 repeat,
				  union bpf_attr *result)
{
	(void)insns, (void)cnt, (void)repeat, (void)result;
	return -ENOSYS;
}
#endif

/* The lower half of r0. */
static inline int oracle_run(const struct bpf_insn *insns, u32 cnt, u32 *r0)
{
	union bpf_attr result;
	int err = oracle_test_run(insns, cnt, 1, &result);

	if (!err)
		*r0 = result.test.retval;
	return err;
}

/* Nanoseconds of one run, the mean of @repeat. */
static inline int oracle_time(const struct bpf_insn *insns, u32 cnt, u32 repeat, u32 *ns)
{
	union bpf_attr result;
	int err = oracle_test_run(insns, cnt, repeat, &result);

	if (!err)
		*ns = result.test.duration;
	return err;
}

/* Whether the kernel lets us ask. */
static inline bool oracle_present(void)
{
	const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 42},
		{.code = BPF_JMP | BPF_EXIT},
	};
	u32 r0 = 0;

	return !oracle_run(insns, 2, &r0) && r0 == 42;
}

#endif
