/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The running kernel as an oracle: small wrappers over bpf(2). Callers skip
 * their case when kernel_usable() says that bpf() is refused.
 */
#ifndef ANYBPF_TESTS_HELPER_KERNEL_H
#define ANYBPF_TESTS_HELPER_KERNEL_H

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "isa/uapi_structs.h"
#include "object/host.h"

/* Effective capabilities of the calling thread, as bits of CAP_*; all of @on: what it may have. */
static inline int kernel_change_caps(u64 off, u64 on)
{
	struct {
		u32 version;
		s32 pid;
	} head = {0x20080522, 0};
	struct {
		u32 effective, permitted, inheritable;
	} data[2];

	if (syscall(SYS_capget, &head, data))
		return -errno;
	for (u32 i = 0; i < 2; i++) {
		data[i].effective &= ~(u32)(off >> (32 * i));
		data[i].effective |= on == UINT64_MAX ? data[i].permitted : (u32)(on >> (32 * i));
	}
	return syscall(SYS_capset, &head, data) ? -errno : 0;
}

#define CAP_NUM_NET_ADMIN 12
#define CAP_NUM_SYS_ADMIN 21
#define CAP_NUM_PERFMON	  38
#define CAP_NUM_BPF	  39

/*
 * Capabilities of the calling thread, as HOST_CAP_* bits; what else it may do is dropped with
 * them. Gives up nothing for good: a thread that had all can have all again. 0, or a negative
 * errno.
 */
static inline int kernel_use_caps(u32 caps)
{
	static const struct {
		u32 host;
		u8 number; /* of CAP_* */
	} rows[] = {
		{HOST_CAP_BPF, CAP_NUM_BPF},
		{HOST_CAP_PERFMON, CAP_NUM_PERFMON},
		{HOST_CAP_NET_ADMIN, CAP_NUM_NET_ADMIN},
		{HOST_CAP_SYS_ADMIN, CAP_NUM_SYS_ADMIN},
	};
	u64 on = 0;

	if (caps == HOST_CAP_ALL)
		return kernel_change_caps(0, UINT64_MAX);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (caps & rows[i].host)
			on |= BIT_ULL(rows[i].number);
	return kernel_change_caps(UINT64_MAX, on);
}

/* As bpf(2), with a negative errno instead of errno. */
static inline int kernel_bpf(enum bpf_cmd cmd, union bpf_attr *attr)
{
	long r = syscall(SYS_bpf, cmd, attr, sizeof(*attr));

	return r < 0 ? -errno : (int)r;
}

static inline int kernel_array(u32 value_size, u32 flags)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = 4;
	attr.value_size = value_size;
	attr.max_entries = 1;
	attr.map_flags = flags;
	return kernel_bpf(BPF_MAP_CREATE, &attr);
}

static inline int kernel_array_write(int fd, const void *value)
{
	union bpf_attr attr;
	u32 key = 0;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (u32)fd;
	attr.key = ptr_to_u64(&key);
	attr.value = ptr_to_u64(value);
	return kernel_bpf(BPF_MAP_UPDATE_ELEM, &attr);
}

static inline int kernel_array_read(int fd, void *value)
{
	union bpf_attr attr;
	u32 key = 0;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (u32)fd;
	attr.key = ptr_to_u64(&key);
	attr.value = ptr_to_u64(value);
	return kernel_bpf(BPF_MAP_LOOKUP_ELEM, &attr);
}

static inline int kernel_freeze(int fd)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (u32)fd;
	return kernel_bpf(BPF_MAP_FREEZE, &attr);
}

static inline int kernel_load_for(enum bpf_prog_type type, u32 attach, const struct bpf_insn *insns,
				  u32 cnt, char *log, u32 log_size)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = type;
	attr.expected_attach_type = attach;
	attr.insns = ptr_to_u64(insns);
	attr.insn_cnt = cnt;
	attr.license = ptr_to_u64("GPL");
	if (log) {
		log[0] = 0;
		attr.log_buf = ptr_to_u64(log);
		attr.log_size = log_size;
		attr.log_level = 1;
	}
	return kernel_bpf(BPF_PROG_LOAD, &attr);
}

static inline int kernel_load(enum bpf_prog_type type, const struct bpf_insn *insns, u32 cnt,
			      char *log, u32 log_size)
{
	return kernel_load_for(type, 0, insns, cnt, log, log_size);
}

static inline bool kernel_usable(void)
{
	int fd = kernel_array(4, 0);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

#endif
