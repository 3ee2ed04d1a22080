/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of a program or subprogram: what R0 may hold and what must have been released. */
#include <inttypes.h>
#include <stdio.h>

#include "verify/verifier.h"

int reject_range(struct verifier *v, const struct reg *reg, const struct ret_range *range,
		 const char *when)
{
	char known[80] = "";
	int n = 0;

	if (reg->s.smin > INT64_MIN)
		n = snprintf(known, sizeof(known), " smin=%" PRId64, reg->s.smin);
	if (reg->s.smax < INT64_MAX)
		snprintf(known + n, sizeof(known) - (size_t)n, " smax=%" PRId64, reg->s.smax);
	return reject(v, -EINVAL, "%s the register R0 has%s should have been in [%d, %d]", when,
		      known[0] ? known : " unknown scalar value", range->min, range->max);
}

static int check_range(struct verifier *v, const struct reg *r0, const struct ret_range *range,
		       const char *when)
{
	int err;

	if (r0->type != SCALAR_VALUE)
		return reject(v, -EINVAL, "%s the register R0 is not a known value (%s)", when,
			      TYPE_NAME(r0->type));
	err = mark_precise(v, BPF_REG_0);
	if (err)
		return err;
	if (r0->s.smin < range->min || r0->s.smax > range->max)
		return reject_range(v, r0, range, when);
	return 0;
}

static int check_result(struct verifier *v)
{
	const struct reg *r0 = cur_reg(v, BPF_REG_0);
	struct ret_range range;
	int err = use_reg(v, BPF_REG_0);

	if (err)
		return err;
	if (leaks_pointer(v, r0))
		return reject(v, -EACCES, "R0 leaks addr as return value");
	if (v->cur->frame[0]->in_async_callback)
		return check_range(v, r0, &v->cur->frame[0]->callback_ret,
				   "At async callback return");
	if (cur_frame(v)->subprog) {
		if (r0->type != SCALAR_VALUE)
			return reject(v, -EINVAL,
				      "At subprogram exit the register R0 is not a scalar value "
				      "(%s)",
				      TYPE_NAME(r0->type));
		return 0;
	}
	if (!v->rules->ret_range || !v->rules->ret_range(&v->info, &range))
		return 0;
	return check_range(v, r0, &range, "At program exit");
}

int check_exit(struct verifier *v, bool *path_ends)
{
	int err = check_ref_leaks(v, false);

	if (err)
		return err;
	if (v->cur->curframe)
		return return_from_subprog(v);
	*path_ends = true;
	return check_result(v);
}
