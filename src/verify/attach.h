/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What programs attach to by BTF: whether they may, and what their context is
 * then. Shared by attach.c, attach_prog.c, struct_ops.c, lsm.c and btf_ctx.c.
 */
#ifndef ANYBPF_VERIFY_ATTACH_H
#define ANYBPF_VERIFY_ATTACH_H

#include "verify/btf_ptr.h"
#include "verify/lsm.h"
#include "verify/struct_ops.h"

/* A pass: fills v->attach, or rejects the program as a whole. */
int check_attach_target(struct verifier *v);
/* Whether the kernel was built to let programs make its functions fail; yes, if nobody knows. */
bool kernel_injects_errors(struct verifier *v);

/* ---- a program's function (attach_prog.c) ---- */

/* Whether the function is one of the target's that may be replaced or traced. */
int check_target_prog(struct verifier *v, const struct btf_type *func, bool *unreliable);
/* A replacement must look like what it replaces. */
int check_same_signature(struct verifier *v, const struct btf_type *func);

/* ---- a member of a structure of functions (struct_ops.c) ---- */

int check_struct_ops(struct verifier *v);

/* ---- the context (btf_ctx.c) ---- */

struct mem_access;
/* Whether there are iterators of the kind behind a function's name ("bpf_iter_task"). */
bool iter_exists(const char *func);
int check_btf_ctx_access(struct verifier *v, const struct mem_access *a, s32 off);
/* Whether what argument @arg of @func points to is the context of programs of these rules. */
bool is_prog_ctx_type(struct verifier *v, const struct btf *btf, const struct btf_type *ptr,
		      const struct prog_rules *rules, u32 arg);
/*
 * The type that the kernel's BTF knows the context by: what programs see
 * ("_prog") or what is behind it ("_kern"); -ENOENT.
 */
s32 find_ctx_type(struct verifier *v, const struct prog_rules *rules, const char *side);
/* Whether a name has that end. */
bool name_ends_with(const char *name, const char *end);

#endif
