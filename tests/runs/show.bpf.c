/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values of types that all kernels describe alike, as text: what the engines
 * make of them is compared.
 */
#include "runs.h"

#define TEXT 2048

__u8 value[512] __attribute__((aligned(16)));
char text[26][TEXT];
long result[26];

/* At run time: data of an object has no addresses. */
static __always_inline void *address(void)
{
	void *p = value;

	asm volatile("" : "+r"(p));
	return p;
}

static __always_inline long show(__u32 at, const char *name, __u32 size, __u32 kind, __u64 flags)
{
	struct btf_ptr ptr = {0};

	ptr.ptr = address();
	ptr.type_id = (__u32)bpf_btf_find_by_name_kind((char *)name, (int)size, (int)kind, 0);
	if ((int)ptr.type_id <= 0)
		return (int)ptr.type_id;
	return bpf_snprintf_btf(text[at], TEXT, &ptr, sizeof(ptr), flags);
}

#define SHOW(at, name, kind, flags)                                                                \
	do {                                                                                       \
		const char name_[] = name;                                                         \
		result[at] = show(at, name_, sizeof(name_), kind, flags);                          \
		MUST(result[at] > 0);                                                              \
	} while (0)

#define STRUCT	4
#define TYPEDEF 8

#define COMPACT 1
#define NONAME	2
#define RAW	4
#define ZERO	8

SEC("syscall") int zeros(void *ctx)
{
	SHOW(0, "list_head", STRUCT, RAW);
	SHOW(1, "list_head", STRUCT, RAW | ZERO);
	SHOW(2, "list_head", STRUCT, ZERO | COMPACT | NONAME | RAW);
	SHOW(3, "kref", STRUCT, COMPACT | RAW);
	SHOW(4, "kref", STRUCT, ZERO | RAW);
	SHOW(5, "bpf_fib_lookup", STRUCT, NONAME | ZERO | RAW);
	SHOW(6, "kuid_t", TYPEDEF, RAW);
	return 0;
}

SEC("syscall") int numbers(void *ctx)
{
	for (__u32 i = 0; i < sizeof(value); i++)
		value[i] = (__u8)(i * 37 + 1);
	SHOW(8, "list_head", STRUCT, RAW);
	SHOW(9, "list_head", STRUCT, RAW | COMPACT);
	SHOW(10, "kref", STRUCT, RAW);
	SHOW(11, "kuid_t", TYPEDEF, RAW);
	SHOW(12, "bpf_fib_lookup", STRUCT, NONAME | RAW);
	SHOW(13, "bpf_sock_tuple", STRUCT, NONAME | RAW);
	SHOW(14, "bpf_tunnel_key", STRUCT, NONAME | COMPACT | RAW);
	SHOW(15, "upid", STRUCT, RAW);
	SHOW(16, "bpf_prog_info", STRUCT, NONAME | RAW);
	SHOW(17, "refcount_struct", STRUCT, RAW);
	SHOW(18, "hlist_head", STRUCT, RAW | ZERO);
	return 0;
}

/* Strings end at their first zero; a value that is there beside zeros. */
SEC("syscall") int sparse(void *ctx)
{
	for (__u32 i = 0; i < sizeof(value); i++)
		value[i] = i % 5 == 1 ? 'a' + i % 20 : 0;
	value[64] = 'x';
	value[65] = 'y';
	value[66] = 1;
	value[67] = 0;
	SHOW(20, "bpf_prog_info", STRUCT, NONAME | RAW);
	SHOW(21, "bpf_prog_info", STRUCT, NONAME | RAW | ZERO);
	SHOW(22, "bpf_sock_tuple", STRUCT, NONAME | RAW);
	SHOW(23, "bpf_fib_lookup", STRUCT, NONAME | COMPACT | RAW);
	SHOW(24, "new_utsname", STRUCT, RAW);
	return 0;
}

SEC("syscall") int refused(void *ctx)
{
	struct btf_ptr ptr = {.type_id = 0x7fffffff};
	char buf[8] = "unused";

	ptr.ptr = address();
	MUST(bpf_snprintf_btf(buf, sizeof(buf), &ptr, sizeof(ptr), 0) == -2);
	MUST(bpf_snprintf_btf(buf, sizeof(buf), &ptr, sizeof(ptr), 16) == -22);
	MUST(bpf_snprintf_btf(buf, sizeof(buf), &ptr, 8, 0) == -22);
	ptr.type_id = 0;
	MUST(bpf_snprintf_btf(buf, sizeof(buf), &ptr, sizeof(ptr), 0) == -22);
	ptr.type_id = (__u32)bpf_btf_find_by_name_kind("list_head", 10, STRUCT, 0);
	/* Cut to what there is room for. */
	MUST(bpf_snprintf_btf(buf, sizeof(buf), &ptr, sizeof(ptr), COMPACT) > 8);
	MUST(!buf[7] && buf[0] == '(' && buf[6] == 't');
	ptr.ptr = (void *)8;
	MUST(bpf_snprintf_btf(buf, sizeof(buf), &ptr, sizeof(ptr), 0) < 0);
	return 0;
}
