/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Replacements of another program's global function. The rules are those of
 * the program that is extended; these here hold until it is known.
 */
#include <string.h>

#include "hook/attach.h"
#include "hook/rules.h"

static const struct prog_rules rules = {
	.type = BPF_PROG_TYPE_EXT,
	.name = "ext",
	.caps = HOST_CAP_BPF | HOST_CAP_NET_ADMIN | HOST_CAP_PERFMON,
	.attach_types = BIT_ULL(0),
};

/* Whether all that it takes is the context of what it extends. */
static bool takes_context(const struct prog *prog)
{
	const struct btf *btf = prog->btf ? prog->btf->btf : NULL;
	const char *ctx = prog->target->hook->rules->ctx_name;
	const struct btf_type *t;

	if (!btf || !ctx || !prog->func_info_cnt)
		return false;
	t = btf_type_by_id(btf, btf_type_by_id(btf, prog->func_info->type_id)->type);
	if (btf_vlen(t) != 1)
		return false;
	t = btf_skip_mods(btf, ((const struct btf_param *)btf_tail(t))->type, NULL);
	if (btf_kind(t) != BTF_KIND_PTR)
		return false;
	t = btf_skip_mods(btf, t->type, NULL);
	return btf_kind(t) == BTF_KIND_STRUCT && !strcmp(btf_name(btf, t), ctx);
}

/*
 * Linux has no test run of them. Here one that takes the context alone runs as the
 * program does that it extends.
 */
static int ext_test_run(struct host *host, struct prog *prog, union bpf_attr *attr)
{
	if (!prog->target || !prog->target->hook->test_run || !takes_context(prog))
		return -EOPNOTSUPP;
	return prog->target->hook->test_run(host, prog, attr);
}

const struct hook hook_ext = {
	.type = BPF_PROG_TYPE_EXT,
	.name = "ext",
	.rules = &rules,
	.test_run = ext_test_run,
	.link = ext_link,
};
