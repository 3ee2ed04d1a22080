/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which maps go with which helpers. Both ways: some maps can only be used by
 * some helpers, and some helpers only work on some maps.
 */
#include "verify/verifier.h"

struct pair {
	u16 map, helper;
};

#define PAIR(map, helper)                                                                          \
	{                                                                                          \
		BPF_MAP_TYPE_##map, BPF_FUNC_##helper                                              \
	}

/* A map type that is listed here takes the helpers it is listed with, and no other. */
static const struct pair map_takes[] = {
	PAIR(PROG_ARRAY, tail_call),
	PAIR(PERF_EVENT_ARRAY, perf_event_read),
	PAIR(PERF_EVENT_ARRAY, perf_event_output),
	PAIR(PERF_EVENT_ARRAY, skb_output),
	PAIR(PERF_EVENT_ARRAY, perf_event_read_value),
	PAIR(PERF_EVENT_ARRAY, xdp_output),
	PAIR(RINGBUF, ringbuf_output),
	PAIR(RINGBUF, ringbuf_reserve),
	PAIR(RINGBUF, ringbuf_query),
	PAIR(RINGBUF, ringbuf_reserve_dynptr),
	PAIR(RINGBUF, ringbuf_submit_dynptr),
	PAIR(RINGBUF, ringbuf_discard_dynptr),
	PAIR(USER_RINGBUF, user_ringbuf_drain),
	PAIR(STACK_TRACE, get_stackid),
	PAIR(CGROUP_ARRAY, skb_under_cgroup),
	PAIR(CGROUP_ARRAY, current_task_under_cgroup),
	PAIR(CGROUP_STORAGE, get_local_storage),
	PAIR(PERCPU_CGROUP_STORAGE, get_local_storage),
	PAIR(DEVMAP, redirect_map),
	PAIR(DEVMAP, map_lookup_elem),
	PAIR(DEVMAP_HASH, redirect_map),
	PAIR(DEVMAP_HASH, map_lookup_elem),
	PAIR(CPUMAP, redirect_map),
	PAIR(XSKMAP, redirect_map),
	PAIR(XSKMAP, map_lookup_elem),
	PAIR(ARRAY_OF_MAPS, map_lookup_elem),
	PAIR(HASH_OF_MAPS, map_lookup_elem),
	PAIR(SOCKMAP, sk_redirect_map),
	PAIR(SOCKMAP, sock_map_update),
	PAIR(SOCKMAP, msg_redirect_map),
	PAIR(SOCKMAP, sk_select_reuseport),
	PAIR(SOCKMAP, map_lookup_elem),
	PAIR(SOCKHASH, sk_redirect_hash),
	PAIR(SOCKHASH, sock_hash_update),
	PAIR(SOCKHASH, msg_redirect_hash),
	PAIR(SOCKHASH, sk_select_reuseport),
	PAIR(SOCKHASH, map_lookup_elem),
	PAIR(REUSEPORT_SOCKARRAY, sk_select_reuseport),
	PAIR(QUEUE, map_peek_elem),
	PAIR(QUEUE, map_pop_elem),
	PAIR(QUEUE, map_push_elem),
	PAIR(STACK, map_peek_elem),
	PAIR(STACK, map_pop_elem),
	PAIR(STACK, map_push_elem),
	PAIR(SK_STORAGE, sk_storage_get),
	PAIR(SK_STORAGE, sk_storage_delete),
	PAIR(SK_STORAGE, kptr_xchg),
	PAIR(INODE_STORAGE, inode_storage_get),
	PAIR(INODE_STORAGE, inode_storage_delete),
	PAIR(INODE_STORAGE, kptr_xchg),
	PAIR(TASK_STORAGE, task_storage_get),
	PAIR(TASK_STORAGE, task_storage_delete),
	PAIR(TASK_STORAGE, kptr_xchg),
	PAIR(CGRP_STORAGE, cgrp_storage_get),
	PAIR(CGRP_STORAGE, cgrp_storage_delete),
	PAIR(CGRP_STORAGE, kptr_xchg),
	PAIR(BLOOM_FILTER, map_peek_elem),
	PAIR(BLOOM_FILTER, map_push_elem),
};

/* A helper that is listed here takes the map types it is listed with, and no other. */
static const struct pair helper_takes[] = {
	PAIR(PROG_ARRAY, tail_call),
	PAIR(PERF_EVENT_ARRAY, perf_event_read),
	PAIR(PERF_EVENT_ARRAY, perf_event_output),
	PAIR(PERF_EVENT_ARRAY, perf_event_read_value),
	PAIR(PERF_EVENT_ARRAY, skb_output),
	PAIR(PERF_EVENT_ARRAY, xdp_output),
	PAIR(RINGBUF, ringbuf_output),
	PAIR(RINGBUF, ringbuf_reserve),
	PAIR(RINGBUF, ringbuf_query),
	PAIR(RINGBUF, ringbuf_reserve_dynptr),
	PAIR(RINGBUF, ringbuf_submit_dynptr),
	PAIR(RINGBUF, ringbuf_discard_dynptr),
	PAIR(USER_RINGBUF, user_ringbuf_drain),
	PAIR(STACK_TRACE, get_stackid),
	PAIR(CGROUP_ARRAY, current_task_under_cgroup),
	PAIR(CGROUP_ARRAY, skb_under_cgroup),
	PAIR(DEVMAP, redirect_map),
	PAIR(DEVMAP_HASH, redirect_map),
	PAIR(CPUMAP, redirect_map),
	PAIR(XSKMAP, redirect_map),
	PAIR(SOCKMAP, sk_redirect_map),
	PAIR(SOCKMAP, msg_redirect_map),
	PAIR(SOCKMAP, sock_map_update),
	PAIR(SOCKHASH, sk_redirect_hash),
	PAIR(SOCKHASH, msg_redirect_hash),
	PAIR(SOCKHASH, sock_hash_update),
	PAIR(CGROUP_STORAGE, get_local_storage),
	PAIR(PERCPU_CGROUP_STORAGE, get_local_storage),
	PAIR(REUSEPORT_SOCKARRAY, sk_select_reuseport),
	PAIR(SOCKMAP, sk_select_reuseport),
	PAIR(SOCKHASH, sk_select_reuseport),
	PAIR(QUEUE, map_pop_elem),
	PAIR(STACK, map_pop_elem),
	PAIR(QUEUE, map_peek_elem),
	PAIR(STACK, map_peek_elem),
	PAIR(BLOOM_FILTER, map_peek_elem),
	PAIR(QUEUE, map_push_elem),
	PAIR(STACK, map_push_elem),
	PAIR(BLOOM_FILTER, map_push_elem),
	PAIR(PERCPU_ARRAY, map_lookup_percpu_elem),
	PAIR(PERCPU_HASH, map_lookup_percpu_elem),
	PAIR(LRU_PERCPU_HASH, map_lookup_percpu_elem),
	PAIR(SK_STORAGE, sk_storage_get),
	PAIR(SK_STORAGE, sk_storage_delete),
	PAIR(INODE_STORAGE, inode_storage_get),
	PAIR(INODE_STORAGE, inode_storage_delete),
	PAIR(TASK_STORAGE, task_storage_get),
	PAIR(TASK_STORAGE, task_storage_delete),
	PAIR(CGRP_STORAGE, cgrp_storage_get),
	PAIR(CGRP_STORAGE, cgrp_storage_delete),
};

static bool fits(const struct pair *pairs, size_t n, u32 map, u32 helper, bool by_map)
{
	bool listed = false;

	for (size_t i = 0; i < n; i++) {
		if ((by_map ? pairs[i].map != map : pairs[i].helper != helper))
			continue;
		listed = true;
		if (pairs[i].map == map && pairs[i].helper == helper)
			return true;
	}
	return !listed;
}

int check_map_helper(struct verifier *v, const struct map_desc *map, u32 id)
{
	if (!map)
		return 0;
	if (!fits(map_takes, ARRAY_SIZE(map_takes), map->type, id, true) ||
	    !fits(helper_takes, ARRAY_SIZE(helper_takes), map->type, id, false))
		return reject(v, -EINVAL, "cannot pass map_type %d into func %s#%u", map->type,
			      func_name(v, id), id);
	if (id == BPF_FUNC_tail_call && v->subprog_cnt > 1 && v->in->interpreter)
		return reject(v, -EINVAL,
			      "tail_calls are not allowed in non-JITed programs with bpf-to-bpf "
			      "calls");
	return 0;
}

/* Constants were taken from a read-only map: helpers must not change them either. */
int check_map_change(struct verifier *v, const struct map_desc *map, u32 id)
{
	switch (id) {
	case BPF_FUNC_map_update_elem:
	case BPF_FUNC_map_delete_elem:
	case BPF_FUNC_map_push_elem:
	case BPF_FUNC_map_pop_elem:
		break;
	default:
		return 0;
	}
	if (map && map->map_flags & BPF_F_RDONLY_PROG)
		return reject(v, -EACCES, "write into map forbidden");
	return 0;
}
