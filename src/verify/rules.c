/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Queries over what a program type allows: context fields, helper prototypes,
 * attach types, results. Pure lookups in the hook's const tables.
 */
#include "verify/rules.h"

const struct ctx_field *ctx_field_in(const struct ctx_field *fields, u32 cnt, u32 off, u32 size)
{
	for (u32 i = 0; i < cnt; i++) {
		const struct ctx_field *field = &fields[i];

		if (off >= field->off && off - field->off < field->size &&
		    size <= field->size - (off - field->off))
			return field;
	}
	return NULL;
}

const struct ctx_field *ctx_field_find(const struct prog_rules *rules, u32 off, u32 size)
{
	return ctx_field_in(rules->fields, rules->field_cnt, off, size);
}

static bool is_power_of_two(u32 n)
{
	return n && !(n & (n - 1));
}

static bool part_allowed(const struct ctx_field *field, u32 within, u32 size)
{
	if (!is_power_of_two(size) || within % size || within + size > field->elem)
		return false;
	if (field->flags & CTX_NARROW_FIRST)
		return !within;
	if (field->flags & CTX_NARROW_HALF)
		return within + size <= 2;
	if (field->flags & CTX_NARROW_16)
		return size >= 2;
	return field->flags & CTX_NARROW;
}

bool ctx_size_allowed(const struct ctx_field *field, u32 off, u32 size, bool write)
{
	u32 within = (off - field->off) % field->elem;

	if (field->flags & CTX_BYTES)
		return is_power_of_two(size) && size <= 8;
	if (size == field->elem && !within)
		return true;
	if (size < field->elem)
		return !write && part_allowed(field, within, size);
	return size == 2u * field->elem && field->flags & CTX_WIDE && !within;
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
