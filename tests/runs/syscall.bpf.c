/* SPDX-License-Identifier: BSD-2-Clause */
/* What programs of system calls do on their own: bpf(), handles, names, a user's memory. */
#include "runs.h"

#define ENOENT 2
#define EBADF  9
#define EFAULT 14
#define EINVAL 22

#define KIND_STRUCT 4

extern int bpf_copy_from_user_str(void *dst, __u32 dst__sz, const void *unsafe_ptr__ign,
				  __u64 flags) __ksym;

static union bpf_attr attr;

SEC("syscall") int commands(void *ctx)
{
	__u64 value = 77;
	__u32 key = 1;
	int fd;

	__builtin_memset(&attr, 0, sizeof(attr));
	MUST(bpf_sys_bpf(BPF_MAP_LOOKUP_ELEM, &attr, sizeof(attr)) == -EINVAL);
	MUST(bpf_sys_bpf(BPF_PROG_TEST_RUN, &attr, sizeof(attr)) == -EINVAL);
	MUST(bpf_sys_bpf(12345, &attr, sizeof(attr)) == -EINVAL);
	MUST(bpf_sys_bpf(BPF_MAP_CREATE, &attr, sizeof(attr)) == -EINVAL);
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = 4;
	attr.value_size = 8;
	attr.max_entries = 2;
	fd = bpf_sys_bpf(BPF_MAP_CREATE, &attr, sizeof(attr));
	MUST(fd > 0);
	__builtin_memset(&attr, 0, sizeof(attr));
	attr.map_fd = fd;
	attr.key = (__u64)(unsigned long)&key;
	attr.value = (__u64)(unsigned long)&value;
	MUST(bpf_sys_bpf(BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr)) == 0);
	key = 2;
	MUST(bpf_sys_bpf(BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr)) == -7);
	MUST(bpf_sys_close(fd) == 0);
	MUST(bpf_sys_close(fd) == -EBADF);
	MUST(bpf_sys_bpf(BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr)) == -EBADF);
	__builtin_memset(&attr, 0, sizeof(attr));
	return 0;
}

SEC("syscall") int names(void *ctx)
{
	char type[] = "task_struct", unknown[] = "no such type at all",
	     function[] = "bpf_obj_new_impl";
	__u64 address = 1;

	MUST(bpf_btf_find_by_name_kind(type, sizeof(type), KIND_STRUCT, 0) > 0);
	MUST(bpf_btf_find_by_name_kind(unknown, sizeof(unknown), KIND_STRUCT, 0) == -ENOENT);
	MUST(bpf_btf_find_by_name_kind(type, sizeof(type), KIND_STRUCT, 1) == -EINVAL);
	MUST(bpf_btf_find_by_name_kind(type, 4, KIND_STRUCT, 0) == -EINVAL);
	MUST(bpf_kallsyms_lookup_name(unknown, sizeof(unknown), 0, &address) == -ENOENT &&
	     !address);
	MUST(bpf_kallsyms_lookup_name(function, sizeof(function), 1, &address) == -EINVAL);
	MUST(bpf_kallsyms_lookup_name(function, 1, 0, &address) == -EINVAL);
	return 0;
}

SEC("syscall") int user_memory(void *ctx)
{
	char text[16] = "untouched";
	__u64 value = 5;

	MUST(bpf_copy_from_user(&value, sizeof(value), (void *)8) == -EFAULT && !value);
	MUST(bpf_copy_from_user(&value, 0, (void *)8) == 0);
	MUST(bpf_copy_from_user_str(text, sizeof(text), (void *)8, 2) == -EINVAL);
	MUST(bpf_copy_from_user_str(text, sizeof(text), (void *)8, 1) == -EFAULT);
	MUST(!text[0] && !text[8]);
	return 0;
}
