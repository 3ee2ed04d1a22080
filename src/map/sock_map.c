/* SPDX-License-Identifier: BSD-2-Clause */
/* What both maps of sockets have: values, programs, who may go in; and sockmap itself. */
#include "map/sock_map.h"

#include "map/types.h"

/* ---- who may go in ---- */

/* Types of sockets whose data a map may take over, in states where there is a peer or none yet. */
static bool is_suitable(const struct sock *sk)
{
	u16 family = sk->__sk_common.skc_family;

	return sk_is_tcp(sk) || sk_is_udp(sk) || family == AF_UNIX || family == AF_VSOCK;
}

static bool state_allowed(const struct sock *sk)
{
	u16 family = sk->__sk_common.skc_family, type = sk->sk_type;
	u8 state = sk->__sk_common.skc_state;

	if (sk_is_tcp(sk))
		return state == BPF_TCP_ESTABLISHED || state == BPF_TCP_LISTEN;
	if (sk_is_udp(sk))
		return sk->__sk_common.host_bucket;
	if ((family == AF_UNIX && type == SOCK_STREAM) ||
	    (family == AF_VSOCK && (type == SOCK_STREAM || type == SOCK_SEQPACKET)))
		return state == BPF_TCP_ESTABLISHED;
	return true;
}

int sock_map_update(struct map *map, const void *key, struct sock *sk, u64 flags)
{
	if (!sk || !sk_fullsock(sk))
		return -EINVAL;
	if (!is_suitable(sk) || !state_allowed(sk))
		return -EOPNOTSUPP;
	return map->desc.type == BPF_MAP_TYPE_SOCKMAP ? sock_array_put(map, key, sk, flags)
						      : sock_hash_put(map, key, sk, flags);
}

int sock_map_value(const struct map *map, const void *value, struct sock **sk)
{
	u64 fd = map->desc.value_size == sizeof(u64) ? get_u64(value) : get_u32(value);

	return fd > INT32_MAX ? -EINVAL : sock_from_handle(map->obj.host, (int)fd, sk);
}

int sock_map_write(struct map *map, const void *key, const void *value, u64 flags)
{
	struct sock *sk;
	int err = sock_map_value(map, value, &sk);

	if (err)
		return err;
	err = sock_map_update(map, key, sk, flags);
	sock_put(sk);
	return err;
}

/* A program's value is the socket itself. */
int sock_map_program_update(struct map *map, const void *key, const void *value, u64 flags,
			    u32 cpu __unused)
{
	return sock_map_update(map, key, (struct sock *)(uintptr_t)value, flags);
}

int sock_map_cookie(const struct map *map, struct sock *sk, void *value)
{
	int err = map->desc.value_size != sizeof(u64) ? -ENOSPC : sk ? 0 : -ENOENT;

	if (!err)
		put_u64(value, sock_gen_cookie(sk));
	sock_put(sk);
	return err;
}

struct sock *sock_map_get(struct map *map, const void *key)
{
	struct sock *sk;

	if (map->desc.type == BPF_MAP_TYPE_SOCKHASH)
		return sock_hash_get(map, key);
	psock_lock(map->obj.host);
	sk = sock_array_find(map, key);
	if (sk && !kernel_object_try_get(sock_object(sk)))
		sk = NULL;
	psock_unlock(map->obj.host);
	return sk;
}

int sock_map_read(struct map *map, const void *key, void *value, u64 flags __unused)
{
	return sock_map_cookie(map, sock_map_get(map, key), value);
}

/* The program gets a reference. */
void *sock_map_lookup(struct map *map, const void *key, u32 cpu __unused)
{
	return sock_map_get(map, key);
}

/* ---- programs ---- */

static struct prog **place_of(struct sk_psock_progs *progs, u32 which)
{
	switch (which) {
	case BPF_SK_MSG_VERDICT:
		return &progs->msg_parser;
	case BPF_SK_SKB_STREAM_PARSER:
		return &progs->stream_parser;
	case BPF_SK_SKB_STREAM_VERDICT:
		return &progs->stream_verdict;
	case BPF_SK_SKB_VERDICT:
		return &progs->skb_verdict;
	default:
		return NULL;
	}
}

/* One verdict for a stream excludes the other. */
static bool is_excluded(const struct sk_psock_progs *progs, u32 which)
{
	return (which == BPF_SK_SKB_STREAM_VERDICT && progs->skb_verdict) ||
	       (which == BPF_SK_SKB_VERDICT && progs->stream_verdict);
}

int sock_map_attach(struct map *map, struct prog *prog, struct prog *old, u32 which)
{
	struct sk_psock_progs *progs = &sock_map_of(map)->progs;
	struct prog **at, *gone = NULL;
	int err = 0;

	if (!map_is_sock_map(map))
		return -EOPNOTSUPP;
	at = place_of(progs, which);
	if (!at)
		return -EOPNOTSUPP;
	psock_lock(map->obj.host);
	if (is_excluded(progs, which)) {
		err = -EBUSY;
	} else if (old && *at != old) {
		err = -ENOENT;
	} else {
		gone = *at;
		*at = prog;
		if (prog)
			object_get(&prog->obj);
	}
	psock_unlock(map->obj.host);
	if (gone)
		object_put(&gone->obj);
	return err;
}

int sock_map_query(struct map *map, u32 which, u32 *id)
{
	struct prog **at;

	if (!map_is_sock_map(map))
		return -EOPNOTSUPP;
	at = place_of(&sock_map_of(map)->progs, which);
	if (!at)
		return -EOPNOTSUPP;
	psock_lock(map->obj.host);
	*id = *at ? (*at)->obj.id : 0;
	psock_unlock(map->obj.host);
	return 0;
}

/* User space has let go: programs that use the map would keep it, and it them. */
void sock_map_drop_progs(struct map *map)
{
	static const u32 places[] = {BPF_SK_MSG_VERDICT, BPF_SK_SKB_STREAM_PARSER,
				     BPF_SK_SKB_STREAM_VERDICT, BPF_SK_SKB_VERDICT};
	struct sk_psock_progs gone;

	psock_lock(map->obj.host);
	gone = sock_map_of(map)->progs;
	sock_map_of(map)->progs = (struct sk_psock_progs){0};
	psock_unlock(map->obj.host);
	for (u32 i = 0; i < ARRAY_SIZE(places); i++) {
		struct prog *prog = *place_of(&gone, places[i]);

		if (prog)
			object_put(&prog->obj);
	}
}

/* ---- sockmap ---- */

struct sock_array;

struct sock_place {
	struct sock_link link; /* first */
	struct sock_array *array;
	u32 index;
};

struct sock_array {
	struct sock_map base;
	struct sock_place **places; /* desc.max_entries of them, NULL: empty */
};

static struct sock_array *array_of(struct map *map)
{
	return container_of(map, struct sock_array, base.map);
}

int sock_map_check(const union bpf_attr *attr)
{
	const u32 flags = BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY;

	if (!attr->max_entries || attr->map_flags & ~flags ||
	    (attr->value_size != sizeof(u32) && attr->value_size != sizeof(u64)))
		return -EINVAL;
	return 0;
}

static int sock_array_check(const union bpf_attr *attr)
{
	return attr->key_size != sizeof(u32) || attr->max_entries > INT32_MAX
		       ? -EINVAL
		       : sock_map_check(attr);
}

static size_t places_size(const struct map *map)
{
	return ROUND_UP(map->desc.max_entries * sizeof(struct sock_place *), os_page_size());
}

static int sock_array_init(struct map *map, const union bpf_attr *attr __unused)
{
	/* Its lock is the host's. */
	if (!net_init_ns(map->obj.host))
		return -ENOMEM;
	array_of(map)->places = os_pages_alloc(places_size(map));
	return array_of(map)->places ? 0 : -ENOMEM;
}

struct sock *sock_array_find(struct map *map, const void *key)
{
	u32 index = get_u32(key);
	const struct sock_place *place =
		index < map->desc.max_entries ? array_of(map)->places[index] : NULL;

	return place ? place->link.sk : NULL;
}

static void forget_place(struct sock_link *link)
{
	struct sock_place *place = container_of(link, struct sock_place, link);

	place->array->places[place->index] = NULL;
}

/* With the lock held: @fresh goes in, or nothing does; what is to be let go of then is in @gone. */
static int put_place(struct map *map, struct sock_place *fresh, struct sock *sk, u64 flags,
		     struct psock_gone *gone)
{
	struct sock_place **at = &array_of(map)->places[fresh->index], *old = *at;
	int err = psock_link(sk, &sock_map_of(map)->progs, &fresh->link);

	if (err) {
		gone->link = &fresh->link;
		return err;
	}
	if (old && flags == BPF_NOEXIST)
		err = -EEXIST;
	else if (!old && flags == BPF_EXIST)
		err = -ENOENT;
	if (!err)
		*at = fresh;
	else
		old = fresh;
	if (old)
		*gone = psock_unlink(&old->link);
	return err;
}

int sock_array_put(struct map *map, const void *key, struct sock *sk, u64 flags)
{
	struct host *host = map->obj.host;
	struct psock_gone gone = {0};
	struct sock_place *fresh;
	u32 index = get_u32(key);
	int err;

	if (flags > BPF_EXIST)
		return -EINVAL;
	if (index >= map->desc.max_entries)
		return -E2BIG;
	fresh = mem_zalloc(host->mem, sizeof(*fresh));
	if (!fresh)
		return -ENOMEM;
	fresh->link.forget = forget_place;
	fresh->array = array_of(map);
	fresh->index = index;
	psock_lock(host);
	err = put_place(map, fresh, sk, flags, &gone);
	psock_unlock(host);
	psock_let_go(host, gone);
	return err;
}

static bool drop_index(struct map *map, u32 index)
{
	struct sock_place **at = &array_of(map)->places[index], *old;
	struct psock_gone gone = {0};

	psock_lock(map->obj.host);
	old = *at;
	*at = NULL;
	if (old)
		gone = psock_unlink(&old->link);
	psock_unlock(map->obj.host);
	psock_let_go(map->obj.host, gone);
	return old;
}

static int sock_array_delete(struct map *map, const void *key)
{
	u32 index = get_u32(key);

	return index < map->desc.max_entries && drop_index(map, index) ? 0 : -EINVAL;
}

static void sock_array_exit(struct map *map)
{
	for (u32 i = 0; i < map->desc.max_entries; i++)
		if (array_of(map)->places[i])
			drop_index(map, i);
	sock_map_drop_progs(map);
	os_pages_free(array_of(map)->places, places_size(map));
}

static u64 sock_array_mem_usage(const struct map *map)
{
	return sizeof(struct sock_array) + map->desc.max_entries * sizeof(void *);
}

const struct map_ops map_ops_sockmap = {
	.type = BPF_MAP_TYPE_SOCKMAP,
	.size = sizeof(struct sock_array),
	.check = sock_array_check,
	.check_btf = map_check_no_btf,
	.init = sock_array_init,
	.closed = sock_map_drop_progs,
	.exit = sock_array_exit,
	.lookup = sock_map_lookup,
	.update = sock_map_program_update,
	.delete = sock_array_delete,
	.read = sock_map_read,
	.write = sock_map_write,
	.next_key = array_next_key,
	.mem_usage = sock_array_mem_usage,
};
