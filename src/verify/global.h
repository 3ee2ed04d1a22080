/* SPDX-License-Identifier: BSD-2-Clause */
/* Prototypes of global functions, as the verifier takes them. */
#ifndef ANYBPF_VERIFY_GLOBAL_H
#define ANYBPF_VERIFY_GLOBAL_H

#include "verify/verifier.h"

/* What argument @i, of type @type, must be at calls and is at the function's entry. */
int set_arg_kind(struct verifier *v, u32 subprog, u32 i, u32 type, struct global_arg *arg);
/* INT or an enumeration; no modifiers. */
bool is_scalar_type(const struct btf_type *t);
/* Whether it points to what programs of the type declare as their context. */
bool is_ctx_pointer(struct verifier *v, const struct btf_type *ptr);

/* ---- for later attachment (reliable.c) ---- */

/* Before a call of a static function: whether its arguments are what its BTF says. */
void note_static_call(struct verifier *v, u32 subprog);
bool main_is_reliable(struct verifier *v);

#endif
