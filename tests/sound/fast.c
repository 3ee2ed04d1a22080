/* SPDX-License-Identifier: BSD-2-Clause */
/* A host whose state is set and read by copying memory. */
#include "sound/fast.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <time.h>

#include "base/os.h"
#include "hook/skb.h"
#include "interp/interp.h"
#include "map/array.h"

#define KEYS 4 /* of the hash table that inputs fill in */

/* ---- what programs can observe besides ---- */

static u64 fast_clock(void *ctx, int clock)
{
	struct fast *f = ctx;

	f->chance += 1 + (u32)clock;
	return 1000000007 * f->chance;
}

static u32 fast_random(void *ctx)
{
	struct fast *f = ctx;

	return (u32)(gen_random(&f->chance) >> 32);
}

static void fast_task(void *ctx __unused, struct env_task *task)
{
	*task = (struct env_task){.pid = 1234, .tgid = 1230, .comm = "fast"};
}

/* ---- memory beside pages that nobody may touch ---- */

/* @size bytes at the end of a page before such a page, or at the start of one behind it. */
static u8 *guarded(u32 size, bool at_end)
{
	size_t page = os_page_size(), body = ROUND_UP(size, page);
	u8 *start = mmap(NULL, body + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (start == MAP_FAILED)
		return NULL;
	start += page;
	if (mprotect(start, body, PROT_READ | PROT_WRITE))
		return NULL;
	return at_end ? start + body - size : start;
}

static void unguard(u8 *at, u32 size)
{
	size_t page = os_page_size();
	u8 *start = at - (uintptr_t)at % page;

	munmap(start - page, ROUND_UP(size, page) + 2 * page);
}

static int move_array(struct fast *f, enum gen_map nr)
{
	struct array_map *array = array_map_of(f->maps[nr]);
	struct fast_region *region = &f->arrays[nr];

	region->size = (u32)(gen_maps[nr].max_entries * array->stride);
	region->was = array->values;
	region->now = guarded(region->size, nr != GEN_GLOBAL);
	if (!region->now)
		return -ENOMEM;
	memcpy(region->now, array->values, region->size);
	array->values = region->now;
	return 0;
}

/* ---- a world ---- */

static const enum gen_map arrays[] = {GEN_ARRAY, GEN_GLOBAL, GEN_RODATA, GEN_PERCPU};

static int hash_element(struct fast *f, enum bpf_cmd cmd, u64 key)
{
	u8 value[64] = {0};
	union bpf_attr attr = {0};

	attr.map_fd = (u32)f->world.fds[GEN_HASH];
	attr.key = ptr_to_u64(&key);
	attr.value = ptr_to_u64(value);
	return engine_bpf(f->world.engine, cmd, &attr, sizeof(attr));
}

/* The table with the keys of the set, and where their values are. */
static int keep_hash(struct fast *f, struct fast_hash *keep, u32 keys)
{
	struct hash_map *h = hash_map_of(f->maps[GEN_HASH]);

	for (u64 key = 0; key < KEYS; key++)
		hash_element(f, keys & BIT(key) ? BPF_MAP_UPDATE_ELEM : BPF_MAP_DELETE_ELEM, key);
	if (h->size > FAST_HASH)
		return -E2BIG;
	memcpy(keep->memory, h->shared, h->size);
	for (u64 key = 0; key < KEYS; key++) {
		const u8 *value = f->maps[GEN_HASH]->ops->lookup(f->maps[GEN_HASH], &key, 0);

		if (value)
			keep->value_at[keep->values++] = (u16)(value - (const u8 *)h->shared);
	}
	return 0;
}

static int find_maps(struct fast *f)
{
	static const u8 keys[ARRAY_SIZE(f->hash)] = {0, 0x5, 0xf, 0x2};
	int err = 0;

	for (u32 i = 0; i < GEN_MAPS && !err; i++) {
		struct object *obj;

		err = handle_get_kind(f->host, f->world.fds[i], OBJECT_MAP, &obj);
		f->maps[i] = err ? NULL : map_of(obj);
	}
	for (u32 i = 0; i < ARRAY_SIZE(arrays) && !err; i++)
		err = move_array(f, arrays[i]);
	for (u32 i = 0; i < ARRAY_SIZE(keys) && !err; i++)
		err = keep_hash(f, &f->hash[i], keys[i]);
	return err;
}

int fast_open(struct fast *f)
{
	struct host_options options;
	struct environment env;
	struct engine *engine;
	int err;

	memset(f, 0, sizeof(*f));
	environment_init(&env);
	env.ctx = f;
	env.clock_ns = fast_clock;
	env.random_u32 = fast_random;
	env.current_task = fast_task;
	env.nr_cpus = 1;
	host_options_init(&options);
	options.env = &env;
	err = host_new(&options, &f->host);
	if (!err) {
		f->caps = f->host->caps;
		f->host->unprivileged_bpf_disabled = false;
		err = engine_user_new(f->host, &engine);
	}
	if (!err)
		err = world_open(&f->world, engine);
	if (!err)
		err = handle_get_kind(f->host, f->world.btf, OBJECT_BTF, &f->btf);
	if (!err)
		err = find_maps(f);
	f->pages = guarded(2 * FAST_FRAME, true);
	return err ? err : f->pages ? 0 : -ENOMEM;
}

static void drop_targets(struct fast *f)
{
	for (u32 i = 0; i < FAST_TARGETS; i++) {
		if (f->target[i] && f->gone)
			f->gone(f->target[i]);
		if (f->target[i])
			object_put(&f->target[i]->obj);
		f->target[i] = NULL;
	}
}

void fast_close(struct fast *f)
{
	drop_targets(f);
	for (u32 i = 0; i < ARRAY_SIZE(arrays); i++) {
		struct fast_region *region = &f->arrays[arrays[i]];

		array_map_of(f->maps[arrays[i]])->values = region->was;
		unguard(region->now, region->size);
	}
	for (u32 i = 0; i < GEN_MAPS; i++)
		object_put(&f->maps[i]->obj);
	unguard(f->pages, 2 * FAST_FRAME);
	object_put(f->btf);
	world_close(&f->world);
	engine_free(f->world.engine);
}

/* ---- programs ---- */

static int load(struct fast *f, const struct gen *g, struct log *log, struct verify_result *result,
		struct prog **prog)
{
	return world_load_in(&f->world, f->host, f->btf, g, log, result, prog);
}

/* Programs to go on with: one tells what the context has, one changes the global value. */
static void make_target(struct gen *g, enum bpf_prog_type type, u32 nr)
{
	memset(g, 0, sizeof(*g));
	g->type = type;
	if (!nr) {
		gen_put(g, BPF_LDX | BPF_MEM | BPF_W, 0, 1,
			type == BPF_PROG_TYPE_XDP ? (s32)offsetof(struct xdp_md, ingress_ifindex)
						  : (s32)offsetof(struct __sk_buff, mark),
			0);
		gen_put(g, BPF_ALU64 | BPF_ADD | BPF_K, 0, 0, 0, 5);
	} else {
		gen_wide(g, 1, BPF_PSEUDO_MAP_VALUE, 8ull << 32 | GEN_GLOBAL);
		gen_put(g, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 77);
		gen_put(g, BPF_STX | BPF_ATOMIC | BPF_DW, 1, 0, 0, BPF_ADD | BPF_FETCH);
	}
	gen_put(g, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* An array of programs belongs to one type of them, so each program gets its own. */
static int make_targets(struct fast *f, enum bpf_prog_type type)
{
	union bpf_attr attr = {0};
	int err = world_renew(&f->world, GEN_PROGS);

	drop_targets(f);
	object_put(&f->maps[GEN_PROGS]->obj);
	if (!err) {
		struct object *obj;

		err = handle_get_kind(f->host, f->world.fds[GEN_PROGS], OBJECT_MAP, &obj);
		f->maps[GEN_PROGS] = map_of(obj);
	}
	attr.map_fd = (u32)f->world.fds[GEN_PROGS];
	for (u32 i = 0; i < FAST_TARGETS && !err; i++) {
		static struct gen g;
		int handle;

		make_target(&g, type, i);
		err = load(f, &g, NULL, NULL, &f->target[i]);
		if (!err && f->made)
			err = f->made(f->target[i]);
		if (err)
			break;
		object_get(&f->target[i]->obj);
		handle = handle_open(&f->target[i]->obj);
		attr.key = ptr_to_u64(&i);
		attr.value = ptr_to_u64(&handle);
		err = engine_bpf(f->world.engine, BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr));
		handle_close(f->host, handle);
	}
	return err;
}

int fast_load(struct fast *f, const struct gen *g, struct log *log, struct fast_prog *p)
{
	int err = 0;

	memset(p, 0, sizeof(*p));
	p->type = g->type;
	p->uses_ring = world_uses(g, GEN_RING);
	p->uses_hash = world_uses(g, GEN_HASH);
	if (world_uses(g, GEN_PROGS))
		err = make_targets(f, g->type);
	if (err)
		return err;
	/* Plain programs are such as anybody may load: with masks against speculation, then. */
	f->host->caps = g->plain ? 0 : f->caps;
	err = load(f, g, log, &p->result, &p->prog);
	f->host->caps = f->caps;
	return err;
}

void fast_unload(struct fast_prog *p)
{
	if (p->prog)
		object_put(&p->prog->obj);
	verify_result_free(&p->result);
}

/* ---- inputs ---- */

void fast_pool_make(struct fast_pool *pool, const struct gen *g)
{
	u64 state = g->seed;

	world_random(pool->bytes, sizeof(pool->bytes), g, &state);
	for (u32 i = 0; i < ARRAY_SIZE(pool->lengths); i++)
		pool->lengths[i] = (u16)world_packet_length(g, &state);
}

static const u8 *take(const struct fast_pool *pool, u64 *state)
{
	return pool->bytes + gen_random(state) % FAST_POOL;
}

struct positions {
	u64 at, pending;
	u8 rest[4096 - 16];
};

/* Consumer's page, producers' page, data. */
static struct positions *ring_of(const struct fast *f)
{
	struct map *map = f->maps[GEN_RING];
	void *addr = NULL;

	map->ops->mmap(map, 0, sizeof(struct positions), true, &addr);
	return addr;
}

static void reset_maps(struct fast *f, const struct fast_prog *p, const struct fast_pool *pool,
		       u64 *state)
{
	const struct fast_hash *hash = &f->hash[gen_random(state) % ARRAY_SIZE(f->hash)];
	struct hash_map *h = hash_map_of(f->maps[GEN_HASH]);

	memcpy(f->arrays[GEN_ARRAY].now, take(pool, state), f->arrays[GEN_ARRAY].size);
	memcpy(f->arrays[GEN_GLOBAL].now, take(pool, state), f->arrays[GEN_GLOBAL].size);
	memcpy(f->arrays[GEN_PERCPU].now, take(pool, state), f->arrays[GEN_PERCPU].size);
	if (p->uses_hash) {
		memcpy(h->shared, hash->memory, h->size);
		for (u32 i = 0; i < hash->values; i++)
			memcpy((u8 *)h->shared + hash->value_at[i], take(pool, state),
			       gen_maps[GEN_HASH].value_size);
	}
	if (p->uses_ring) {
		struct positions *ring = ring_of(f);

		ring[0].at = ring[1].at = ring[1].pending = 0;
		memset(&ring[2], 0, sizeof(*ring));
	}
}

static void reset_packet(struct fast *f, const struct fast_prog *p, const struct fast_pool *pool,
			 u64 *state)
{
	static const u8 types[][2] = {{8, 6}, {8, 0}, {0x86, 0xdd}};
	u64 what = gen_random(state);
	u32 len = pool->lengths[what % 16], off, in_page = (u32)(what >> 8) % 3;
	/* The frame ends where the pages do, or begins there, or is in their midst. */
	u8 *buf = f->pages + (in_page == 1 ? 0 : FAST_FRAME);

	off = in_page == 0 ? FAST_FRAME - len : in_page == 1 ? 0 : 64 + (u32)(what >> 16) % 9;
	memset(buf, 0x5a, FAST_FRAME);
	memcpy(buf + off, take(pool, state), len);
	memcpy(buf + off + 12, types[len < 54 ? 0 : (what >> 24) % 3], 2);
	memset(&f->ctx, 0, sizeof(f->ctx));
	if (p->type == BPF_PROG_TYPE_XDP) {
		f->ctx.xdp = (struct xdp_buff){
			.data = buf + off,
			.data_meta = buf + off,
			.data_end = buf + off + len,
			.data_hard_start = buf,
			.frame_end = buf + FAST_FRAME,
			.ingress_ifindex = get_u32(take(pool, state)),
			.rx_queue_index = get_u32(take(pool, state)),
		};
		return;
	}
	skb_from_frame(
		&f->ctx.skb,
		&(struct hook_frame){.buf = buf, .size = FAST_FRAME, .off = off, .len = len});
	f->ctx.skb.mark = get_u32(take(pool, state));
	f->ctx.skb.priority = get_u32(take(pool, state));
	memcpy(f->ctx.skb.cb, take(pool, state), sizeof(f->ctx.skb.cb));
	if (p->type == BPF_PROG_TYPE_SOCKET_FILTER) {
		f->ctx.skb.data += ETH_HLEN;
		f->ctx.skb.data_meta += ETH_HLEN;
		f->ctx.skb.len -= ETH_HLEN;
	}
}

void fast_reset(struct fast *f, const struct fast_prog *p, const struct fast_pool *pool, u64 input)
{
	u64 state = input;

	reset_maps(f, p, pool, &state);
	reset_packet(f, p, pool, &state);
	f->chance = input;
	f->run.legacy_load = p->type == BPF_PROG_TYPE_XDP ? NULL : skb_legacy_load;
}

/* ---- runs ---- */

u64 fast_run_by(struct fast *f, const struct fast_prog *p, fast_engine engine)
{
	f->run.prog = p->prog;
	f->run.ctx = &f->ctx;
	f->run.tail_calls = 0;
	f->run.invoke = engine;
	return engine(&f->run, p->prog->subprogs, ptr_to_u64(&f->ctx), 0, 0, 0, 0);
}

u64 fast_interpret(struct fast *f, const struct fast_prog *p)
{
	return fast_run_by(f, p, interp_run);
}

u64 fast_run(struct fast *f, const struct fast_prog *p)
{
	return prog_run_in(&f->run, p->prog, &f->ctx);
}

void fast_outcome(const struct fast *f, const struct fast_prog *p, u64 r0, struct fast_outcome *out)
{
	const struct hash_map *h = hash_map_of(f->maps[GEN_HASH]);
	const u8 *frame =
		p->type == BPF_PROG_TYPE_XDP ? f->ctx.xdp.data_hard_start : f->ctx.skb.head;
	u32 at = 0;

	out->r0 = r0;
	out->ring = 0;
	memcpy(out->ctx, &f->ctx, sizeof(f->ctx));
	memcpy(out->frame, frame, FAST_FRAME);
	for (u32 i = 0; i < ARRAY_SIZE(arrays); i++) {
		const struct fast_region *region = &f->arrays[arrays[i]];

		memcpy(out->values + at, region->now, region->size);
		at += region->size;
	}
	if (p->uses_hash)
		memcpy(out->hash, h->shared, h->size);
	if (p->uses_ring) {
		const struct positions *ring = ring_of(f);

		out->ring = hash_bytes(&ring[2], sizeof(*ring), ring[1].at);
	}
}

static s64 first_difference(const void *a, const void *b, size_t size)
{
	const u8 *x = a, *y = b;

	if (!memcmp(a, b, size))
		return -1;
	for (size_t i = 0; i < size; i++) {
		if (x[i] != y[i])
			return (s64)i;
	}
	return -1;
}

bool fast_differs(const struct fast *f, const struct fast_prog *p, const struct fast_outcome *a,
		  const struct fast_outcome *b, char *text, size_t size)
{
	const struct {
		const char *name;
		const void *a, *b;
		size_t size;
	} parts[] = {
		{"the context", a->ctx, b->ctx, sizeof(f->ctx)},
		{"the packet's buffer", a->frame, b->frame, FAST_FRAME},
		{"the arrays' values", a->values, b->values, 4 * 48 + 64 + 16 + 2 * 16},
		{"the hash table", a->hash, b->hash,
		 p->uses_hash ? hash_map_of(f->maps[GEN_HASH])->size : 0},
		{"the ring buffer (its hash)", &a->ring, &b->ring, sizeof(a->ring)},
	};

	if (a->r0 != b->r0) {
		snprintf(text, size, "r0 %#" PRIx64 ", not %#" PRIx64, b->r0, a->r0);
		return true;
	}
	for (u32 i = 0; i < ARRAY_SIZE(parts); i++) {
		s64 at = first_difference(parts[i].a, parts[i].b, parts[i].size);

		if (at < 0)
			continue;
		snprintf(text, size, "byte %u of %s %#x, not %#x", (u32)at, parts[i].name,
			 ((const u8 *)parts[i].b)[at], ((const u8 *)parts[i].a)[at]);
		return true;
	}
	return false;
}

/* ---- for people ---- */

static void print_bytes(const char *name, const u8 *bytes, size_t n)
{
	printf("# %s:", name);
	for (size_t i = 0; i < n; i++)
		printf("%s%02x", i % 8 ? "" : " ", bytes[i]);
	printf("\n");
}

void fast_print_input(const struct fast *f, const struct fast_prog *p)
{
	const u8 *data = f->ctx.skb.data, *end = data + f->ctx.skb.len;

	if (p->type == BPF_PROG_TYPE_XDP) {
		data = f->ctx.xdp.data;
		end = f->ctx.xdp.data_end;
		printf("# ingress_ifindex %#x, rx_queue_index %#x\n", f->ctx.xdp.ingress_ifindex,
		       f->ctx.xdp.rx_queue_index);
	} else {
		printf("# mark %#x, priority %#x, cb %#x %#x %#x %#x %#x\n", f->ctx.skb.mark,
		       f->ctx.skb.priority, f->ctx.skb.cb[0], f->ctx.skb.cb[1], f->ctx.skb.cb[2],
		       f->ctx.skb.cb[3], f->ctx.skb.cb[4]);
	}
	print_bytes("packet", data, (size_t)(end - data));
	for (u32 i = 0; i < ARRAY_SIZE(arrays); i++)
		print_bytes(gen_maps[arrays[i]].name, f->arrays[arrays[i]].now,
			    f->arrays[arrays[i]].size);
	for (u64 key = 0; p->uses_hash && key < KEYS; key++) {
		const u8 *value = f->maps[GEN_HASH]->ops->lookup(f->maps[GEN_HASH], &key, 0);
		char name[32];

		snprintf(name, sizeof(name), "hash[%u]", (u32)key);
		if (value)
			print_bytes(name, value, gen_maps[GEN_HASH].value_size);
	}
}

/* ---- what results are worth ---- */

static __attribute__((noinline)) void fill_stack(u8 with)
{
	u8 bytes[6000];
	volatile u8 *at = bytes;

	for (u32 i = 0; i < sizeof(bytes); i++)
		at[i] = with;
}

/* An interpretation on a stack of its own, by swapcontext(). */
static struct elsewhere {
	struct fast *fast;
	const struct fast_prog *prog;
	u64 r0;
	ucontext_t here, there;
} elsewhere;

static void interpret_there(void)
{
	elsewhere.r0 = fast_interpret(elsewhere.fast, elsewhere.prog);
}

static u64 interpret_at(struct fast *f, const struct fast_prog *p, u8 *stack, size_t size)
{
	elsewhere = (struct elsewhere){.fast = f, .prog = p};
	getcontext(&elsewhere.there);
	elsewhere.there.uc_stack.ss_sp = stack;
	elsewhere.there.uc_stack.ss_size = size;
	elsewhere.there.uc_link = &elsewhere.here;
	makecontext(&elsewhere.there, interpret_there, 0);
	swapcontext(&elsewhere.here, &elsewhere.there);
	return elsewhere.r0;
}

/*
 * What a program makes of its stack's address may differ in a few bits only,
 * high ones or low ones, so a single other place might change none.
 */
bool fast_by_chance(struct fast *f, const struct fast_prog *p, const struct fast_pool *pool,
		    u64 input)
{
	static const u64 regions[] = {0x155500000000, 0x2aaa12340000, 0x4cc8fed00000,
				      0x700000000000};
	static const size_t places[] = {16, 32, 64, 128, 240, 496, 1008, 2032, 4080, 8176, 16368};
	const size_t size = 1 << 18;
	bool chance = false;
	static struct fast_outcome a, b;
	char text[128];

	fast_reset(f, p, pool, input);
	fill_stack(0);
	fast_outcome(f, p, fast_interpret(f, p), &a);
	for (size_t r = 0; r < ARRAY_SIZE(regions) && !chance; r++) {
		u8 *stack = mmap(u64_to_ptr(regions[r]), size, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		for (size_t i = 0; stack != MAP_FAILED && i < ARRAY_SIZE(places) && !chance; i++) {
			memset(stack, 0xe7, size);
			fast_reset(f, p, pool, input);
			fast_outcome(f, p, interpret_at(f, p, stack, size - places[i]), &b);
			chance = fast_differs(f, p, &a, &b, text, sizeof(text));
		}
		if (stack != MAP_FAILED)
			munmap(stack, size);
	}
	return chance;
}
