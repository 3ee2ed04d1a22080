/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Queries over what a program type allows: context fields and helper
 * prototypes. Pure lookups in the hook's const tables.
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

static const struct helper_proto *set_find(const struct helper_set *set, u32 id)
{
	for (u32 i = 0; i < set->cnt; i++) {
		const struct helper_proto *proto = &helper_protos[set->index[i]];

		if (proto->id == id)
			return proto;
	}
	return NULL;
}

const struct helper_proto *rules_helper(const struct prog_rules *rules, u32 id)
{
	if (!rules->helpers)
		return NULL;
	for (const struct helper_set *const *set = rules->helpers; *set; set++) {
		const struct helper_proto *proto = set_find(*set, id);

		if (proto)
			return proto;
	}
	return NULL;
}
