/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside hook/: the hooks of hook.def and what several of them share. */
#ifndef ANYBPF_HOOK_INTERNAL_H
#define ANYBPF_HOOK_INTERNAL_H

#include <errno.h>

#include "hook/hook.h"

#define HOOK(type, symbol) extern const struct hook hook_##symbol;
#include "hook/hook.def"
#undef HOOK

/*
 * ---- BPF_PROG_TEST_RUN, what all types share ----
 *
 * Linux takes and gives a page at most; numbers below are those of pages of
 * 4 KiB on x86_64, so that the same sizes are accepted everywhere.
 */
#define TEST_PAGE     4096u
#define TEST_TAILROOM 320u /* Linux's skb_shared_info, at the end of each buffer */
#define TEST_LOOPBACK 1u   /* the one interface of a host */

/* Whether sizes and pointers of contexts go together: 0 or -EINVAL. */
int test_check_attr(const union bpf_attr *attr);
/* Copies the caller's @size bytes of data_in; 0 or -EFAULT. */
int test_copy_data(const union bpf_attr *attr, u8 *data, u32 size);
/*
 * Copies ctx_in over the @size zeroed bytes of @ctx. *used tells whether the
 * caller has any interest in a context. 0, -E2BIG for a larger one whose end
 * is not zero, -EFAULT.
 */
int test_copy_ctx(const union bpf_attr *attr, void *ctx, u32 size, bool *used);
/*
 * Runs @prog as often as the attribute says; the mean duration in ns. 0, or -ETIME
 * when an execution went over the budget of the host.
 */
int test_repeat(struct host *host, const struct prog *prog, void *ctx, u32 repeat,
		s64 (*legacy_load)(struct run *run, s32 off, u32 size), u32 *retval, u32 *duration);
/* The same where a run is more than the program: @once runs it in @run's slot. */
int test_repeat_by(struct host *host, u32 repeat, u32 (*once)(struct run *run, void *arg),
		   void *arg, u32 *retval, u32 *duration);
/* As the first, with the result of the system call that the program may change; may be NULL. */
int test_repeat_in_group(struct host *host, const struct prog *prog, void *ctx, u32 repeat,
			 s32 *sysret, u32 *retval, u32 *duration);
/* Hands the results out: 0, or -ENOSPC when data_out was too small and holds the beginning. */
int test_finish(union bpf_attr *attr, const u8 *data, u32 size, u32 retval, u32 duration);
/* The same for the context; @ctx NULL when the caller had none. */
int test_finish_ctx(union bpf_attr *attr, const void *ctx, u32 size);

#endif
