/* SPDX-License-Identifier: BSD-2-Clause */
/* Timers and work queues: fields of map values that only their own functions may touch. */
#include <inttypes.h>

#include "verify/verifier.h"

static const struct btf_field *find_field(const struct map_desc *map, enum btf_field_kind kind)
{
	for (u32 i = 0; map->fields && i < map->fields->cnt; i++)
		if (map->fields->at[i].kind == kind)
			return &map->fields->at[i];
	return NULL;
}

int take_map_arg(struct verifier *v, const struct reg *reg, const char *object,
		 struct call_args *args)
{
	if (object && args->map && (args->map != reg->map || args->map_uid != reg->map_uid))
		return reject(v, -EINVAL,
			      "%s pointer in R1 map_uid=%u doesn't match map pointer in R2 "
			      "map_uid=%u",
			      object, args->map_uid, reg->map_uid);
	args->map = reg->map;
	args->map_index = reg->map_index;
	args->map_uid = reg->map_uid;
	return 0;
}

/* The map's one field of a kind, by a pointer into a value. */
static int check_field_arg(struct verifier *v, u32 regno, enum btf_field_kind kind,
			   const char *name, struct call_args *args)
{
	const struct reg *reg = cur_reg(v, regno);
	const struct btf_field *field;
	s64 off = (s64)reg->s.var_off.value + reg->off;

	if (!tnum_is_const(reg->s.var_off))
		return reject(v, -EINVAL,
			      "R%u doesn't have constant offset. %s has to be at the constant "
			      "offset",
			      regno, name);
	if (!reg->map->btf)
		return reject(v, -EINVAL, "map '%.16s' has to have BTF in order to use %s",
			      reg->map->name, name);
	field = find_field(reg->map, kind);
	if (!field)
		return reject(v, -EINVAL, "map '%.16s' has no valid %s", reg->map->name, name);
	if (off != field->offset)
		return reject(v, -EINVAL,
			      "off %" PRId64 " doesn't point to 'struct %s' that is at %u", off,
			      name, field->offset);
	return take_map_arg(v, reg, NULL, args);
}

int check_timer_arg(struct verifier *v, u32 regno, struct call_args *args)
{
	return check_field_arg(v, regno, BTF_FIELD_TIMER, "bpf_timer", args);
}

int check_wq_arg(struct verifier *v, u32 regno, struct call_args *args)
{
	return check_field_arg(v, regno, BTF_FIELD_WORKQUEUE, "bpf_wq", args);
}
