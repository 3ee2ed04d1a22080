/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exceptions: the callback that a program's declaration names, which gets the
 * number that was thrown and gives the program's result.
 */
#include "verify/global.h"
#include "verify/kfunc.h"
#include "verify/throw.h"

/* Where the function of type @id begins; 0: nowhere. */
static u32 start_of(const struct verifier *v, u32 id)
{
	u32 start = 0;

	for (u32 i = 0; i < v->in->func_info_cnt; i++)
		if (v->in->func_info[i].type_id == id)
			start = v->in->func_info[i].insn_off;
	return start;
}

int find_exception_callback(struct verifier *v, u32 *start)
{
	const struct btf *btf = v->in->btf;
	u32 tag = 0, main;
	const char *name;
	s32 id;

	*start = 0;
	if (!btf || !v->in->func_info_cnt)
		return 0;
	main = v->in->func_info[0].type_id;
	name = btf_next_decl_tag(btf, main, -1, "exception_callback:", &tag);
	if (!name)
		return 0;
	if (btf_next_decl_tag(btf, main, -1, "exception_callback:", &tag))
		return reject_program(v, -EEXIST,
				      "multiple exception callback tags for main subprog");
	id = btf_find(btf, BTF_KIND_FUNC, name);
	if (id < 0)
		return reject_program(v, id, "exception callback '%s' could not be found in BTF",
				      name);
	if (btf_vlen(btf_type_by_id(btf, (u32)id)) != BTF_FUNC_GLOBAL)
		return reject_program(v, -EINVAL,
				      "exception callback '%s' must have global linkage", name);
	*start = start_of(v, (u32)id);
	if (!*start)
		return reject_program(v, -EINVAL,
				      "exception callback type id not found in func_info");
	return 0;
}

int check_exception_args(struct verifier *v, u32 subprog)
{
	const struct subprog_info *sub = &v->subprogs[subprog];

	if (sub->arg_cnt != 1 || sub->args[0].kind != ARG_ANYTHING)
		return reject(v, -EINVAL, "exception cb only supports single integer argument");
	return 0;
}

int check_throw(struct verifier *v, const struct kfunc_args *args)
{
	(void)args;
	/* Without a callback the number is what the program returns. */
	return v->exception_callback ? 0 : check_result(v, BPF_REG_1);
}

int end_by_exception(struct verifier *v)
{
	int err = check_sections_closed(v, true);

	return err ? err : check_ref_leaks(v, true);
}
