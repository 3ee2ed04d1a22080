/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stacks of the task on whose behalf a program runs.
 *
 * The kernel's stack is the host's: for programs whose context is registers
 * the stack that these are in, for others the program's own caller and on from
 * there, as far as it can be followed. The user's stack is known where the
 * context has a user's registers, or when the environment tells it.
 */
#include <string.h>

#include "helper/functions.h"
#include "kernel/task.h"
#include "map/stack_trace.h"

#define KNOWN_FLAGS ((u64)(BPF_F_SKIP_FIELD_MASK | BPF_F_USER_STACK))

/* Of struct pt_regs, which programs see as x86-64 has it: rbp, rip and cs. */
#define REG_FP	  4
#define REG_IP	  16
#define REG_CS	  17
#define CS_OF_CPL 3u /* bits of cs that are not 0 in user space */

static const u64 *regs_of(const struct run *run, const void *ctx)
{
	switch (run->prog->type) {
	case BPF_PROG_TYPE_KPROBE:
	case BPF_PROG_TYPE_PERF_EVENT:
		return ctx;
	default:
		return NULL;
	}
}

/* Frames that may be asked for: those that are wanted and those to be left out before. */
static u32 reach(u32 wanted, u64 flags)
{
	return (u32)u64_min(wanted + (flags & BPF_F_SKIP_FIELD_MASK), STACK_MAX_FRAMES);
}

static u32 capture(struct run *run, const u64 *regs, u64 caller, u64 flags, u64 *ips, u32 max)
{
	const struct environment *env = &run->host->env;
	struct env_stack from = {.user = flags & BPF_F_USER_STACK, .ip = caller};

	if (regs) {
		bool in_user = regs[REG_CS] & CS_OF_CPL;

		/* A user's registers tell nothing of the kernel. */
		if (in_user && !from.user)
			return 0;
		from.has_regs = in_user == from.user;
		from.ip = regs[REG_IP];
		from.fp = regs[REG_FP];
	}
	return env->stack(env->ctx, &from, ips, max);
}

static void put_build_ids(struct run *run, bool user, const u64 *ips, u32 n, void *frames)
{
	const struct environment *env = &run->host->env;

	for (u32 i = 0; i < n; i++) {
		struct stack_build_id frame = {.status = STACK_BUILD_ID_VALID};

		if (!user || !env->build_id(env->ctx, ips[i], frame.id, &frame.offset))
			frame = (struct stack_build_id){.status = STACK_BUILD_ID_IP,
							.offset = ips[i]};
		memcpy((u8 *)frames + i * sizeof(frame), &frame, sizeof(frame));
	}
}

static s64 get_stackid(struct run *run, const u64 *regs, u64 caller, struct map *map, u64 flags)
{
	const u64 known = KNOWN_FLAGS | BPF_F_FAST_STACK_CMP | BPF_F_REUSE_STACKID;
	u32 skip = flags & BPF_F_SKIP_FIELD_MASK, depth = stack_trace_depth(map), n;
	struct stack_build_id build_ids[STACK_MAX_FRAMES];
	u64 ips[STACK_MAX_FRAMES];

	if (flags & ~known)
		return -EINVAL;
	n = capture(run, regs, caller, flags, ips, reach(depth, flags));
	if (n <= skip)
		return -EFAULT;
	n = (u32)u64_min(n - skip, depth);
	if (!(map->desc.map_flags & BPF_F_STACK_BUILD_ID))
		return stack_trace_put(map, ips + skip, ips + skip, n, flags);
	put_build_ids(run, flags & BPF_F_USER_STACK, ips + skip, n, build_ids);
	return stack_trace_put(map, ips + skip, build_ids, n, flags);
}

DEFINE_HELPER(helper_get_stackid)
{
	u64 caller = ptr_to_u64(__builtin_return_address(0));

	return (u64)get_stackid(run, regs_of(run, u64_to_ptr(r1)), caller, u64_to_ptr(r2), r3);
}

/* ---- into the program's memory ---- */

static bool stack_flags_ok(u64 flags, u32 size)
{
	bool build_id = flags & BPF_F_USER_BUILD_ID;

	if (flags & ~(KNOWN_FLAGS | BPF_F_USER_BUILD_ID))
		return false;
	if (build_id && !(flags & BPF_F_USER_STACK))
		return false;
	return !(size % (build_id ? sizeof(struct stack_build_id) : sizeof(u64)));
}

static s64 fill_stack(struct run *run, const u64 *regs, u64 caller, u8 *buf, u32 size, u64 flags)
{
	bool build_id = flags & BPF_F_USER_BUILD_ID;
	u32 elem = build_id ? (u32)sizeof(struct stack_build_id) : (u32)sizeof(u64);
	u32 skip = flags & BPF_F_SKIP_FIELD_MASK, n;
	u64 ips[STACK_MAX_FRAMES];

	n = capture(run, regs, caller, flags, ips, reach(size / elem, flags));
	if (n < skip)
		return -EFAULT;
	n = (u32)u64_min(n - skip, size / elem);
	if (build_id)
		put_build_ids(run, true, ips + skip, n, buf);
	else
		memcpy(buf, ips + skip, n * sizeof(*ips));
	memset(buf + n * elem, 0, size - n * elem);
	return n * elem;
}

static s64 get_stack(struct run *run, const u64 *regs, u64 caller, u8 *buf, u32 size, u64 flags)
{
	s64 n = -EINVAL;

	if (stack_flags_ok(flags, size))
		n = fill_stack(run, regs, caller, buf, size, flags);
	if (n < 0)
		memset(buf, 0, size);
	return n;
}

DEFINE_HELPER(helper_get_stack)
{
	u64 caller = ptr_to_u64(__builtin_return_address(0));

	return (u64)get_stack(run, regs_of(run, u64_to_ptr(r1)), caller, u64_to_ptr(r2), (u32)r3,
			      r4);
}

/* Of the current task alone: nobody knows the stack of one that does not run here. */
DEFINE_HELPER(helper_get_task_stack)
{
	u64 caller = ptr_to_u64(__builtin_return_address(0));
	const struct task_struct *task = u64_to_ptr(r1);

	if (task == task_current(run))
		return (u64)get_stack(run, NULL, caller, u64_to_ptr(r2), (u32)r3, r4);
	memset(u64_to_ptr(r2), 0, (u32)r3);
	if (!stack_flags_ok(r4, (u32)r3))
		return helper_error(-EINVAL);
	return helper_error(r4 & BPF_F_USER_STACK ? -EOPNOTSUPP : -EFAULT);
}
