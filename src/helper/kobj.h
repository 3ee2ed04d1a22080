/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside helper/: references of the host's kernel objects that programs hold. */
#ifndef ANYBPF_HELPER_KOBJ_H
#define ANYBPF_HELPER_KOBJ_H

#include "kernel/kernel.h"

/*
 * What a helper returns for a reference that it has got for the program:
 * @what, the structure that @object is in. An execution with a budget notes
 * it; NULL where that is full, the reference being given back then.
 */
u64 give_object(struct run *run, void *what, struct object *object);

static inline u64 give_kernel_object(struct run *run, void *what, struct kernel_object *kobj)
{
	return give_object(run, what, &kobj->obj);
}

/* The program gives a reference back. */
static inline void take_kernel_object(struct run *run, struct kernel_object *kobj)
{
	if (unlikely(run->budget.nheld))
		budget_release(run, &kobj->obj);
	kernel_object_put(kobj);
}

#endif
