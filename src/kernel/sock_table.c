/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's tables of sockets: connections by their whole address, listening
 * and UDP sockets by local port. A bucket's lock is held while it is searched
 * or changed; what is found gets a reference unless its last one is just going.
 */
#include "kernel/sock_table.h"

#include <errno.h>
#include <string.h>

#include "base/hash.h"
#include "kernel/sockets.h"
#include "object/packet.h"

#define NO_MATCH (-1)

/* ---- addresses ---- */

static const struct in6_addr any;

static bool same6(const struct in6_addr *a, const void *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static struct sock *full(struct sock_common *skc)
{
	return (struct sock *)(void *)skc;
}

/* Whether a socket on @bound takes what came in by the key's device. */
static bool device_fits(s32 bound, const struct sock_key *key)
{
	if (!bound)
		return !key->sdif;
	return bound == key->dif || bound == key->sdif;
}

/* ---- buckets ---- */

static struct sock_bucket *by_port(struct sockets *sockets, struct sock_bucket *table,
				   const struct net *net, u16 port)
{
	u64 word = (u64)port << 32 | net->host_id;

	return &table[hash_bytes(&word, sizeof(word), sockets->hash_seed) % SOCK_BUCKETS];
}

static struct sock_bucket *by_address(struct sockets *sockets, const struct net *net, u16 sport,
				      u16 dport)
{
	u64 word = (u64)sport << 48 | (u64)dport << 32 | net->host_id;

	return &sockets->established[hash_bytes(&word, sizeof(word), sockets->hash_seed) %
				     SOCK_BUCKETS];
}

static struct sock_bucket *bucket_for(struct sockets *sockets, const struct sock_common *skc)
{
	const struct net *net = skc->skc_net.net;
	bool known = skc->skc_family == AF_INET || skc->skc_family == AF_INET6;
	const struct sock *sk = (const struct sock *)(const void *)skc;

	if (!known)
		return NULL;
	if (!sk_fullsock(sk) || (sk_is_tcp(sk) && skc->skc_state != BPF_TCP_LISTEN))
		return by_address(sockets, net, skc->skc_dport, skc->skc_num);
	if (sk_is_tcp(sk))
		return by_port(sockets, sockets->listening, net, skc->skc_num);
	return sk_is_udp(sk) ? by_port(sockets, sockets->udp, net, skc->skc_num) : NULL;
}

/* ---- groups that share a port ---- */

static bool is_any(const struct sock_common *skc)
{
	return skc->skc_family == AF_INET ? !skc->skc_rcv_saddr
					  : same6(&skc->skc_v6_rcv_saddr, &any);
}

static bool same_local(const struct sock_common *a, const struct sock_common *b)
{
	return a->skc_family == b->skc_family && a->skc_num == b->skc_num &&
	       a->skc_net.net == b->skc_net.net && a->skc_ipv6only == b->skc_ipv6only &&
	       a->skc_bound_dev_if == b->skc_bound_dev_if && a->skc_rcv_saddr == b->skc_rcv_saddr &&
	       same6(&a->skc_v6_rcv_saddr, &b->skc_v6_rcv_saddr);
}

static struct sock_reuseport *find_group(const struct sock_bucket *bucket, const struct sock *sk)
{
	for (struct sock_common *at = bucket->first; at; at = at->host_next)
		if (at->skc_reuseport && full(at)->sk_reuseport_cb &&
		    full(at)->sk_uid.val == sk->sk_uid.val && same_local(at, &sk->__sk_common))
			return full(at)->sk_reuseport_cb;
	return NULL;
}

/* With the bucket's lock held. @fresh is used where there is no group yet. */
static bool join_group(struct sock_bucket *bucket, struct sock *sk, struct sock_reuseport *fresh)
{
	struct sock_reuseport *group = find_group(bucket, sk);

	sk->sk_reuseport_cb = group ? group : fresh;
	sk->sk_reuseport_cb->num_socks++;
	return !group;
}

static struct sock_reuseport *leave_group(struct sock *sk)
{
	struct sock_reuseport *group = sk->sk_reuseport_cb;

	sk->sk_reuseport_cb = NULL;
	return group && !--group->num_socks ? group : NULL;
}

struct sock *sock_reuseport_pick(struct sock *sk, u32 hash)
{
	struct sock_bucket *bucket = sk->__sk_common.host_bucket;
	struct sock_common *at;
	u32 index;

	if (!bucket)
		return NULL;
	spin_lock(&bucket->lock);
	at = &sk->__sk_common;
	if (sk->sk_reuseport_cb) {
		index = (u32)((u64)hash * sk->sk_reuseport_cb->num_socks >> 32);
		for (at = bucket->first; at; at = at->host_next)
			if (full(at)->sk_reuseport_cb == sk->sk_reuseport_cb && !index--)
				break;
	}
	if (at && !kernel_object_try_get(&at->host_object))
		at = NULL;
	spin_unlock(&bucket->lock);
	return at ? full(at) : NULL;
}

/* ---- into the tables, and out ---- */

int sock_hash(struct sock *sk)
{
	struct sock_common *skc = &sk->__sk_common;
	struct host *host = sock_host(sk);
	struct sockets *sockets = host_sockets(host);
	struct sock_bucket *bucket = bucket_for(sockets, skc);
	struct sock_reuseport *group = NULL;
	bool shares = sk_fullsock(sk) && skc->skc_reuseport;

	if (!bucket)
		return -EINVAL;
	if (skc->host_bucket)
		return -EEXIST;
	if (shares && bucket >= sockets->listening) {
		group = mem_zalloc(host->mem, sizeof(*group));
		if (!group)
			return -ENOMEM;
		group->bind_inany = is_any(skc);
		group->reuseport_id = atomic_fetch_add(&sockets->next_reuseport, 1) + 1;
	}
	spin_lock(&bucket->lock);
	if (group && join_group(bucket, sk, group))
		group = NULL;
	skc->host_next = bucket->first;
	bucket->first = skc;
	skc->host_bucket = bucket;
	spin_unlock(&bucket->lock);
	mem_free(host->mem, group);
	return 0;
}

static void free_group(struct host *host, struct deferred *deferred)
{
	mem_free(host->mem, container_of(deferred, struct sock_reuseport, deferred));
}

void sock_unhash(struct sock *sk)
{
	struct sock_common *skc = &sk->__sk_common, **at;
	struct sock_bucket *bucket = skc->host_bucket;
	struct sock_reuseport *group;

	if (!bucket)
		return;
	spin_lock(&bucket->lock);
	for (at = &bucket->first; *at && *at != skc; at = &(*at)->host_next)
		;
	if (*at)
		*at = skc->host_next;
	group = sk_fullsock(sk) ? leave_group(sk) : NULL;
	skc->host_bucket = NULL;
	spin_unlock(&bucket->lock);
	if (group)
		host_defer(sock_host(sk), 0, &group->deferred, free_group);
	if (sk_fullsock(sk))
		sock_leave_port(sk);
}

/* ---- connections ---- */

static bool is_connection(const struct sock_common *skc, const struct sock_key *key)
{
	if (skc->skc_net.net != key->net || skc->skc_dport != key->sport ||
	    skc->skc_num != key->dport || !device_fits(skc->skc_bound_dev_if, key))
		return false;
	if (key->family == AF_INET)
		return skc->skc_daddr == get_u32(key->saddr) &&
		       skc->skc_rcv_saddr == get_u32(key->daddr);
	return skc->skc_family == AF_INET6 && same6(&skc->skc_v6_daddr, key->saddr) &&
	       same6(&skc->skc_v6_rcv_saddr, key->daddr);
}

static struct sock *find_connection(struct sockets *sockets, const struct sock_key *key)
{
	struct sock_bucket *bucket = by_address(sockets, key->net, key->sport, key->dport);
	struct sock_common *at;

	spin_lock(&bucket->lock);
	for (at = bucket->first; at; at = at->host_next)
		if (is_connection(at, key) && kernel_object_try_get(&at->host_object))
			break;
	spin_unlock(&bucket->lock);
	return at ? full(at) : NULL;
}

/* ---- scores: the best of those that would take the packet ---- */

static bool local_fits(const struct sock_common *skc, const struct sock_key *key, const void *local)
{
	if (skc->skc_net.net != key->net || skc->skc_num != key->dport)
		return false;
	if (key->family == AF_INET)
		return !skc->skc_ipv6only && skc->skc_rcv_saddr == get_u32(local);
	return skc->skc_family == AF_INET6 && same6(&skc->skc_v6_rcv_saddr, local);
}

static int listener_score(const struct sock_common *skc, const struct sock_key *key,
			  const void *local, u32 cpu)
{
	int score;

	if (!local_fits(skc, key, local) || !device_fits(skc->skc_bound_dev_if, key))
		return NO_MATCH;
	score = skc->skc_bound_dev_if ? 2 : 1;
	if (key->family == AF_INET && skc->skc_family == AF_INET)
		score++;
	return score + (skc->skc_incoming_cpu == (s32)cpu);
}

/* A UDP socket that is connected takes its peer's packets alone. */
static int peer_score(const struct sock_common *skc, const struct sock_key *key)
{
	bool v4 = key->family == AF_INET;
	bool has_peer = v4 ? skc->skc_daddr != 0 : !same6(&skc->skc_v6_daddr, &any);
	int score = 0;

	if (has_peer) {
		if (v4 ? skc->skc_daddr != get_u32(key->saddr)
		       : !same6(&skc->skc_v6_daddr, key->saddr))
			return NO_MATCH;
		score += v4 ? 4 : 1;
	}
	if (skc->skc_dport) {
		if (skc->skc_dport != key->sport)
			return NO_MATCH;
		score += v4 ? 4 : 1;
	}
	return score;
}

static int udp_score(const struct sock_common *skc, const struct sock_key *key, const void *local,
		     u32 cpu)
{
	bool v4 = key->family == AF_INET;
	int peer;

	if (!local_fits(skc, key, local) || !device_fits(skc->skc_bound_dev_if, key))
		return NO_MATCH;
	peer = peer_score(skc, key);
	if (peer == NO_MATCH)
		return NO_MATCH;
	if (v4)
		return (skc->skc_family == AF_INET ? 2 : 1) + peer +
		       (skc->skc_bound_dev_if ? 4 : 0) + (skc->skc_incoming_cpu == (s32)cpu);
	return peer + (skc->skc_bound_dev_if ? 1 : 0) + (skc->skc_incoming_cpu == (s32)cpu);
}

typedef int (*score_fn)(const struct sock_common *skc, const struct sock_key *key,
			const void *local, u32 cpu);

/* The first of the best, which is the newest; with the bucket's lock held. */
static struct sock_common *best(struct sock_bucket *bucket, const struct sock_key *key,
				const void *local, score_fn score)
{
	struct sock_common *found = NULL;
	u32 cpu = os_current_cpu();
	int high = NO_MATCH;

	for (struct sock_common *at = bucket->first; at; at = at->host_next) {
		int n = score(at, key, local, cpu);

		if (n > high) {
			high = n;
			found = at;
		}
	}
	return found;
}

static u32 packet_hash(const struct sockets *sockets, const struct sock_key *key)
{
	size_t size = key->family == AF_INET ? 4 : 16;
	u64 ports = (u64)key->sport << 16 | key->dport;
	u64 seed = hash_bytes(key->saddr, size, sockets->hash_seed);

	return hash_bytes(&ports, sizeof(ports), hash_bytes(key->daddr, size, seed));
}

static struct sock_common *member(struct sock_bucket *bucket, struct sock_common *skc, u32 hash)
{
	const struct sock_reuseport *group = full(skc)->sk_reuseport_cb;
	u32 index;

	if (!group || skc->skc_state == BPF_TCP_ESTABLISHED)
		return skc;
	index = (u32)((u64)hash * group->num_socks >> 32);
	for (struct sock_common *at = bucket->first; at; at = at->host_next)
		if (full(at)->sk_reuseport_cb == group && !index--)
			return at;
	return skc;
}

static struct sock *find_local(struct sockets *sockets, struct sock_bucket *table,
			       const struct sock_key *key, score_fn score)
{
	struct sock_bucket *bucket = by_port(sockets, table, key->net, key->dport);
	struct sock_common *found;

	spin_lock(&bucket->lock);
	found = best(bucket, key, key->daddr, score);
	if (!found)
		found = best(bucket, key, &any, score);
	if (found)
		found = member(bucket, found, packet_hash(sockets, key));
	if (found && !kernel_object_try_get(&found->host_object))
		found = NULL;
	spin_unlock(&bucket->lock);
	return found ? full(found) : NULL;
}

struct sock *sock_lookup(struct host *host, const struct sock_key *key)
{
	struct sockets *sockets = host_sockets(host);
	struct sock *sk;

	if (!sockets)
		return NULL;
	if (key->protocol != IPPROTO_TCP)
		return find_local(sockets, sockets->udp, key, udp_score);
	sk = find_connection(sockets, key);
	return sk ? sk : find_local(sockets, sockets->listening, key, listener_score);
}
