/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers on maps: the map's type does the work. */
#include "helper/functions.h"

static struct map *arg_map(u64 r)
{
	return u64_to_ptr(r);
}

DEFINE_HELPER(helper_map_lookup_elem)
{
	struct map *map = arg_map(r1);

	return map->ops->lookup ? ptr_to_u64(map->ops->lookup(map, u64_to_ptr(r2), run->cpu)) : 0;
}

DEFINE_HELPER(helper_map_update_elem)
{
	struct map *map = arg_map(r1);

	if (!map->ops->update)
		return helper_error(-EOPNOTSUPP);
	return helper_error(map->ops->update(map, u64_to_ptr(r2), u64_to_ptr(r3), r4, run->cpu));
}

DEFINE_HELPER(helper_map_delete_elem)
{
	struct map *map = arg_map(r1);

	if (!map->ops->delete)
		return helper_error(-EOPNOTSUPP);
	return helper_error(map->ops->delete (map, u64_to_ptr(r2)));
}

DEFINE_HELPER(helper_map_lookup_percpu_elem)
{
	struct map *map = arg_map(r1);
	u32 cpu = (u32)r3;

	if (!map->ops->lookup || cpu >= run->host->env.nr_cpus)
		return 0;
	return ptr_to_u64(map->ops->lookup(map, u64_to_ptr(r2), cpu));
}

DEFINE_HELPER(helper_map_push_elem)
{
	struct map *map = arg_map(r1);

	if (!map->ops->push)
		return helper_error(-EOPNOTSUPP);
	return helper_error(map->ops->push(map, u64_to_ptr(r2), r3));
}

DEFINE_HELPER(helper_map_pop_elem)
{
	struct map *map = arg_map(r1);

	if (!map->ops->pop)
		return helper_error(-EOPNOTSUPP);
	return helper_error(map->ops->pop(map, u64_to_ptr(r2)));
}

DEFINE_HELPER(helper_map_peek_elem)
{
	struct map *map = arg_map(r1);

	if (!map->ops->peek)
		return helper_error(-EOPNOTSUPP);
	return helper_error(map->ops->peek(map, u64_to_ptr(r2)));
}

struct for_each {
	struct run *run;
	struct map *map;
	const struct subprog *fn;
	u64 ctx;
};

static long for_each_call(void *arg, void *key, void *value)
{
	struct for_each *each = arg;

	return (long)each->run->invoke(each->run, each->fn, ptr_to_u64(each->map), ptr_to_u64(key),
				       ptr_to_u64(value), each->ctx, 0);
}

DEFINE_HELPER(helper_for_each_map_elem)
{
	struct for_each each = {run, arg_map(r1), u64_to_ptr(r2), r3};

	if (r4)
		return helper_error(-EINVAL);
	if (!each.map->ops->for_each)
		return helper_error(-EOPNOTSUPP);
	return (u64)each.map->ops->for_each(each.map, run->cpu, for_each_call, &each);
}
