/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For the field and rule tables of the hooks. What is not said about a field is
 * that the host's structure has it where programs see it.
 */
#ifndef ANYBPF_HOOK_RULES_H
#define ANYBPF_HOOK_RULES_H

#include "hook/internal.h"

#define ATTACH(name) BIT_ULL(BPF_##name)

#define SIZE_OF(type, name) sizeof(((struct type *)0)->name)

/* struct type's field; what follows the flags initialises more of struct ctx_field. */
#define RULE_FIELD(type, field, access, ...)                                                       \
	{                                                                                          \
		.name = #field, .off = offsetof(struct type, field), .size = SIZE_OF(type, field), \
		.elem = SIZE_OF(type, field), .flags = (access),                                   \
		.host_off = offsetof(struct type, field), .host_size = SIZE_OF(type, field),       \
		##__VA_ARGS__                                                                      \
	}

/* struct view's field, which is struct type's member in the host. */
#define HOST_FIELD(view, field, access, type, member, ...)                                         \
	{                                                                                          \
		.name = #field, .off = offsetof(struct view, field), .size = SIZE_OF(view, field), \
		.elem = SIZE_OF(view, field), .flags = (access),                                   \
		.host_off = offsetof(struct type, member), .host_size = SIZE_OF(type, member),     \
		##__VA_ARGS__                                                                      \
	}

/* An array of u32. */
#define RULE_ARRAY(type, field, access, ...)                                                       \
	{                                                                                          \
		.name = #field, .off = offsetof(struct type, field), .size = SIZE_OF(type, field), \
		.elem = sizeof(u32), .flags = (access), .host_off = offsetof(struct type, field),  \
		.host_size = sizeof(u32), ##__VA_ARGS__                                            \
	}

/* Memory that may be read by any aligned size: @n bytes from @at. */
#define RULE_BYTES(field, at, n, access)                                                           \
	{                                                                                          \
		.name = (field), .off = (at), .size = (n), .elem = 1,                              \
		.flags = (access) | CTX_BYTES, .host_off = (at), .host_size = 1                    \
	}

/* What a program that attaches to a socket filter's successor, and most others, may return. */
#define RET_BOOL                                                                                   \
	{                                                                                          \
		0,                                                                                 \
		{                                                                                  \
			0, 1                                                                       \
		}                                                                                  \
	}

/* Programs see nothing but bytes, and test runs are all that runs them, by one of the functions
 * below. */
#define PLAIN_HOOK(symbol, id, rules_, run)                                                        \
	const struct hook hook_##symbol = {                                                        \
		.type = BPF_PROG_TYPE_##id,                                                        \
		.name = #symbol,                                                                   \
		.rules = &(rules_),                                                                \
		.test_run = (run),                                                                 \
	}

int plain_test_run(struct host *host, struct prog *prog, union bpf_attr *attr);
/* With Linux's checks for BPF_PROG_TYPE_RAW_TRACEPOINT and BPF_PROG_TYPE_SYSCALL. */
int raw_tp_test_run(struct host *host, struct prog *prog, union bpf_attr *attr);
int raw_tp_writable_test_run(struct host *host, struct prog *prog, union bpf_attr *attr);
int syscall_test_run(struct host *host, struct prog *prog, union bpf_attr *attr);

/* Of x86_64, the smallest there is; kprobe programs for others need the kernel's BTF. */
#define PT_REGS_SIZE 168

#endif
