/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Test runs of programs that are attached to control groups. Linux has none but
 * for packets: these take the context as programs see it, without pointers, and
 * give it back. The result is what the program returns; what it makes of the
 * system call (bpf_set_retval()) is told where the context has a place for it.
 */
#ifndef ANYBPF_HOOK_CGROUP_TEST_H
#define ANYBPF_HOOK_CGROUP_TEST_H

#include "base/bytes.h"
#include "hook/cgroup_attach.h"
#include "hook/internal.h"

#define GROUP_HOOK(symbol, id, rules_, run)                                                        \
	const struct hook hook_##symbol = {                                                        \
		.type = BPF_PROG_TYPE_##id,                                                        \
		.name = #symbol,                                                                   \
		.rules = &(rules_),                                                                \
		.link = group_link,                                                                \
		.test_run = (run),                                                                 \
	}

/* Checks the attribute and copies ctx_in; @data: whether the type takes data, a page at most. */
int group_test_ctx(const union bpf_attr *attr, void *ctx, u32 size, bool data);
/*
 * Runs the program on the host's context as often as asked for. @sysret is what
 * bpf_get_retval() and bpf_set_retval() are about; NULL: 0 at first, and lost.
 */
int group_test_repeat(struct host *host, const struct prog *prog, void *ctx, union bpf_attr *attr,
		      s32 *sysret);
/* A socket as the test describes it, unconnected. */
struct sock;
int group_test_sock(struct host *host, u32 family, u32 type, u32 protocol, struct sock **sk);

#endif
