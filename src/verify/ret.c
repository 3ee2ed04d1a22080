/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of a program or subprogram: what R0 may hold and what must have been released. */
#include <inttypes.h>
#include <stdio.h>

#include "verify/kfunc.h"

int reject_range(struct verifier *v, u32 regno, const struct reg *reg,
		 const struct ret_range *range, const char *when)
{
	char known[80] = "";
	int n = 0;

	if (reg->s.smin > INT64_MIN)
		n = snprintf(known, sizeof(known), " smin=%" PRId64, reg->s.smin);
	if (reg->s.smax < INT64_MAX)
		snprintf(known + n, sizeof(known) - (size_t)n, " smax=%" PRId64, reg->s.smax);
	return reject(v, -EINVAL, "%s the register R%u has%s should have been in [%d, %d]", when,
		      regno, known[0] ? known : " unknown scalar value", range->min, range->max);
}

static bool within(const struct reg *reg, const struct ret_range *range, bool half)
{
	if (half)
		return reg->s.s32_min >= range->min && reg->s.s32_max <= range->max;
	return reg->s.smin >= range->min && reg->s.smax <= range->max;
}

/* Targets that return nothing do not look at r0. */
static bool returns_nothing(const struct verifier *v)
{
	if (v->rules->type == BPF_PROG_TYPE_LSM && v->info.attach_type == BPF_LSM_CGROUP)
		return false;
	return v->info.target_void &&
	       (v->rules->type == BPF_PROG_TYPE_LSM || v->rules->type == BPF_PROG_TYPE_STRUCT_OPS);
}

static int enforce_range(struct verifier *v, u32 regno, const struct ret_range *range, bool half,
			 const char *when)
{
	const struct reg *reg = cur_reg(v, regno);
	int err;

	if (reg->type != SCALAR_VALUE)
		return reject(v, -EINVAL, "%s the register R%u is not a known value (%s)", when,
			      regno, TYPE_NAME(reg->type));
	err = mark_precise(v, regno);
	if (err || within(reg, range, half))
		return err;
	return reject_range(v, regno, reg, range, when);
}

static int check_program_result(struct verifier *v, u32 regno)
{
	const struct frame *main = v->cur->frame[0];
	struct ret_range range;
	bool cgroup = v->info.attach_type == BPF_LSM_CGROUP;
	int err;

	if (!rules_ret_range(v->rules, &v->info, &range))
		return 0;
	err = enforce_range(v, regno, &range, v->rules->ret_32bit && !cgroup, "At program exit");
	if (err && v->rejected && !main->subprog && cgroup && v->info.target_void &&
	    v->rules->type == BPF_PROG_TYPE_LSM && cur_reg(v, regno)->type == SCALAR_VALUE)
		return reject(v, err,
			      "Note, BPF_LSM_CGROUP that attach to void LSM hooks can't modify "
			      "return value!");
	return err;
}

int check_result(struct verifier *v, u32 regno)
{
	const struct frame *main = v->cur->frame[0];
	const struct reg *reg = cur_reg(v, regno);
	bool function = main->subprog && !main->in_exception_callback;
	int err;

	if (!function && returns_nothing(v))
		return 0;
	err = use_reg(v, regno);
	if (err)
		return err;
	if (leaks_pointer(v, reg))
		return reject(v, -EACCES, "R%u leaks addr as return value", regno);
	if (main->in_async_callback)
		return enforce_range(v, regno, &main->callback_ret, false,
				     "At async callback return");
	if (!function)
		return check_program_result(v, regno);
	if (reg->type != SCALAR_VALUE)
		return reject(v, -EINVAL,
			      "At subprogram exit the register R%u is not a scalar value (%s)",
			      regno, TYPE_NAME(reg->type));
	return 0;
}

int check_exit(struct verifier *v, bool *path_ends)
{
	int err = check_sections_closed(v, false);

	if (!err)
		err = check_ref_leaks(v, false);
	if (err)
		return err;
	if (v->cur->curframe)
		return return_from_subprog(v);
	*path_ends = true;
	return check_result(v, BPF_REG_0);
}
