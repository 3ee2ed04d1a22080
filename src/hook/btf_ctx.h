/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Contexts of programs whose arguments BTF describes, out of bytes that
 * the caller of a test run gives: the arguments, 8 bytes each (16 for larger
 * structures), the result behind them where there is one, then any memory. An
 * argument that is a pointer is
 *
 *	0			NULL
 *	an offset in the bytes	of memory that the type tells the size of; pointers in it likewise
 *	a handle		of an object of the host: tasks, control groups, maps, ...
 *
 * Which of the two follows from the type: what functions of the host take must
 * be the host's own. Programs can then trust all that the verifier lets them trust,
 * whatever the bytes are.
 */
#ifndef ANYBPF_HOOK_BTF_CTX_H
#define ANYBPF_HOOK_BTF_CTX_H

#include "object/prog.h"
#include "object/trampoline.h"

struct btf_ctx {
	struct trace_ctx trace;
	struct host *host;
	u8 *bytes; /* the caller's, with pointers in them */
	u32 size;
	VEC(struct object *) objects; /* references of those that are pointed to */
};

/*
 * Reads ctx_in for @prog: 0, -EINVAL where bytes and types do not go together,
 * -EBADF for a handle, -EOPNOTSUPP for an object that the host has no handles of,
 * -EFAULT, -E2BIG, -ENOMEM. On success btf_ctx_free() ends it.
 */
int btf_ctx_read(struct btf_ctx *ctx, struct host *host, const struct prog *prog,
		 const union bpf_attr *attr);
void btf_ctx_free(struct btf_ctx *ctx);

/* A test run of one program on such a context: what it returns is the result. */
int btf_ctx_test_run(struct host *host, struct prog *prog, union bpf_attr *attr);

#endif
