/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A value in memory as text of the form that bpf_snprintf_btf() has:
 * (struct list_head){ .next = (struct list_head *)0x..., }. Zeros are left out
 * where the flags do not ask for them. Users of the ABI parse it, so that its
 * quirks are kept; btf_print_value() is for people.
 */
#ifndef ANYBPF_BTF_SHOW_H
#define ANYBPF_BTF_SHOW_H

#include "btf/btf.h"

#define BTF_SHOW_COMPACT BIT(0) /* on one line */
#define BTF_SHOW_NONAME	 BIT(1) /* no names of members and types */
#define BTF_SHOW_PTR_RAW BIT(2) /* addresses as they are, else numbers that stand for them */
#define BTF_SHOW_ZERO	 BIT(3)
#define BTF_SHOW_FLAGS	 (BIT(4) - 1)

/* Where the value is: reads memory that may not be there, 0 or -EFAULT. */
struct btf_memory {
	int (*read)(void *ctx, void *dst, u64 addr, size_t size);
	void *ctx;
	u64 addr;
};

/*
 * Writes at most @size bytes, with a terminator where @size is not 0. How many
 * the text has without it, -EFAULT or -EINVAL (no such value).
 */
s64 btf_show(const struct btf *btf, u32 id, const struct btf_memory *memory, u32 flags, char *text,
	     size_t size);

#endif
