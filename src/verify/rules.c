/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Queries over what a program type allows: context fields, helper prototypes,
 * attach types, results. Pure lookups in the hook's const tables.
 */
#include "verify/rules.h"

const struct ctx_field *ctx_field_find(const struct prog_rules *rules, u32 off, u32 size)
{
	for (u32 i = 0; i < rules->field_cnt; i++) {
		const struct ctx_field *field = &rules->fields[i];

		if (off >= field->off && off - field->off < field->size &&
		    size <= field->size - (off - field->off))
			return field;
	}
	return NULL;
}

const struct helper_proto *rules_helper(const struct prog_rules *rules,
					const struct verify_env_info *info, u32 id)
{
	const struct helper_caller caller = {
		.type = rules->type,
		.attach_type = info->attach_type,
		.sleepable = info->sleepable,
		.caps = info->caps,
	};
	const struct helper_proto *proto = helper_find(&caller, id);

	if (proto && rules->has_helper && !rules->has_helper(info, proto))
		return NULL;
	return proto;
}

bool rules_fit_attach(const struct prog_rules *rules, u32 attach_type)
{
	return !rules->attach_types || set_has(rules->attach_types, attach_type);
}

bool rules_ret_range(const struct prog_rules *rules, const struct verify_env_info *info,
		     struct ret_range *range)
{
	if (rules->ret_range)
		return rules->ret_range(info, range);
	for (u32 i = 0; i < rules->ret_cnt; i++) {
		const struct ret_rule *rule = &rules->rets[i];

		if (rule->attach && !set_has(rule->attach, info->attach_type))
			continue;
		*range = rule->range;
		return true;
	}
	return false;
}
