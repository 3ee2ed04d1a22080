/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernel functions on control groups: references, ancestors, and walking the tree. */
#include "helper/kfunc_functions.h"
#include "helper/kobj.h"
#include "kernel/cgroup.h"
#include "kernel/task.h"

/* With a reference, or NULL where the group is just going. */
static u64 acquire(struct run *run, struct cgroup *cgrp)
{
	return cgrp && cgroup_try_get(cgrp) ? give_kernel_object(run, cgrp, &cgrp->host_object) : 0;
}

DEFINE_HELPER(kfunc_cgroup_acquire)
{
	return acquire(run, u64_to_ptr(r1));
}

DEFINE_HELPER(kfunc_cgroup_release)
{
	struct cgroup *cgrp = u64_to_ptr(r1);

	take_kernel_object(run, &cgrp->host_object);
	return 0;
}

DEFINE_HELPER(kfunc_cgroup_ancestor)
{
	return acquire(run, cgroup_ancestor(u64_to_ptr(r1), (s32)r2));
}

DEFINE_HELPER(kfunc_cgroup_from_id)
{
	struct cgroup *cgrp;

	if (cgroup_by_id(run->host, r1, &cgrp))
		return 0;
	return give_kernel_object(run, cgrp, &cgrp->host_object);
}

DEFINE_HELPER(kfunc_task_under_cgroup)
{
	const struct task_struct *task = u64_to_ptr(r1);
	const struct cgroup *cgrp = cgroup_of_task(run->host, (u32)task->pid);

	return cgrp && cgroup_is_descendant(cgrp, u64_to_ptr(r2));
}

/* The host has no groups of version 1. */
DEFINE_HELPER(kfunc_task_get_cgroup1)
{
	return 0;
}

/* ---- walking ---- */

/* What struct bpf_iter_css is to Linux, too. */
struct iter_css {
	struct cgroup_subsys_state *start, *pos;
	u32 order;
};

DEFINE_HELPER(kfunc_iter_css_new)
{
	struct iter_css *it = u64_to_ptr(r1);

	*it = (struct iter_css){0};
	switch ((u32)r3) {
	case BPF_CGROUP_ITER_DESCENDANTS_PRE:
	case BPF_CGROUP_ITER_DESCENDANTS_POST:
	case BPF_CGROUP_ITER_ANCESTORS_UP:
		*it = (struct iter_css){.start = u64_to_ptr(r2), .order = (u32)r3};
		return 0;
	default:
		return helper_error(-EINVAL);
	}
}

static struct cgroup_subsys_state *next_css(const struct iter_css *it)
{
	struct cgroup *next;

	if (it->order == BPF_CGROUP_ITER_ANCESTORS_UP)
		return it->pos ? it->pos->parent : it->start;
	next = cgroup_next_descendant(it->pos ? it->pos->cgroup : NULL, it->start->cgroup,
				      it->order == BPF_CGROUP_ITER_DESCENDANTS_PRE);
	return next ? &next->self : NULL;
}

DEFINE_HELPER(kfunc_iter_css_next)
{
	struct iter_css *it = u64_to_ptr(r1);

	if (!it->start)
		return 0;
	it->pos = next_css(it);
	return ptr_to_u64(it->pos);
}

DEFINE_HELPER(kfunc_iter_css_destroy)
{
	*(struct iter_css *)u64_to_ptr(r1) = (struct iter_css){0};
	return 0;
}
