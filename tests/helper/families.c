/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers called directly, in a slot of a host whose environment the test makes up. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "tap.h"

#include "helper/csum.h"
#include "helper/functions.h"
#include "helper/redirect.h"
#include "helper/skb.h"
#include "kernel/sock.h"
#include "map/cgroup_array.h"
#include "map/ringbuf.h"

static struct host *host;
static struct run run;
static u32 next_random;

static u64 clock_ns(void *ctx, int clock)
{
	(void)ctx;
	return (u64)(clock + 1) * 8000000;
}

static u32 random_u32(void *ctx)
{
	(void)ctx;
	return next_random++;
}

static void current_task(void *ctx, struct env_task *task)
{
	(void)ctx;
	*task = (struct env_task){.pid = 11, .tgid = 10, .uid = 1000, .gid = 100};
	memcpy(task->comm, "a name of 15 ch", 16);
}

static int cgroup(void *ctx, const char *path, struct env_cgroup *cgrp)
{
	(void)ctx;
	*cgrp = (struct env_cgroup){.id = 70 + strlen(path), .classid = 0x10001};
	return 0;
}

static int task_cgroup(void *ctx, u32 pid, char path[ENV_CGROUP_PATH])
{
	(void)ctx;
	(void)pid;
	strcpy(path, "/of/task");
	return 0;
}

/* Memory ends at the end of this page. */
static _Alignas(64) char page[256];

static int read_memory(void *ctx, void *dst, u64 addr, size_t size)
{
	u64 start = ptr_to_u64(page);

	(void)ctx;
	if (addr < start || addr + size > start + sizeof(page))
		return -EFAULT;
	memcpy(dst, u64_to_ptr(addr), size);
	return 0;
}

static void make_host(void)
{
	struct environment env;
	struct host_options opts;

	environment_init(&env);
	env.clock_ns = clock_ns;
	env.random_u32 = random_u32;
	env.current_task = current_task;
	env.cgroup = cgroup;
	env.task_cgroup = task_cgroup;
	env.read_memory = read_memory;
	env.nr_cpus = 3;
	host_options_init(&opts);
	opts.env = &env;
	if (host_new(&opts, &host))
		abort();
	run_begin(&run, host);
}

#define CALL0(fn)	   fn(0, 0, 0, 0, 0, &run)
#define CALLN(fn, a, b, c) fn(a, b, c, 0, 0, &run)
#define P(p)		   ptr_to_u64(p)
#define E(error)	   ((u64)(s64)(error))

/* ---- environment ---- */

static void test_time(void)
{
	check_eq(CALL0(helper_ktime_get_ns), 8000000 * (CLOCK_MONOTONIC + 1));
	check_eq(CALL0(helper_ktime_get_boot_ns), 8000000 * (CLOCK_BOOTTIME + 1));
	check_eq(CALL0(helper_ktime_get_tai_ns), 8000000 * (CLOCK_TAI + 1));
	check_eq(CALL0(helper_ktime_get_coarse_ns), 8000000 * (CLOCK_MONOTONIC_COARSE + 1));
	/* 16 ms are 4 ticks, after five minutes before the wrap. */
	check_eq(CALL0(helper_jiffies64), (1ull << 32) - 300 * 250 + 4);
}

static void test_place_and_chance(void)
{
	u32 first = next_random;

	check_eq(CALL0(helper_get_prandom_u32), first);
	check_eq(CALL0(helper_get_prandom_u32), first + 1);
	check_eq(CALL0(helper_get_smp_processor_id), run.cpu);
	check_eq(CALL0(helper_get_numa_node_id), 0);
}

static struct map *group_array(const char *path)
{
	union bpf_attr attr = {.map_type = BPF_MAP_TYPE_CGROUP_ARRAY,
			       .key_size = 4,
			       .value_size = 4,
			       .max_entries = 2};
	int handle = cgroup_open(host, path);
	struct map *map = NULL;
	u32 index = 0;

	check_eq(map_create(host, &attr, NULL, &map, NULL), 0);
	check_eq(map_user_update(map, &index, &handle, BPF_ANY), 0);
	check_eq(handle_close(host, handle), 0);
	return map;
}

static void test_groups(void)
{
	struct map *above = group_array("/of"), *other = group_array("/other");
	struct sk_buff skb = {0};
	struct cgroup *mine = NULL;
	struct sock sk = {0};

	check_eq(CALL0(helper_get_current_cgroup_id), 78);
	check_eq(CALLN(helper_get_current_ancestor_cgroup_id, 0, 0, 0), 71);
	check_eq(CALLN(helper_get_current_ancestor_cgroup_id, 1, 0, 0), 73);
	check_eq(CALLN(helper_get_current_ancestor_cgroup_id, 2, 0, 0), 78);
	check_eq(CALLN(helper_get_current_ancestor_cgroup_id, 3, 0, 0), 0);
	check_eq(CALLN(helper_get_current_ancestor_cgroup_id, E(-1), 0, 0), 0);
	check_eq(CALL0(helper_get_task_cgroup_classid), 0x10001);
	check_eq(CALLN(helper_current_task_under_cgroup, P(above), 0, 0), 1);
	check_eq(CALLN(helper_current_task_under_cgroup, P(other), 0, 0), 0);
	check_eq(CALLN(helper_current_task_under_cgroup, P(above), 1, 0), E(-EAGAIN));
	check_eq(CALLN(helper_current_task_under_cgroup, P(above), 2, 0), E(-E2BIG));
	/* A packet without a socket is nobody's. */
	check_eq(CALLN(helper_skb_cgroup_id, P(&skb), 0, 0), 0);
	check_eq(CALLN(helper_skb_under_cgroup, P(&skb), P(above), 0), E(-ENOENT));
	skb.sk = &sk;
	sk.__sk_common.skc_state = BPF_TCP_ESTABLISHED;
	check_eq(CALLN(helper_skb_cgroup_id, P(&skb), 0, 0), 78);
	check_eq(cgroup_by_path(host, "/other", &mine), 0);
	sk.sk_cgrp_data.cgroup = mine;
	check_eq(CALLN(helper_skb_cgroup_id, P(&skb), 0, 0), 76);
	check_eq(CALLN(helper_sk_cgroup_id, P(&sk), 0, 0), 76);
	check_eq(CALLN(helper_sk_ancestor_cgroup_id, P(&sk), 0, 0), 71);
	check_eq(CALLN(helper_skb_ancestor_cgroup_id, P(&skb), 2, 0), 0);
	check_eq(CALLN(helper_skb_under_cgroup, P(&skb), P(other), 0), 1);
	check_eq(CALLN(helper_skb_under_cgroup, P(&skb), P(above), 0), 0);
	cgroup_put(mine);
	object_put(&above->obj);
	object_put(&other->obj);
}

static void test_retval(void)
{
	check_eq(CALL0(helper_get_retval), 0);
	check_eq(CALLN(helper_set_retval, E(-EPERM), 0, 0), 0);
	check_eq(CALL0(helper_get_retval), E(-EPERM));
}

static void test_task(void)
{
	char comm[20];

	check_eq(CALL0(helper_get_current_pid_tgid), 10ull << 32 | 11);
	check_eq(CALL0(helper_get_current_uid_gid), 100ull << 32 | 1000);
	memset(comm, 'x', sizeof(comm));
	check_eq(CALLN(helper_get_current_comm, P(comm), 19, 0), 0);
	check(!memcmp(comm, "a name of 15 ch\0\0\0\0x", 20));
	memset(comm, 'x', sizeof(comm));
	check_eq(CALLN(helper_get_current_comm, P(comm), 4, 0), 0);
	check(!memcmp(comm, "a n\0x", 5));
	check_eq(CALLN(helper_get_current_comm, P(comm), 1, 0), 0);
	check_eq(comm[0], 0);
}

static void test_probe_read(void)
{
	u8 dst[8];
	u8 zero[8] = {0};

	memcpy(page, "01234567", 8);
	check_eq(CALLN(helper_probe_read_kernel, P(dst), 8, P(page)), 0);
	check(!memcmp(dst, "01234567", 8));
	check_eq(CALLN(helper_probe_read_user, P(dst), 8, P(page + sizeof(page) - 7)), E(-EFAULT));
	check(!memcmp(dst, zero, 8));
	dst[0] = 5;
	check_eq(CALLN(helper_probe_read_kernel, P(dst), 0, 0), 0);
	check_eq(dst[0], 5);
}

static void test_probe_read_str(void)
{
	char dst[160];

	memset(page, 'a', sizeof(page));
	page[100] = 0;
	page[101] = 'b';
	memset(dst, 'x', sizeof(dst));
	check_eq(CALLN(helper_probe_read_kernel_str, P(dst), sizeof(dst), P(page + 3)), 98);
	check_eq(strlen(dst), 97);
	/* Nothing of what lies behind the string. */
	check(dst[98] == 0 || dst[98] == 'x');
	check_eq(CALLN(helper_probe_read_user_str, P(dst), 10, P(page)), 10);
	check_str(dst, "aaaaaaaaa");
	check_eq(CALLN(helper_probe_read_user_str, P(dst), 1, P(page)), 1);
	check_str(dst, "");
	check_eq(CALLN(helper_probe_read_user_str, P(dst), 0, P(page)), 0);
	/* No end before the memory's end. */
	memset(dst, 'x', sizeof(dst));
	check_eq(CALLN(helper_probe_read_user_str, P(dst), sizeof(dst), P(page + 200)), E(-EFAULT));
	for (u32 i = 0; i < sizeof(dst); i++)
		check_eq(dst[i], 0);
}

static void test_strncmp(void)
{
	check_eq(CALLN(helper_strncmp, P("abc"), 4, P("abc")), 0);
	check_eq(CALLN(helper_strncmp, P("abc"), 3, P("abcd")), 0);
	check_eq(CALLN(helper_strncmp, P("abc"), 4, P("abcd")), E(-1));
	check_eq(CALLN(helper_strncmp, P("abd"), 4, P("abc")), 1);
	check_eq(CALLN(helper_strncmp, P("\x80"), 2, P("a")), 1);
	check_eq(CALLN(helper_strncmp, P("abc"), 0, P("xyz")), 0);
}

/* ---- callbacks ---- */

static u64 calls, stop_at;
static u64 seen[5];

static u64 invoke(struct run *r, const struct subprog *fn, u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	u64 args[] = {r1, r2, r3, r4, r5};

	check(r == &run);
	check_eq(P(fn), 0x1000);
	memcpy(seen, args, sizeof(seen));
	return ++calls == stop_at;
}

static void test_loop(void)
{
	run.invoke = invoke;
	calls = stop_at = 0;
	check_eq(helper_loop(10, 0x1000, 5, 0, 0, &run), 10);
	check_eq(calls, 10);
	check_eq(seen[0], 9);
	check_eq(seen[1], 5);
	calls = 0;
	stop_at = 4;
	check_eq(helper_loop(10, 0x1000, 5, 0, 0, &run), 4);
	calls = 0;
	check_eq(helper_loop(0, 0x1000, 5, 0, 0, &run), 0);
	check_eq(helper_loop(1, 0x1000, 5, 1, 0, &run), E(-EINVAL));
	check_eq(helper_loop(BPF_MAX_LOOPS + 1, 0x1000, 5, 0, 0, &run), E(-E2BIG));
	/* The number is 32 bits. */
	check_eq(helper_loop(1ull << 32, 0x1000, 5, 0, 0, &run), 0);
	check_eq(calls, 0);
}

/* ---- maps ---- */

static struct map *make_map(enum bpf_map_type type, u32 key, u32 value, u32 entries)
{
	union bpf_attr attr;
	struct map *map = NULL;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = type;
	attr.key_size = key;
	attr.value_size = value;
	attr.max_entries = entries;
	if (map_create(host, &attr, NULL, &map, NULL))
		abort();
	return map;
}

static void test_map(void)
{
	struct map *map = make_map(BPF_MAP_TYPE_HASH, 4, 8, 4);
	u32 key = 5;
	u64 value = 9, *at;

	check_eq(CALLN(helper_map_lookup_elem, P(map), P(&key), 0), 0);
	check_eq(helper_map_update_elem(P(map), P(&key), P(&value), BPF_EXIST, 0, &run),
		 E(-ENOENT));
	check_eq(helper_map_update_elem(P(map), P(&key), P(&value), BPF_ANY, 0, &run), 0);
	at = u64_to_ptr(CALLN(helper_map_lookup_elem, P(map), P(&key), 0));
	check(at && *at == 9);
	check_eq(helper_map_update_elem(P(map), P(&key), P(&value), BPF_NOEXIST, 0, &run),
		 E(-EEXIST));
	check_eq(helper_map_update_elem(P(map), P(&key), P(&value), 77, 0, &run), E(-EINVAL));
	check_eq(CALLN(helper_map_delete_elem, P(map), P(&key), 0), 0);
	check_eq(CALLN(helper_map_delete_elem, P(map), P(&key), 0), E(-ENOENT));
	object_put(&map->obj);
}

static void test_map_percpu(void)
{
	struct map *map = make_map(BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 1);
	u32 key = 0;
	u64 copies[3];

	for (u32 cpu = 0; cpu < 3; cpu++)
		copies[cpu] = CALLN(helper_map_lookup_percpu_elem, P(map), P(&key), cpu);
	check(copies[0] && copies[1] && copies[2]);
	check(copies[0] != copies[1] && copies[1] != copies[2]);
	check_eq(copies[run.cpu], CALLN(helper_map_lookup_elem, P(map), P(&key), 0));
	check_eq(CALLN(helper_map_lookup_percpu_elem, P(map), P(&key), 3), 0);
	object_put(&map->obj);
}

static void test_for_each(void)
{
	struct map *map = make_map(BPF_MAP_TYPE_ARRAY, 4, 8, 5);

	run.invoke = invoke;
	calls = stop_at = 0;
	check_eq(helper_for_each_map_elem(P(map), 0x1000, 42, 0, 0, &run), 5);
	check_eq(calls, 5);
	check_eq(seen[0], P(map));
	check_eq(seen[3], 42);
	calls = 0;
	stop_at = 2;
	check_eq(helper_for_each_map_elem(P(map), 0x1000, 42, 0, 0, &run), 2);
	check_eq(helper_for_each_map_elem(P(map), 0x1000, 42, 1, 0, &run), E(-EINVAL));
	object_put(&map->obj);
}

static u8 got[64];
static u32 got_size;

static int keep(void *arg, const void *data, u32 size)
{
	(void)arg;
	got_size = size;
	memcpy(got, data, u64_min(size, sizeof(got)));
	return 0;
}

static int keep_cpu(void *arg, u32 cpu, const void *data, u32 size)
{
	check_eq(cpu, run.cpu);
	return keep(arg, data, size);
}

static void test_ringbuf(void)
{
	struct map *map = make_map(BPF_MAP_TYPE_RINGBUF, 0, 0, 4096);
	u8 *at;

	check_eq(helper_ringbuf_output(P(map), P("hello"), 5, 0, 0, &run), 0);
	check_eq(ringbuf_consume(map, keep, NULL), 1);
	check(got_size == 5 && !memcmp(got, "hello", 5));
	check_eq(helper_ringbuf_output(P(map), P("hello"), 5, 8, 0, &run), E(-EINVAL));
	check_eq(helper_ringbuf_output(P(map), P(page), 5000, 0, 0, &run), E(-EAGAIN));
	at = u64_to_ptr(CALLN(helper_ringbuf_reserve, P(map), 3, 0));
	check(at);
	if (at) {
		memcpy(at, "abc", 3);
		CALLN(helper_ringbuf_submit, P(at), 0, 0);
	}
	check_eq(ringbuf_consume(map, keep, NULL), 1);
	check(got_size == 3 && !memcmp(got, "abc", 3));
	at = u64_to_ptr(CALLN(helper_ringbuf_reserve, P(map), 3, 0));
	CALLN(helper_ringbuf_discard, P(at), 0, 0);
	check_eq(ringbuf_consume(map, keep, NULL), 0);
	check_eq(CALLN(helper_ringbuf_reserve, P(map), 3, 1), 0);
	check_eq(CALLN(helper_ringbuf_query, P(map), BPF_RB_RING_SIZE, 0), 4096);
	check_eq(CALLN(helper_ringbuf_query, P(map), 99, 0), 0);
	object_put(&map->obj);
}

static void test_perf_output(void)
{
	struct map *map = make_map(BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 3);
	u8 data[64] = "packet";
	struct xdp_buff xdp = {.data = data, .data_end = data + 6};
	struct sk_buff skb = {.data = data, .data_end = data + 6, .len = 6};
	u64 cur = BPF_F_CURRENT_CPU;
	u64 lost;

	check_eq(helper_perf_event_output(0, P(map), cur, P("meta"), 4, &run), E(-ENOENT));
	check_eq(perf_array_open(map, 1), 0);
	check_eq(helper_perf_event_output(0, P(map), cur, P("meta"), 4, &run), 0);
	check_eq(perf_array_consume(map, run.cpu, keep_cpu, NULL, &lost), 1);
	check(got_size >= 4 && !memcmp(got, "meta", 4));
	check_eq(helper_perf_event_output(0, P(map), cur | 1ull << 32, P("meta"), 4, &run),
		 E(-EINVAL));
	check_eq(helper_perf_event_output(0, P(map), 3, P("meta"), 4, &run), E(-E2BIG));
	check_eq(helper_xdp_event_output(P(&xdp), P(map), cur | 6ull << 32, P("meta"), 4, &run), 0);
	check_eq(perf_array_consume(map, run.cpu, keep_cpu, NULL, &lost), 1);
	check(got_size >= 10 && !memcmp(got, "metapacket", 10));
	check_eq(helper_xdp_event_output(P(&xdp), P(map), cur | 7ull << 32, P("meta"), 4, &run),
		 E(-EFAULT));
	check_eq(helper_skb_event_output(P(&skb), P(map), cur | 3ull << 32, P("meta"), 4, &run), 0);
	check_eq(perf_array_consume(map, run.cpu, keep_cpu, NULL, &lost), 1);
	check(got_size >= 7 && !memcmp(got, "metapac", 7));
	check_eq(helper_skb_event_output(P(&skb), P(map), cur | 7ull << 32, P("meta"), 4, &run),
		 E(-EFAULT));
	check_eq(helper_skb_event_output(P(&skb), P(map), cur | 1ull << 52, P("meta"), 4, &run),
		 E(-EINVAL));
	object_put(&map->obj);
}

/* ---- checksums, against the textbook: 16-bit big-endian words, carries folded in ---- */

static u16 textbook(const u8 *p, u32 len)
{
	u32 sum = 0;

	for (u32 i = 0; i < len; i++)
		sum += i % 2 ? p[i] : (u32)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (u16)~sum;
}

static u16 folded(u32 sum)
{
	u16 v = csum_fold(sum);

	return get_be16(&v);
}

static void test_csum(void)
{
	u8 data[64];

	for (u32 round = 0; round < 100; round++) {
		u32 len = round % 64;

		for (u32 i = 0; i < sizeof(data); i++)
			data[i] = (u8)(round < 2 ? 0xff : i * round * 31 + round);
		check_eq(folded(csum_bytes(data, len, 0)), textbook(data, len));
		/* In two parts, the second one rotated when it begins at an odd place. */
		check_eq(folded(csum_add(csum_bytes(data, len / 3, 0),
					 csum_shift(csum_bytes(data + len / 3, len - len / 3, 0),
						    len / 3))),
			 textbook(data, len));
	}
}

static void test_csum_diff(void)
{
	u8 old[20], new[20], big[516] = {0};
	u16 before, after;
	u64 diff;

	for (u32 i = 0; i < 20; i++) {
		old[i] = (u8)(i * 37 + 1);
		new[i] = (u8)(i * 91 + 200);
	}
	before = textbook(old, 20);
	after = textbook(new, 20);
	/* RFC 1624: the new checksum from the old one and the difference. */
	diff = helper_csum_diff(P(old), 20, P(new), 20, (u16)~host_to_be16(before), &run);
	check_eq(folded((u32)diff), after);
	check_eq(diff >> 32, 0);
	check_eq(folded((u32)helper_csum_diff(0, 0, P(new), 20, 0, &run)), after);
	check_eq(helper_csum_diff(0, 0, 0, 0, 0x12345678, &run), 0x12345678);
	check_eq(helper_csum_diff(P(old), 3, P(new), 20, 0, &run), E(-EINVAL));
	check_eq(helper_csum_diff(0, 0, P(big), 516, 0, &run), E(-EINVAL));
	check_eq(helper_csum_diff(P(big), 4, P(big), 508, 0, &run), 0xffffffff);
	check_eq(helper_csum_diff(P(big), (u32)-4, P(big), 8, 0, &run), E(-EINVAL));
}

/* ---- packets ---- */

static void make_skb(struct sk_buff *skb, u8 *buf, u32 size, u32 off, u32 len)
{
	*skb = (struct sk_buff){.data = buf + off,
				.data_end = buf + off + len,
				.data_meta = buf + off,
				.head = buf,
				.end = buf + size,
				.len = len,
				.protocol = host_to_be16(ETH_P_IP),
				.mac_header = off,
				.network_header = off + 14};
}

static void test_room_slides(void)
{
	u8 buf[100];
	struct sk_buff skb;

	for (u32 i = 0; i < 100; i++)
		buf[i] = (u8)i;
	make_skb(&skb, buf, 100, 10, 50);
	check_eq(skb_make_room(&skb, 10, 40), 0);
	check(skb.data == buf + 10);
	check_eq(skb_make_room(&skb, 20, 0), 0);
	check(skb.data >= buf + 20 && skb.data_end == skb.data + 50 && skb.data_end <= buf + 100);
	check_eq(skb.data[0], 10);
	check_eq(skb.data[49], 59);
	check(skb_network_header(&skb) == skb.data + 14);
	check_eq(skb_make_room(&skb, 10, 40), 0);
	check(skb.data >= buf + 10 && skb.data_end <= buf + 60);
	check_eq(skb.data[0], 10);
	check_eq(skb_make_room(&skb, 20, 31), E(-ENOMEM));
	check_eq(skb_make_room(&skb, UINT32_MAX, UINT32_MAX), E(-ENOMEM));
}

/* A buffer without room: helpers say so and leave the packet as it is. */
static void test_no_room(void)
{
	u8 buf[60] = {0};
	struct sk_buff skb;

	make_skb(&skb, buf, 60, 0, 60);
	check_eq(CALLN(helper_skb_change_head, P(&skb), 1, 0), E(-ENOMEM));
	check_eq(CALLN(helper_skb_change_tail, P(&skb), 61, 0), E(-ENOMEM));
	check_eq(CALLN(helper_skb_adjust_room, P(&skb), 4, 1), E(-ENOMEM));
	check_eq(CALLN(helper_skb_change_proto, P(&skb), host_to_be16(ETH_P_IPV6), 0), E(-ENOMEM));
	check_eq(CALLN(helper_skb_vlan_push, P(&skb), host_to_be16(ETH_P_8021Q), 1), 0);
	check_eq(CALLN(helper_skb_vlan_push, P(&skb), host_to_be16(ETH_P_8021Q), 2), E(-ENOMEM));
	check_eq(skb.len, 60);
	check(skb.data == buf && skb.data_end == buf + 60);
}

static const u8 udp4[] = {0,	0, 0,  0,  0, 2, 0,    0,    0,	 0,  0, 1, 8,  0,
			  0x45, 0, 0,  28, 0, 0, 0,    0,    64, 17, 0, 0, 10, 0,
			  0,	1, 10, 0,  0, 2, 0x12, 0x34, 0,	 53, 0, 8, 0,  0};

static u32 hash_of(const u8 *frame, u32 len)
{
	u8 buf[100] = {0};
	struct sk_buff skb;

	memcpy(buf, frame, len);
	make_skb(&skb, buf, 100, 0, len);
	return (u32)CALLN(helper_get_hash_recalc, P(&skb), 0, 0);
}

static void test_hash(void)
{
	u8 other[sizeof(udp4)];
	u32 hash = hash_of(udp4, sizeof(udp4));

	check(hash != 0);
	check_eq(hash_of(udp4, sizeof(udp4)), hash);
	/* The answer belongs to the same flow. */
	memcpy(other, udp4, sizeof(other));
	memcpy(other + 26, udp4 + 30, 4);
	memcpy(other + 30, udp4 + 26, 4);
	memcpy(other + 34, udp4 + 36, 2);
	memcpy(other + 36, udp4 + 34, 2);
	check_eq(hash_of(other, sizeof(other)), hash);
	other[35] ^= 1;
	check(hash_of(other, sizeof(other)) != hash);
	/* Frames cut anywhere are read within their length. */
	for (u32 len = 14; len < sizeof(udp4); len++)
		check(hash_of(udp4, len) != 0);
}

static void test_redirect(void)
{
	check_eq(CALLN(helper_redirect, 7, BPF_F_INGRESS, 0), 7);
	check_eq(run_redirect(&run)->kind, REDIRECT_DEV);
	check_eq(run_redirect(&run)->ifindex, 7);
	check_eq(run_redirect(&run)->flags, BPF_F_INGRESS);
	check_eq(CALLN(helper_redirect_peer, 8, 0, 0), 7);
	check_eq(run_redirect(&run)->kind, REDIRECT_PEER);
	check_eq(CALLN(helper_xdp_redirect, 9, 0, 0), XDP_REDIRECT);
	check_eq(run_redirect(&run)->ifindex, 9);
	check_eq(CALLN(helper_xdp_redirect, 9, 1, 0), XDP_ABORTED);
}

int main(void)
{
	make_host();
	run_test(test_time);
	run_test(test_place_and_chance);
	run_test(test_task);
	run_test(test_groups);
	run_test(test_retval);
	run_test(test_probe_read);
	run_test(test_probe_read_str);
	run_test(test_strncmp);
	run_test(test_loop);
	run_test(test_map);
	run_test(test_map_percpu);
	run_test(test_for_each);
	run_test(test_ringbuf);
	run_test(test_perf_output);
	run_test(test_csum);
	run_test(test_csum_diff);
	run_test(test_room_slides);
	run_test(test_no_room);
	run_test(test_hash);
	run_test(test_redirect);
	run_end(&run);
	host_free(host);
	return tap_done();
}
