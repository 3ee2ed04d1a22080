/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which maps go with which helpers and with which programs. Helpers both ways:
 * some maps can only be used by some helpers, and some helpers only work on
 * some maps.
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

/* Where no socket can be locked when a map of sockets is changed. */
static bool may_change_sockets(const struct verifier *v, u32 id)
{
	switch (v->rules->type) {
	case BPF_PROG_TYPE_TRACING:
		return v->info.attach_type == BPF_TRACE_ITER;
	case BPF_PROG_TYPE_SOCK_OPS:
		return id == BPF_FUNC_map_delete_elem;
	case BPF_PROG_TYPE_SOCKET_FILTER:
	case BPF_PROG_TYPE_SCHED_CLS:
	case BPF_PROG_TYPE_SCHED_ACT:
	case BPF_PROG_TYPE_XDP:
	case BPF_PROG_TYPE_SK_REUSEPORT:
	case BPF_PROG_TYPE_FLOW_DISSECTOR:
	case BPF_PROG_TYPE_SK_LOOKUP:
		return true;
	default:
		return false;
	}
}

static bool map_takes_helper(struct verifier *v, const struct map_desc *map, u32 id)
{
	bool sockets = map->type == BPF_MAP_TYPE_SOCKMAP || map->type == BPF_MAP_TYPE_SOCKHASH;

	if (fits(map_takes, ARRAY_SIZE(map_takes), map->type, id, true))
		return true;
	if (!sockets || (id != BPF_FUNC_map_update_elem && id != BPF_FUNC_map_delete_elem))
		return false;
	if (may_change_sockets(v, id))
		return true;
	(void)reject(v, -EINVAL, "cannot update sockmap in this context");
	return false;
}

int check_map_helper(struct verifier *v, const struct map_desc *map, u32 id)
{
	if (!map)
		return 0;
	if (!map_takes_helper(v, map, id) ||
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

/* ---- programs ---- */

/* Programs that may run anywhere, also where the kernel holds such a lock. */
static bool is_tracing(enum bpf_prog_type type)
{
	return type == BPF_PROG_TYPE_KPROBE || type == BPF_PROG_TYPE_TRACEPOINT ||
	       type == BPF_PROG_TYPE_PERF_EVENT || type == BPF_PROG_TYPE_RAW_TRACEPOINT ||
	       type == BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE;
}

/* In the order in which they are asked about. */
static const struct {
	u32 fields;
	bool filter; /* socket filters, rather than tracing programs, cannot use them */
	const char *text;
} banned_fields[] = {
	{BTF_FIELD_LIST_HEAD | BTF_FIELD_RB_ROOT, false,
	 "tracing progs cannot use bpf_{list_head,rb_root} yet"},
	{BTF_FIELD_SPIN_LOCK, true, "socket filter progs cannot use bpf_spin_lock yet"},
	{BTF_FIELD_SPIN_LOCK, false, "tracing progs cannot use bpf_spin_lock yet"},
	{BTF_FIELD_TIMER, false, "tracing progs cannot use bpf_timer yet"},
	{BTF_FIELD_WORKQUEUE, false, "tracing progs cannot use bpf_wq yet"},
};

static bool sleepable_map(enum bpf_map_type type)
{
	switch (type) {
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_LRU_HASH:
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
	case BPF_MAP_TYPE_ARRAY_OF_MAPS:
	case BPF_MAP_TYPE_HASH_OF_MAPS:
	case BPF_MAP_TYPE_RINGBUF:
	case BPF_MAP_TYPE_USER_RINGBUF:
	case BPF_MAP_TYPE_INODE_STORAGE:
	case BPF_MAP_TYPE_SK_STORAGE:
	case BPF_MAP_TYPE_TASK_STORAGE:
	case BPF_MAP_TYPE_CGRP_STORAGE:
	case BPF_MAP_TYPE_QUEUE:
	case BPF_MAP_TYPE_STACK:
	case BPF_MAP_TYPE_ARENA:
		return true;
	default:
		return false;
	}
}

int check_map_prog(struct verifier *v, const struct map_desc *map)
{
	enum bpf_prog_type type = v->rules->type;

	for (u32 i = 0; map->fields && i < ARRAY_SIZE(banned_fields); i++) {
		if (!(map->fields->mask & banned_fields[i].fields))
			continue;
		if (banned_fields[i].filter ? type == BPF_PROG_TYPE_SOCKET_FILTER
					    : is_tracing(type))
			return reject(v, -EINVAL, "%s", banned_fields[i].text);
	}
	if (map->type == BPF_MAP_TYPE_STRUCT_OPS)
		return reject(v, -EINVAL, "bpf_struct_ops map cannot be used in prog");
	if (v->info.sleepable && !sleepable_map(map->type))
		return reject(v, -EINVAL,
			      "Sleepable programs can only use array, hash, ringbuf and local "
			      "storage maps");
	return 0;
}
