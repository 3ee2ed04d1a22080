/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Locks in values and objects, sections, and exceptions. A bpf_spin_lock is a struct
 * spinlock, as user space's updates with BPF_F_LOCK take it. What is freed
 * stays for every program that runs, which is all that RCU sections ask for,
 * and a program keeps its CPU anyhow.
 */
#include "base/sync.h"
#include "helper/kfunc_functions.h"

static void unlock(struct run *run __unused, void *lock)
{
	spin_unlock(lock);
}

DEFINE_HELPER(helper_spin_lock)
{
	spin_lock(u64_to_ptr(r1));
	budget_hold_lock(run, u64_to_ptr(r1), unlock);
	return 0;
}

DEFINE_HELPER(helper_spin_unlock)
{
	if (unlikely(run->budget.nheld))
		budget_release(run, u64_to_ptr(r1));
	spin_unlock(u64_to_ptr(r1));
	return 0;
}

/* The beginning or end of a section that every program is in all the time. */
DEFINE_HELPER(kfunc_section)
{
	return 0;
}

/* Every function returns; what it comes to is the run's to say. Nothing is held: that is verified.
 */
DEFINE_HELPER(kfunc_throw)
{
	run->thrown = true;
	run->cookie = r1;
	run->budget.stopped = true;
	return 0;
}

/* The same address by another type; loads through it are probed. */
DEFINE_HELPER(kfunc_rdonly_cast)
{
	return r1;
}
