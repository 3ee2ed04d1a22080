/* SPDX-License-Identifier: BSD-2-Clause */
/* What a program is loaded for: its attach type, and whether it may sleep there. */
#include "verify/attach.h"

static int check_sleepable(struct verifier *v)
{
	if (v->rules->sleepable_only && !v->info.sleepable)
		return reject_program(v, -EINVAL, "Syscall programs can only be sleepable");
	if (v->info.sleepable && !set_has(v->rules->sleepable, v->info.attach_type))
		return reject_program(v, -EINVAL,
				      "Only fentry/fexit/fmod_ret, lsm, iter, uprobe, and "
				      "struct_ops programs can be sleepable");
	return 0;
}

int check_attach(struct verifier *v)
{
	/* Linux refuses it before the verifier sees the program. */
	if (!rules_fit_attach(v->rules, v->info.attach_type))
		return reject_program(v, -EINVAL, "attach type %d does not fit the program type",
				      v->info.attach_type);
	if (v->rules->optional && kernel_btf(v) && find_ctx_type(v, v->rules, "_prog") < 0)
		return reject_program(v, -EINVAL, "the kernel has no programs of type %s",
				      v->rules->name);
	return check_sleepable(v);
}
