/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The same random operations here and in Linux: equal errno, equal values,
 * equal sets of keys. Iteration order is each side's own (it hangs on a random
 * seed), so that what is compared is which keys it gives. The test stays on
 * one CPU, and then even the keys that a full LRU map gives up are the same.
 *
 * ANYBPF_TEST_SEED and ANYBPF_TEST_OPS choose another and a longer run.
 */
#include "sides.h"

#include <sched.h>

#include "base/os.h"
#include "tap.h"

#define BUF	 (1u << 16)
#define MAX_KEYS 4096

struct shape {
	const char *name;
	u32 type, key_size, value_size, max_entries, flags;
	u32 keys; /* different keys in use */
};

static const struct shape shapes[] = {
	{"array", BPF_MAP_TYPE_ARRAY, 4, 8, 7, 0, 9},
	{"array of odd size", BPF_MAP_TYPE_ARRAY, 4, 13, 3, 0, 5},
	{"percpu_array", BPF_MAP_TYPE_PERCPU_ARRAY, 4, 12, 5, 0, 7},
	{"hash", BPF_MAP_TYPE_HASH, 4, 8, 8, 0, 12},
	{"hash of one", BPF_MAP_TYPE_HASH, 4, 8, 1, 0, 3},
	{"hash, 8-byte keys", BPF_MAP_TYPE_HASH, 8, 16, 16, 0, 20},
	{"hash, 16-byte keys", BPF_MAP_TYPE_HASH, 16, 4, 16, 0, 24},
	{"hash, odd keys", BPF_MAP_TYPE_HASH, 7, 5, 30, 0, 40},
	{"hash, long keys", BPF_MAP_TYPE_HASH, 100, 1, 10, 0, 14},
	{"hash, 1-byte keys", BPF_MAP_TYPE_HASH, 1, 1, 50, 0, 60},
	{"hash without preallocation", BPF_MAP_TYPE_HASH, 4, 8, 8, BPF_F_NO_PREALLOC, 12},
	{"percpu_hash", BPF_MAP_TYPE_PERCPU_HASH, 4, 8, 8, 0, 12},
	{"percpu_hash, odd", BPF_MAP_TYPE_PERCPU_HASH, 5, 3, 8, 0, 12},
	{"lru_hash with room", BPF_MAP_TYPE_LRU_HASH, 4, 8, 4096, 0, 60},
	{"lru_percpu_hash with room", BPF_MAP_TYPE_LRU_PERCPU_HASH, 4, 8, 4096, 0, 60},
	{"lru_hash", BPF_MAP_TYPE_LRU_HASH, 4, 8, 16, 0, 40},
	{"lru_hash of one", BPF_MAP_TYPE_LRU_HASH, 4, 8, 1, 0, 3},
	{"lru_hash of two", BPF_MAP_TYPE_LRU_HASH, 4, 8, 2, 0, 5},
	{"lru_hash, larger", BPF_MAP_TYPE_LRU_HASH, 4, 8, 150, 0, 250},
	{"lru_hash, much larger", BPF_MAP_TYPE_LRU_HASH, 4, 8, 1024, 0, 3000},
	{"lru_hash, own lists", BPF_MAP_TYPE_LRU_HASH, 4, 8, 16, BPF_F_NO_COMMON_LRU, 40},
	{"lru_hash, own lists of one", BPF_MAP_TYPE_LRU_HASH, 4, 8, 1, BPF_F_NO_COMMON_LRU, 3},
	{"lru_hash, own lists, larger", BPF_MAP_TYPE_LRU_HASH, 4, 8, 301, BPF_F_NO_COMMON_LRU, 250},
	{"lru_percpu_hash", BPF_MAP_TYPE_LRU_PERCPU_HASH, 4, 8, 16, 0, 40},
	{"lru_percpu_hash, own lists", BPF_MAP_TYPE_LRU_PERCPU_HASH, 4, 8, 30, BPF_F_NO_COMMON_LRU,
	 80},
};

struct random {
	u64 state;
};

static u32 next_random(struct random *r, u32 below)
{
	r->state = r->state * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)((r->state >> 33) % below);
}

struct pair {
	const struct shape *shape;
	struct side ours, theirs;
	int prog_fd; /* looks a packet's first 4 bytes up in Linux's map */
	struct random random;
	u32 user_size; /* bytes that a lookup gives */
	u8 *key, *value, *got, *got_linux;
	u64 step;
};

static void differ(struct pair *p, const char *what, int ours, int theirs)
{
	tap_fail("step %llu: %s of key %u gave %d here, %d in Linux", (unsigned long long)p->step,
		 what, p->key[0], ours, theirs);
}

static void choose_key(struct pair *p)
{
	u32 k = next_random(&p->random, p->shape->keys);

	memset(p->key, 0, p->shape->key_size);
	if (p->shape->key_size == 4)
		put_u32(p->key, k);
	else
		p->key[0] = p->key[p->shape->key_size - 1] = (u8)k;
}

/* Bytes that user space sees only when it wrote them itself are kept out of it. */
static void choose_value(struct pair *p)
{
	u32 stride = ROUND_UP(p->shape->value_size, 8u);

	memset(p->value, 0, BUF);
	for (u32 i = 0; i < p->user_size; i++)
		if (i % stride < p->shape->value_size)
			p->value[i] = (u8)next_random(&p->random, 256);
}

static u64 choose_flags(struct pair *p)
{
	static const u64 flags[] = {BPF_ANY, BPF_ANY, BPF_ANY,	BPF_NOEXIST, BPF_EXIST, BPF_F_LOCK,
				    3,	     8,	      1u << 31, 1ull << 63,  5,		6};

	return flags[next_random(&p->random, ARRAY_SIZE(flags))];
}

static void compare_values(struct pair *p, const char *what)
{
	if (memcmp(p->got, p->got_linux, p->user_size))
		tap_fail("step %llu: %s of key %u gave different values",
			 (unsigned long long)p->step, what, p->key[0]);
}

static void do_update(struct pair *p)
{
	u64 flags = choose_flags(p);
	int a, b;

	choose_value(p);
	a = side_update(&p->ours, p->key, p->value, flags);
	b = side_update(&p->theirs, p->key, p->value, flags);
	if (a != b)
		differ(p, "update", a, b);
}

static void do_lookup(struct pair *p, bool take)
{
	u64 flags = next_random(&p->random, 4) ? 0 : choose_flags(p);
	int (*fn)(struct side *, const void *, void *, u64) = take ? side_take : side_lookup;
	int a, b;

	memset(p->got, 0xaa, p->user_size);
	memset(p->got_linux, 0xaa, p->user_size);
	a = fn(&p->ours, p->key, p->got, flags);
	b = fn(&p->theirs, p->key, p->got_linux, flags);
	if (a != b)
		differ(p, take ? "lookup and delete" : "lookup", a, b);
	else if (!a)
		compare_values(p, take ? "lookup and delete" : "lookup");
}

static void do_delete(struct pair *p)
{
	int a = side_delete(&p->ours, p->key), b = side_delete(&p->theirs, p->key);

	if (a != b)
		differ(p, "delete", a, b);
}

/* Marks each key that an iteration gives; the number of them. */
static u32 walk(struct pair *p, struct side *s, u8 *seen)
{
	u8 key[128], *at = NULL;
	u32 n = 0;

	memset(seen, 0, MAX_KEYS);
	while (n < 2 * MAX_KEYS && !side_next(s, at, p->got)) {
		memcpy(key, p->got, p->shape->key_size);
		at = key;
		seen[p->shape->key_size == 4 ? get_u32(key) % MAX_KEYS : key[0]]++;
		n++;
	}
	return n;
}

static void do_walk(struct pair *p)
{
	u8 seen[MAX_KEYS], seen_linux[MAX_KEYS];
	u32 a = walk(p, &p->ours, seen), b = walk(p, &p->theirs, seen_linux);

	if (a != b || memcmp(seen, seen_linux, sizeof(seen)))
		tap_fail("step %llu: %u keys here, %u in Linux, or other ones",
			 (unsigned long long)p->step, a, b);
}

static void do_next(struct pair *p)
{
	int a = side_next(&p->ours, p->key, p->got);
	int b = side_next(&p->theirs, p->key, p->got_linux);
	bool array =
		p->shape->type == BPF_MAP_TYPE_ARRAY || p->shape->type == BPF_MAP_TYPE_PERCPU_ARRAY;

	/* Which key is last differs; that there is any for an unknown key does not. */
	if (array && (a != b || (!a && memcmp(p->got, p->got_linux, 4))))
		differ(p, "next key", a, b);
}

/* A program's lookup, which unlike user space's counts as a use. */
static void do_program_lookup(struct pair *p)
{
	u8 packet[16] = {0};
	union bpf_attr attr = {
		.test =
			{
				.prog_fd = (u32)p->prog_fd,
				.data_in = ptr_to_u64(packet),
				.data_size_in = sizeof(packet),
			},
	};
	bool a, b;

	if (p->shape->key_size != 4)
		return;
	memcpy(packet, p->key, 4);
	a = p->ours.map->ops->lookup(p->ours.map, p->key, os_current_cpu());
	check_eq(kernel_bpf(BPF_PROG_TEST_RUN, &attr), 0);
	b = attr.test.retval;
	if (a != b)
		differ(p, "a program's lookup", a, b);
}

static void step(struct pair *p)
{
	choose_key(p);
	switch (next_random(&p->random, 20)) {
	case 0 ... 5:
		do_update(p);
		break;
	case 6 ... 9:
		do_lookup(p, false);
		break;
	case 10:
		do_lookup(p, true);
		break;
	case 11 ... 13:
		do_delete(p);
		break;
	case 14:
		do_next(p);
		break;
	case 15 ... 18:
		do_program_lookup(p);
		break;
	default:
		do_walk(p);
		break;
	}
}

static int load_lookup(int map_fd)
{
	const struct bpf_insn insns[] = {
		{.code = 0x61, .dst_reg = 6, .src_reg = 1},		/* r6 = data */
		{.code = 0x61, .dst_reg = 7, .src_reg = 1, .off = 4},	/* r7 = data_end */
		{.code = 0xbf, .dst_reg = 2, .src_reg = 6},		/* r2 = r6 */
		{.code = 0x07, .dst_reg = 2, .imm = 4},			/* r2 += 4 */
		{.code = 0xb7, .dst_reg = 0},				/* r0 = 0 */
		{.code = 0x2d, .dst_reg = 2, .src_reg = 7, .off = 9},	/* if r2 > r7 goto exit */
		{.code = 0x61, .dst_reg = 0, .src_reg = 6},		/* r0 = *(u32 *)r6 */
		{.code = 0x63, .dst_reg = 10, .src_reg = 0, .off = -4}, /* *(u32 *)(r10 - 4) = r0 */
		{.code = 0xbf, .dst_reg = 2, .src_reg = 10},		/* r2 = r10 */
		{.code = 0x07, .dst_reg = 2, .imm = -4},		/* r2 -= 4 */
		{.code = 0x18, .dst_reg = 1, .src_reg = 1, .imm = map_fd},
		{0},
		{.code = 0x85, .imm = 1},		/* call map_lookup_elem */
		{.code = 0x15, .dst_reg = 0, .off = 1}, /* if r0 == 0 goto exit */
		{.code = 0xb7, .dst_reg = 0, .imm = 1}, /* r0 = 1 */
		{.code = 0x95},				/* exit */
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_XDP,
		.insns = ptr_to_u64(insns),
		.insn_cnt = ARRAY_SIZE(insns),
		.license = ptr_to_u64("Dual BSD/GPL"),
	};

	return kernel_bpf(BPF_PROG_LOAD, &attr);
}

static void run_shape(struct host *host, const struct shape *shape, u64 seed, u64 ops)
{
	union bpf_attr attr = {
		.map_type = shape->type,
		.key_size = shape->key_size,
		.value_size = shape->value_size,
		.max_entries = shape->max_entries,
		.map_flags = shape->flags,
	};
	struct pair p = {
		.shape = shape,
		.ours = {.name = "here", .host = host},
		.theirs = {.name = "Linux", .fd = -1},
		.random = {seed},
	};

	tap_begin(shape->name);
	p.key = calloc(1, 128);
	p.value = calloc(1, BUF);
	p.got = calloc(1, BUF);
	p.got_linux = calloc(1, BUF);
	check_eq(side_create(&p.ours, &attr), 0);
	check_eq(side_create(&p.theirs, &attr), 0);
	if (shape->key_size == 4 && tap.ok)
		check((p.prog_fd = load_lookup(p.theirs.fd)) > 0);
	if (tap.ok)
		p.user_size = (u32)map_user_value_size(p.ours.map);
	for (p.step = 0; p.step < ops && tap.ok; p.step++)
		step(&p);
	tap_end();
	side_close(&p.ours);
	side_close(&p.theirs);
	if (p.prog_fd > 0)
		close(p.prog_fd);
	free(p.key);
	free(p.value);
	free(p.got);
	free(p.got_linux);
}

/* Attributes at random; what Linux makes of them must come of them here. */
static void random_attributes(struct host *host, u64 seed, u64 ops)
{
	static const u32 types[] = {
		BPF_MAP_TYPE_ARRAY,	  BPF_MAP_TYPE_PERCPU_ARRAY, BPF_MAP_TYPE_HASH,
		BPF_MAP_TYPE_PERCPU_HASH, BPF_MAP_TYPE_LRU_HASH,     BPF_MAP_TYPE_LRU_PERCPU_HASH,
		BPF_MAP_TYPE_PROG_ARRAY,  BPF_MAP_TYPE_RINGBUF,	     BPF_MAP_TYPE_PERF_EVENT_ARRAY};
	static const u32 sizes[] = {0, 4, 4, 4, 8, 1, 3, 512, 32768, 32769, 4u << 20};
	static const u32 entries[] = {0, 1, 2, 3, 4096, 8192, 12288, 100};
	struct random r = {seed};

	tap_begin("attributes");
	for (u64 i = 0; i < ops && tap.ok; i++) {
		struct side ours = {.host = host}, theirs = {.fd = -1};
		union bpf_attr attr = {
			.map_type = types[next_random(&r, ARRAY_SIZE(types))],
			.key_size = sizes[next_random(&r, 8)],
			.value_size = sizes[next_random(&r, ARRAY_SIZE(sizes))],
			.max_entries = entries[next_random(&r, ARRAY_SIZE(entries))],
		};
		int a, b;

		/* Of Linux 6.12's flags any two; later kernels know more. */
		if (next_random(&r, 2))
			attr.map_flags |= 1u << next_random(&r, 19);
		if (!next_random(&r, 3))
			attr.map_flags |= 1u << next_random(&r, 19);
		attr.map_flags &= ~(u32)BPF_F_TOKEN_FD;
		if (next_random(&r, 2))
			attr.map_name[next_random(&r, 16)] = (char)next_random(&r, 128);
		a = side_create(&ours, &attr);
		b = side_create(&theirs, &attr);
		/* Memory that Linux has not is here only taken when it is touched. */
		if (a != b && b != -ENOMEM)
			tap_fail("type %u key %u value %u max %u flags %#x: %d here, %d in Linux",
				 attr.map_type, attr.key_size, attr.value_size, attr.max_entries,
				 attr.map_flags, a, b);
		side_close(&ours);
		side_close(&theirs);
	}
	tap_end();
}

static u64 number_from_env(const char *name, u64 otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

/* Both sides keep their free and pending elements per CPU. */
static void stay_on_this_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(os_current_cpu(), &set);
	sched_setaffinity(0, sizeof(set), &set);
}

int main(void)
{
	u64 seed = number_from_env("ANYBPF_TEST_SEED", 1);
	u64 ops = number_from_env("ANYBPF_TEST_OPS", 20000);
	struct host_options opts;
	struct environment env;
	struct host *host;

	if (!kernel_allows_maps()) {
		tap_begin("random operations");
		tap_skip("the kernel does not allow bpf()");
		tap_end();
		return tap_done();
	}
	stay_on_this_cpu();
	host_options_init(&opts);
	environment_init(&env);
	env.nr_cpus = possible_cpus();
	opts.env = &env;
	if (host_new(&opts, &host))
		return 1;
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++)
		run_shape(host, &shapes[i], seed + i, ops);
	random_attributes(host, seed, ops / 20);
	host_free(host);
	return tap_done();
}
