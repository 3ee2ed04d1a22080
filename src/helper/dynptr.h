/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Dynptrs: memory whose bounds are known only when the program runs. Programs
 * keep them on their stack and never look inside. Layout is the host's own;
 * kinds, limits and errors are Linux's.
 */
#ifndef ANYBPF_HELPER_DYNPTR_H
#define ANYBPF_HELPER_DYNPTR_H

#include "base/types.h"

enum dynptr_type {
	DYNPTR_TYPE_INVALID,
	DYNPTR_TYPE_LOCAL,
	DYNPTR_TYPE_RINGBUF,
	DYNPTR_TYPE_SKB,
	DYNPTR_TYPE_XDP,
};

#define DYNPTR_MAX_SIZE ((1u << 24) - 1)

struct dynptr {
	void *data; /* the memory, a struct sk_buff or a struct xdp_buff; NULL: none */
	u32 size : 24, type : 3, rdonly : 1;
	u32 offset;
};

_Static_assert(sizeof(struct dynptr) == 16, "struct bpf_dynptr's size is ABI");

static inline void dynptr_init(struct dynptr *dynptr, void *data, enum dynptr_type type, u32 size,
			       bool rdonly)
{
	*dynptr = (struct dynptr){
		.data = data, .size = size & DYNPTR_MAX_SIZE, .type = type, .rdonly = rdonly};
}

/* @len bytes at @offset are within: 0 or -E2BIG. */
int dynptr_check(const struct dynptr *dynptr, u32 offset, u32 len);
/* Copies out of the memory or packet: 0, -EINVAL of nothing, -E2BIG, -EFAULT beyond a packet. */
int dynptr_read(const struct dynptr *dynptr, u32 offset, void *to, u32 len);
/* The bytes in place, or NULL: nothing, out of bounds. */
void *dynptr_slice(const struct dynptr *dynptr, u32 offset, u32 len);

#endif
