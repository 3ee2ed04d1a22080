/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The same random operations on maps here and in Linux, through bpf() and from
 * a program: equal results, equal errno, equal values, equal contents. Key,
 * value and map sizes, flags and keys are random, wrong ones among them.
 *
 *	mapdiff [-l] [COUNT [SEED [WORKERS]]]
 *	mapdiff -m MAP SEED
 *
 * does COUNT operations (150,000); the last line is the figure. A map's operations
 * follow from the seed and its number, which a difference tells: -m does those of one
 * map; -l lists the types, for docs/coverage.md. What hangs on a hash table's seed, the order of
 *keys, is compared as a set. Each worker stays on one CPU: then even the keys that a full LRU map
 *gives up are the same. There are many of them because Linux waits for all CPUs when a map of maps
 *changes.
 */
#define _GNU_SOURCE
#include "sys/mapdiff.h"

#include <errno.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/os.h"
#include "helper/helper.h"
#include "linux_oracle.h"
#include "map/map.h"
#include "sys/engine.h"
#include "tap.h"

#define MAX_ENTRIES 40
#define MAX_CPUS    256
#define BUF	    ((MAX_ENTRIES + 8) * REQUEST_VALUE * (size_t)MAX_CPUS)
#define STEPS	    400 /* per map */
#define MAX_WORKERS 64
#define INNER	    3 /* maps that are put into maps of maps; the last is another kind */

struct kind {
	u32 type, flags;
	bool fixed_key; /* of 4 bytes */
	bool ordered;	/* its keys come in one order */
	bool keyless, of_maps, percpu, lru;
};

static const struct kind kinds[] = {
	{.type = BPF_MAP_TYPE_ARRAY, .fixed_key = true, .ordered = true},
	{.type = BPF_MAP_TYPE_PERCPU_ARRAY, .fixed_key = true, .ordered = true, .percpu = true},
	{.type = BPF_MAP_TYPE_HASH},
	{.type = BPF_MAP_TYPE_HASH, .flags = BPF_F_NO_PREALLOC},
	{.type = BPF_MAP_TYPE_PERCPU_HASH, .percpu = true},
	{.type = BPF_MAP_TYPE_LRU_HASH, .lru = true},
	{.type = BPF_MAP_TYPE_LRU_PERCPU_HASH, .percpu = true, .lru = true},
	{.type = BPF_MAP_TYPE_LPM_TRIE, .flags = BPF_F_NO_PREALLOC, .ordered = true},
	{.type = BPF_MAP_TYPE_LPM_TRIE, .flags = BPF_F_NO_PREALLOC, .ordered = true},
	{.type = BPF_MAP_TYPE_QUEUE, .keyless = true},
	{.type = BPF_MAP_TYPE_STACK, .keyless = true},
	{.type = BPF_MAP_TYPE_BLOOM_FILTER, .flags = BPF_F_ZERO_SEED, .keyless = true},
	{.type = BPF_MAP_TYPE_ARRAY_OF_MAPS, .fixed_key = true, .ordered = true, .of_maps = true},
	{.type = BPF_MAP_TYPE_HASH_OF_MAPS, .of_maps = true},
};

struct side {
	struct engine *engine;
	int fd, prog;
	int inner[INNER];
	u32 inner_id[INNER];
	u8 *keys, *values; /* what a batch gave */
	u8 cursor[REQUEST_KEY], value[REQUEST_VALUE * MAX_CPUS];
	u8 next[REQUEST_KEY];
	struct request requests[REQUESTS];
};

static struct {
	struct side side[2]; /* here, Linux */
	struct engine *engines[2], *linux_engine;
	const struct kind *kind;
	u32 key_size, value_size, max_entries, flags, keys;
	u32 cpus;
	size_t user_size;
	u64 seed, random;
	u64 ops, map; /* the map's number */
	u8 key[REQUEST_KEY], value[REQUEST_VALUE * MAX_CPUS], *batch_keys, *batch_values;
} t;

#define HERE  (&t.side[0])
#define LINUX (&t.side[1])

static u32 below(u32 n)
{
	t.random = t.random * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)((t.random >> 33) % n);
}

static int call(struct side *s, enum bpf_cmd cmd, union bpf_attr *attr)
{
	return engine_bpf(s->engine, cmd, attr, sizeof(*attr));
}

__printf(3, 4) static void compare(int here, int there, const char *fmt, ...)
{
	char what[200];
	va_list args;

	if (here == there)
		return;
	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	tap_fail("-m %llu %llu: %s: %d here, %d in Linux (type %u, key %u, value %u, max %u, "
		 "flags %#x)",
		 (unsigned long long)t.map, (unsigned long long)t.seed, what, here, there,
		 t.kind->type, t.key_size, t.value_size, t.max_entries, t.flags);
}

static void compare_bytes(const void *a, const void *b, size_t size, const char *what)
{
	if (memcmp(a, b, size))
		compare(0, 1, "bytes of %s", what);
}

/* ---- random operands ---- */

static void choose_key(u8 *key)
{
	u32 n = below(t.keys), bits = 8 * (t.key_size - 4);

	memset(key, 0, REQUEST_KEY);
	if (t.kind->type == BPF_MAP_TYPE_LPM_TRIE) {
		put_u32(key, below(16) ? below(bits + 1) : bits + below(3));
		/* Few different bytes, so that prefixes meet. */
		for (u32 i = 4; i < t.key_size; i++)
			key[i] = (u8)(below(3) ? 0 : 1u << below(8));
	} else if (t.kind->fixed_key) {
		put_u32(key, below(30) ? n : UINT32_MAX - n);
	} else if (t.key_size) {
		key[0] = (u8)n;
		key[t.key_size - 1] = (u8)n;
	}
}

static void choose_value(u8 *value)
{
	size_t stride = ROUND_UP(t.value_size, 8u);

	for (size_t i = 0; i < t.user_size; i++)
		value[i] = i % stride < t.value_size ? (u8)below(256) : 0;
	if (t.kind->keyless)
		memset(value + 1, 0, t.user_size - 1);
}

static u64 choose_flags(void)
{
	static const u64 flags[] = {BPF_ANY, BPF_ANY, BPF_ANY,	BPF_ANY, BPF_NOEXIST, BPF_EXIST,
				    3,	     4,	      1u << 31, 8,	 1ull << 32,  5};

	return flags[below(ARRAY_SIZE(flags))];
}

/* A map's handle as the value, the same map on both sides, or one that is none. */
static u32 choose_inner(void)
{
	return below(12) ? below(INNER) : INNER;
}

static void set_inner(struct side *s, u8 *value, u32 which)
{
	put_u32(value, which < INNER ? (u32)s->inner[which] : 9999);
}

/* ---- bpf() ---- */

static int element(struct side *s, enum bpf_cmd cmd, const void *key, void *value, u64 flags)
{
	union bpf_attr attr = {.map_fd = (u32)s->fd};

	attr.key = t.key_size ? ptr_to_u64(key) : 0;
	attr.value = ptr_to_u64(value);
	attr.flags = flags;
	return call(s, cmd, &attr);
}

/* Ids of inner maps are each side's own. */
static void ids_to_numbers(struct side *s, u8 *values, u32 n)
{
	for (u32 i = 0; t.kind->of_maps && i < n; i++)
		for (u32 k = 0; k < INNER; k++)
			if (get_u32(values + 4ul * i) == s->inner_id[k]) {
				put_u32(values + 4ul * i, k);
				break;
			}
}

static void do_update(void)
{
	u64 flags = choose_flags();
	u32 inner = choose_inner();
	int ret[2];

	choose_value(t.value);
	for (u32 i = 0; i < 2; i++) {
		if (t.kind->of_maps)
			set_inner(&t.side[i], t.value, inner);
		ret[i] = element(&t.side[i], BPF_MAP_UPDATE_ELEM, t.key, t.value, flags);
	}
	compare(ret[0], ret[1], "update, flags %#llx", (unsigned long long)flags);
}

static void do_lookup(enum bpf_cmd cmd)
{
	u64 flags = below(4) ? 0 : choose_flags();
	int ret[2];

	choose_value(t.value);
	for (u32 i = 0; i < 2; i++) {
		memcpy(t.side[i].value, t.value, t.user_size);
		ret[i] = element(&t.side[i], cmd, t.key, t.side[i].value, flags);
		ids_to_numbers(&t.side[i], t.side[i].value, !ret[i]);
	}
	compare(ret[0], ret[1], "command %u, flags %#llx", cmd, (unsigned long long)flags);
	compare_bytes(HERE->value, LINUX->value, t.user_size, "value");
}

static void do_delete(void)
{
	compare(element(HERE, BPF_MAP_DELETE_ELEM, t.key, NULL, 0),
		element(LINUX, BPF_MAP_DELETE_ELEM, t.key, NULL, 0), "delete");
}

static void do_next(void)
{
	bool first = !below(4);
	int ret[2];

	for (u32 i = 0; i < 2; i++) {
		union bpf_attr attr = {.map_fd = (u32)t.side[i].fd};

		memset(t.side[i].next, 0, REQUEST_KEY);
		attr.key = first || !t.key_size ? 0 : ptr_to_u64(t.key);
		attr.next_key = ptr_to_u64(t.side[i].next);
		ret[i] = call(&t.side[i], BPF_MAP_GET_NEXT_KEY, &attr);
	}
	/* Which key is the last is each hash table's own. */
	if (!t.kind->ordered && !t.kind->keyless && !first)
		return;
	compare(ret[0], ret[1], "next key");
	if (t.kind->ordered)
		compare_bytes(HERE->next, LINUX->next, REQUEST_KEY, "next key");
}

/* ---- batches ---- */

struct batch {
	u32 n; /* in and out */
	u64 elem_flags, flags;
	bool resume;
	int ret;
};

static void run_batch(struct side *s, enum bpf_cmd cmd, struct batch *b)
{
	bool write = cmd == BPF_MAP_UPDATE_BATCH || cmd == BPF_MAP_DELETE_BATCH;
	union bpf_attr attr = {0};

	attr.batch.map_fd = (u32)s->fd;
	attr.batch.in_batch = b->resume ? ptr_to_u64(s->cursor) : 0;
	attr.batch.out_batch = ptr_to_u64(s->cursor);
	attr.batch.keys = ptr_to_u64(write ? t.batch_keys : s->keys);
	attr.batch.values = ptr_to_u64(write ? t.batch_values : s->values);
	attr.batch.count = b->n;
	attr.batch.elem_flags = b->elem_flags;
	attr.batch.flags = b->flags;
	b->ret = call(s, cmd, &attr);
	b->n = attr.batch.count;
}

static void change_batch(enum bpf_cmd cmd)
{
	struct batch b = {.n = below(6)}, batch[2];
	u32 inner[6];

	if (!below(8))
		b.elem_flags = choose_flags();
	for (u32 i = 0; i < b.n; i++) {
		u8 key[REQUEST_KEY];

		choose_key(key);
		memcpy(t.batch_keys + i * t.key_size, key, t.key_size);
		choose_value(t.batch_values + i * t.user_size);
		inner[i] = choose_inner();
	}
	for (u32 i = 0; i < 2; i++) {
		for (u32 k = 0; t.kind->of_maps && k < b.n; k++)
			set_inner(&t.side[i], t.batch_values + k * t.user_size, inner[k]);
		batch[i] = b;
		run_batch(&t.side[i], cmd, &batch[i]);
	}
	compare(batch[0].ret, batch[1].ret, "batch command %u of %u, flags %#llx", cmd, b.n,
		(unsigned long long)b.elem_flags);
	compare((int)batch[0].n, (int)batch[1].n, "elements of batch command %u", cmd);
}

/* Sorts what a batch gave by key, so that the order is the same. */
static void sort_elements(struct side *s, u32 n)
{
	u8 swap[REQUEST_VALUE * MAX_CPUS];

	for (u32 i = 1; i < n; i++) {
		for (u32 k = i; k; k--) {
			u8 *a = s->keys + (k - 1) * t.key_size, *b = a + t.key_size;
			u8 *x = s->values + (k - 1) * t.user_size, *y = x + t.user_size;

			if (memcmp(a, b, t.key_size) <= 0)
				break;
			memcpy(swap, a, t.key_size);
			memcpy(a, b, t.key_size);
			memcpy(b, swap, t.key_size);
			memcpy(swap, x, t.user_size);
			memcpy(x, y, t.user_size);
			memcpy(y, swap, t.user_size);
		}
	}
}

static void lookup_batch(enum bpf_cmd cmd)
{
	struct batch b = {.n = t.max_entries + 8}, batch[2];
	bool wrong = !below(6);

	/* How much fits into small batches hangs on the buckets of a hash table. */
	if (t.kind->ordered)
		b.n = below(t.max_entries + 4);
	if (wrong && below(2))
		b.elem_flags = choose_flags();
	else if (wrong && !t.kind->ordered)
		b.flags = choose_flags();
	b.resume = t.kind->ordered && below(2);
	for (u32 i = 0; i < 2; i++) {
		batch[i] = b;
		memset(t.side[i].keys, 0, b.n * t.key_size);
		memset(t.side[i].values, 0, b.n * t.user_size);
		run_batch(&t.side[i], cmd, &batch[i]);
		ids_to_numbers(&t.side[i], t.side[i].values, batch[i].n);
	}
	compare(batch[0].ret, batch[1].ret, "batch command %u of %u, flags %#llx %#llx", cmd, b.n,
		(unsigned long long)b.elem_flags, (unsigned long long)b.flags);
	compare((int)batch[0].n, (int)batch[1].n, "elements of batch command %u", cmd);
	if (!tap.ok)
		return;
	for (u32 i = 0; i < 2 && !t.kind->ordered; i++)
		sort_elements(&t.side[i], batch[i].n);
	compare_bytes(HERE->keys, LINUX->keys, batch[0].n * t.key_size, "batch's keys");
	compare_bytes(HERE->values, LINUX->values, batch[0].n * t.user_size, "batch's values");
	if (t.kind->ordered && batch[0].n)
		compare_bytes(HERE->cursor, LINUX->cursor, t.key_size, "cursor");
}

static void do_batch(void)
{
	switch (below(4)) {
	case 0:
		change_batch(BPF_MAP_UPDATE_BATCH);
		break;
	case 1:
		change_batch(BPF_MAP_DELETE_BATCH);
		break;
	case 2:
		lookup_batch(BPF_MAP_LOOKUP_BATCH);
		break;
	default:
		lookup_batch(BPF_MAP_LOOKUP_AND_DELETE_BATCH);
		break;
	}
}

/* ---- programs ---- */

static void choose_request(struct request *request)
{
	static const u32 keyed[] = {BPF_FUNC_map_lookup_elem, BPF_FUNC_map_lookup_elem,
				    BPF_FUNC_map_update_elem, BPF_FUNC_map_delete_elem};
	static const u32 keyless[] = {BPF_FUNC_map_push_elem, BPF_FUNC_map_push_elem,
				      BPF_FUNC_map_pop_elem, BPF_FUNC_map_peek_elem};

	*request = (struct request){.result = 77, .flags = choose_flags()};
	request->op = t.kind->keyless ? keyless[below(4)] : keyed[below(4)];
	if (t.kind->percpu && !below(6)) {
		request->op = BPF_FUNC_map_lookup_percpu_elem;
		request->flags = below(4) ? below(t.cpus) : choose_flags() * t.cpus;
	}
	choose_key(request->key);
	for (u32 i = 0; i < REQUEST_VALUE; i++)
		request->value[i] = i && t.kind->keyless ? 0 : (u8)below(256);
	/* The key in the inner map. */
	if (t.kind->of_maps)
		put_u32(request->value, below(4));
}

static void compare_request(const struct request *sent, u32 i)
{
	const struct request *here = &HERE->requests[i], *there = &LINUX->requests[i];

	compare((int)here->result, (int)there->result, "program's helper %u, flags %#llx",
		(u32)sent->op, (unsigned long long)sent->flags);
	compare_bytes(here, there, sizeof(*here), "what a program found");
}

static void do_program(void)
{
	struct request requests[REQUESTS];
	u32 n = 1 + below(REQUESTS), size = n * (u32)sizeof(*requests);
	union bpf_attr attr[2] = {0};
	int ret[2];

	for (u32 i = 0; i < n; i++)
		choose_request(&requests[i]);
	for (u32 i = 0; i < 2; i++) {
		attr[i].test.prog_fd = (u32)t.side[i].prog;
		attr[i].test.data_in = ptr_to_u64(requests);
		attr[i].test.data_size_in = size;
		attr[i].test.data_out = ptr_to_u64(t.side[i].requests);
		attr[i].test.data_size_out = size;
		ret[i] = call(&t.side[i], BPF_PROG_TEST_RUN, &attr[i]);
	}
	compare(ret[0], ret[1], "test run");
	compare((int)attr[0].test.retval, (int)attr[1].test.retval, "verdict");
	for (u32 i = 0; i < n; i++)
		compare_request(&requests[i], i);
	t.ops += n - 1;
}

/* ---- a map's life ---- */

static int create(struct side *s, const union bpf_attr *attr)
{
	union bpf_attr copy = *attr;

	return call(s, BPF_MAP_CREATE, &copy);
}

/* Two hashes that are alike, and another one. */
static bool create_inner(struct side *s)
{
	for (u32 i = 0; i < INNER; i++) {
		union bpf_attr attr = {
			.map_type = BPF_MAP_TYPE_HASH,
			.key_size = 4,
			.value_size = i < 2 ? 8 : 12,
			.max_entries = 3 + i,
		};
		struct bpf_map_info info = {0};
		union bpf_attr ask = {0};

		s->inner[i] = create(s, &attr);
		if (s->inner[i] < 0)
			return false;
		ask.info.bpf_fd = (u32)s->inner[i];
		ask.info.info_len = sizeof(info);
		ask.info.info = ptr_to_u64(&info);
		if (call(s, BPF_OBJ_GET_INFO_BY_FD, &ask))
			return false;
		s->inner_id[i] = info.id;
	}
	return true;
}

static int load(struct side *s)
{
	const struct mapdiff_map map = {t.kind->type, t.value_size, t.kind->of_maps, s->fd};
	struct bpf_insn insns[MAX_PROGRAM];
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_XDP,
		.insns = ptr_to_u64(insns),
		.insn_cnt = mapdiff_program(&map, insns),
		.license = ptr_to_u64("Dual BSD/GPL"),
	};

	return call(s, BPF_PROG_LOAD, &attr);
}

static bool open_side(struct side *s, union bpf_attr attr)
{
	if (t.kind->of_maps && !create_inner(s))
		return false;
	attr.inner_map_fd = t.kind->of_maps ? (u32)s->inner[0] : 0;
	memset(s->cursor, 0, sizeof(s->cursor));
	s->fd = create(s, &attr);
	if (s->fd < 0)
		return false;
	s->prog = load(s);
	return s->prog >= 0;
}

static void close_side(struct side *s)
{
	for (u32 i = 0; t.kind->of_maps && i < INNER; i++)
		s->engine->ops->close(s->engine, s->inner[i]);
	if (s->prog >= 0)
		s->engine->ops->close(s->engine, s->prog);
	if (s->fd >= 0)
		s->engine->ops->close(s->engine, s->fd);
}

static void choose_sizes(union bpf_attr *attr)
{
	const struct kind *kind = t.kind;

	t.max_entries = 1 + below(below(3) ? 8 : MAX_ENTRIES);
	t.key_size = kind->fixed_key ? 4 : 1 + below(below(2) ? 8 : REQUEST_KEY);
	if (!below(2) && !kind->fixed_key)
		t.key_size = (u32[]){4, 8, 16}[below(3)];
	if (kind->type == BPF_MAP_TYPE_LPM_TRIE)
		t.key_size = below(2) ? 8 : 5 + below(REQUEST_KEY - 4);
	if (kind->keyless)
		t.key_size = 0;
	t.value_size = below(2) ? 8 : 1 + below(REQUEST_VALUE);
	if (kind->of_maps)
		t.value_size = 4;
	t.keys = t.max_entries + 1 + below(t.max_entries + 3);
	*attr = (union bpf_attr){
		.map_type = kind->type,
		.map_flags = kind->flags,
		.key_size = t.key_size,
		.value_size = t.value_size,
		.max_entries = t.max_entries,
		.map_extra = kind->type == BPF_MAP_TYPE_BLOOM_FILTER ? below(16) : 0,
	};
	/* Lists of one's own only hold what is used if there are enough. */
	if (kind->lru && below(2))
		attr->map_flags |= BPF_F_NO_COMMON_LRU;
	if (!below(12))
		attr->map_flags |= below(2) ? BPF_F_RDONLY : BPF_F_WRONLY;
	t.flags = attr->map_flags;
}

static void do_freeze(void)
{
	int ret[2];

	for (u32 i = 0; i < 2; i++) {
		union bpf_attr attr = {.map_fd = (u32)t.side[i].fd};

		ret[i] = call(&t.side[i], BPF_MAP_FREEZE, &attr);
	}
	compare(ret[0], ret[1], "freeze");
}

static void step(void)
{
	choose_key(t.key);
	if (!below(4 * STEPS))
		do_freeze();
	switch (below(16)) {
	case 0 ... 3:
		do_update();
		break;
	case 4 ... 5:
		do_lookup(BPF_MAP_LOOKUP_ELEM);
		break;
	case 6:
		do_lookup(BPF_MAP_LOOKUP_AND_DELETE_ELEM);
		break;
	case 7 ... 8:
		do_delete();
		break;
	case 9:
		do_next();
		break;
	case 10 ... 14:
		do_program();
		break;
	default:
		do_batch();
		break;
	}
	t.ops++;
}

static void one_map(u64 number)
{
	union bpf_attr attr;

	t.map = number;
	t.random = (t.seed ^ number << 32) * 0x9e3779b97f4a7c15 + number;
	t.kind = &kinds[number % ARRAY_SIZE(kinds)];
	/* Machine code and interpreter by turns. */
	HERE->engine = t.engines[number / ARRAY_SIZE(kinds) % 2];
	LINUX->engine = t.linux_engine;
	choose_sizes(&attr);
	t.user_size = t.kind->percpu ? ROUND_UP(t.value_size, 8u) * (size_t)t.cpus : t.value_size;
	for (u32 i = 0; i < 2; i++)
		if (!open_side(&t.side[i], attr))
			tap_fail("%s: type %u: no map or program", i ? "Linux" : "here",
				 t.kind->type);
	for (u32 i = 0; i < STEPS && tap.ok; i++)
		step();
	for (u32 i = 0; i < 2; i++)
		close_side(&t.side[i]);
}

/* ---- all of it ---- */

static u32 possible_cpus(void)
{
	FILE *f = fopen("/sys/devices/system/cpu/possible", "r");
	u32 from = 0, to = 0;
	int n = f ? fscanf(f, "%u-%u", &from, &to) : 0;

	if (f)
		fclose(f);
	return n == 2 ? to + 1 : 1;
}

static struct engine *new_engine(bool interpret)
{
	struct host_options opts;
	struct environment env;
	struct engine *engine;
	struct host *host;

	host_options_init(&opts);
	environment_init(&env);
	env.nr_cpus = possible_cpus();
	opts.env = &env;
	opts.interpret = interpret;
	if (host_new(&opts, &host) || engine_user_new(host, &engine))
		abort();
	return engine;
}

static bool kernel_allows(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
	int fd;

	if (engine_kernel_new(&mem_libc, &t.linux_engine))
		return false;
	fd = engine_bpf(t.linux_engine, BPF_MAP_CREATE, &attr, sizeof(attr));
	if (fd >= 0)
		close(fd);
	return fd >= 0 && possible_cpus() <= MAX_CPUS;
}

/* ---- workers ---- */

/* Stays on one of the CPUs that the test may use. */
static void stay_on_a_cpu(u32 which)
{
	cpu_set_t may, set;
	int cpu = -1;

	sched_getaffinity(0, sizeof(may), &may);
	which %= (u32)CPU_COUNT(&may);
	for (u32 n = 0; n <= which; n++)
		do
			cpu++;
		while (!CPU_ISSET((size_t)cpu, &may));
	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void open_engines(void)
{
	t.engines[0] = new_engine(false);
	t.engines[1] = new_engine(true);
	t.batch_keys = malloc(BUF);
	t.batch_values = malloc(BUF);
	for (u32 i = 0; i < 2; i++) {
		t.side[i].keys = malloc(BUF);
		t.side[i].values = malloc(BUF);
	}
}

static void close_engines(void)
{
	engine_free(t.engines[0]);
	engine_free(t.engines[1]);
	for (u32 i = 0; i < 2; i++) {
		free(t.side[i].keys);
		free(t.side[i].values);
	}
	free(t.batch_keys);
	free(t.batch_values);
}

/* What a worker tells. */
struct told {
	u64 ops, maps;
	bool ok;
	char why[1024];
};

/* Every @step_by-th map from @first on, until there were @count operations. */
static void work(u64 first, u64 step_by, u64 count, struct told *told)
{
	stay_on_a_cpu((u32)first);
	open_engines();
	for (u64 map = first; t.ops < count && tap.ok; map += step_by) {
		one_map(map);
		told->maps++;
	}
	close_engines();
	told->ops = t.ops;
	told->ok = tap.ok;
	memcpy(told->why, tap.why, sizeof(told->why));
}

/* The sum of what all tell. */
static struct told work_in_processes(u32 workers, u64 count)
{
	struct told *each = mmap(NULL, workers * sizeof(*each), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0),
		    sum = {.ok = true};

	for (u32 i = 0; i < workers; i++) {
		if (fork())
			continue;
		work(i, workers, count / workers, &each[i]);
		_exit(0);
	}
	while (wait(NULL) > 0)
		;
	for (u32 i = 0; i < workers; i++) {
		sum.ops += each[i].ops;
		sum.maps += each[i].maps;
		if (each[i].ok)
			continue;
		sum.ok = false;
		printf("# worker %u: %s\n", i, each[i].why[0] ? each[i].why : "died");
		tap_fail("%s", each[i].why);
	}
	munmap(each, workers * sizeof(*each));
	return sum;
}

static void list_kinds(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!i || kinds[i].type != kinds[i - 1].type)
			printf("# map %s: equal\n", map_type_name(kinds[i].type));
}

int main(int argc, char **argv)
{
	bool list = argc > 1 && !strcmp(argv[1], "-l");
	bool one = argc == 4 && !strcmp(argv[1], "-m");
	u64 map = one ? strtoull(argv[2], NULL, 0) : 0;
	u64 count;
	u32 workers;
	struct told told = {.ok = true};

	argv += list, argc -= list;
	count = one ? 1 : argc > 1 ? strtoull(argv[1], NULL, 0) : 150000;
	workers = !one && argc > 3 ? (u32)strtoul(argv[3], NULL, 0) : 16;
	t.seed = one ? strtoull(argv[3], NULL, 0) : argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	t.cpus = possible_cpus();
	tap_begin("random operations");
	if (!kernel_allows())
		tap_skip("the kernel does not allow bpf()");
	else if (one)
		work(map, 1, 1, &told);
	else
		told = work_in_processes(workers < MAX_WORKERS ? workers : MAX_WORKERS, count);
	engine_free(t.linux_engine);
	if (list && told.ops && told.ok)
		list_kinds();
	tap_end();
	tap_done();
	printf("# mapdiff: %llu operations on %llu maps, %s\n", (unsigned long long)told.ops,
	       (unsigned long long)told.maps, tap.failed ? "one differs" : "all equal");
	return tap.failed != 0;
}
