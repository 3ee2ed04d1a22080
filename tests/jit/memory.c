/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs at random that look up, change and delete elements of maps of all
 * types with keys that they put together on the stack: what the passes over
 * memory make of them must do what the interpreter does, and leave the same in
 * the maps. Each pass alone and all together, run by the evaluator of the
 * intermediate form. An argument sets the number of programs, a second one the
 * seed.
 */
#include "helper/helper.h"
#include "interp/interp.h"
#include "jit/pass/pass.h"
#include "map/map.h"
#include "object/packet.h"

#include "engine.h"
#include "ir_eval.h"

#define DEFAULT_PROGRAMS 1500
#define INSNS_MAX	 4096
#define STACK		 160
#define CTX_AT		 (-STACK - 8)
#define KEYS		 6 /* different ones, so that they are found again */
#define CPUS		 3

struct map_kind {
	const char *name;
	u32 type, key_size, value_size, entries;
};

static const struct map_kind kinds[] = {
	{"array", BPF_MAP_TYPE_ARRAY, 4, 8, 4},
	{"array of 12 bytes", BPF_MAP_TYPE_ARRAY, 4, 12, 4},
	{"array of one", BPF_MAP_TYPE_ARRAY, 4, 4, 1},
	{"array of 44 bytes", BPF_MAP_TYPE_ARRAY, 4, 44, 3},
	{"percpu_array", BPF_MAP_TYPE_PERCPU_ARRAY, 4, 16, 5},
	{"hash of 4", BPF_MAP_TYPE_HASH, 4, 8, 4},
	{"hash of 8", BPF_MAP_TYPE_HASH, 8, 20, 4},
	{"hash of 16", BPF_MAP_TYPE_HASH, 16, 8, 4},
	{"hash of 12", BPF_MAP_TYPE_HASH, 12, 8, 4},
	{"percpu_hash of 4", BPF_MAP_TYPE_PERCPU_HASH, 4, 8, 4},
	{"percpu_hash of 16", BPF_MAP_TYPE_PERCPU_HASH, 16, 12, 4},
	{"lru_hash of 8", BPF_MAP_TYPE_LRU_HASH, 8, 8, 8},
	{"lru_percpu_hash of 4", BPF_MAP_TYPE_LRU_PERCPU_HASH, 4, 8, 8},
};

#define NKINDS ARRAY_SIZE(kinds)

static struct host *host;

static struct map *new_map(const struct map_kind *kind)
{
	union bpf_attr attr = {
		.map_type = kind->type,
		.key_size = kind->key_size,
		.value_size = kind->value_size,
		.max_entries = kind->entries,
	};
	struct map *map = NULL;
	struct err err = {0};

	if (map_create(host, &attr, NULL, &map, &err))
		tap_fail("%s: %s", kind->name, err.text);
	return map;
}

/* ---- programs ---- */

struct gen {
	u64 state;
	struct map **maps;
	struct bpf_insn insns[INSNS_MAX];
	u32 n;
};

static u32 below(struct gen *g, u32 n)
{
	return (u32)(random_next(&g->state) % n);
}

static void put(struct gen *g, struct bpf_insn insn)
{
	g->insns[g->n++] = insn;
}

static void put_map(struct gen *g, u32 reg, u32 map)
{
	const struct bpf_insn wide[] = {WIDE(reg, ptr_to_u64(g->maps[map]))};

	put(g, wide[0]);
	put(g, wide[1]);
	g->insns[g->n - 2].src_reg = BPF_PSEUDO_MAP_FD;
}

static const u8 sizes[] = {BPF_B, BPF_H, BPF_W, BPF_DW};

/* Writes @size bytes at r10 + @off in pieces; the first is @first, the others hang on @kind. */
static void put_bytes(struct gen *g, s32 off, u32 size, u32 first)
{
	u32 most = below(g, 4);

	for (u32 at = 0, s; at < size; at += 1u << s) {
		for (s = most; (1u << s) > size - at;)
			s--;
		if (below(g, 2)) {
			put(g, MOV64_K(2, at ? 0 : first));
			put(g, STORE(sizes[s], 10, off + (s32)at, 2));
		} else {
			put(g, RAW_INSN(BPF_ST | BPF_MEM | sizes[s], 10, 0, off + (s32)at,
					at ? 0 : first));
		}
	}
}

/* One of a few keys; beyond an array's end, too. Where it stands, from r10. */
static s32 put_key(struct gen *g, u32 kind)
{
	s32 off = -16 - 8 * (s32)below(g, 6);
	u32 key = below(g, KEYS);

	if (below(g, 6) == 0 && kinds[kind].key_size == 4) { /* not known beforehand */
		put(g, MOV64_X(2, 9));
		put(g, ALU64_K(BPF_AND, 2, 7));
		put(g, STORE(BPF_W, 10, off, 2));
		return off;
	}
	put_bytes(g, off, kinds[kind].key_size, key);
	return off;
}

static void put_address(struct gen *g, u32 reg, s32 off)
{
	put(g, MOV64_X(reg, 10));
	put(g, ALU64_K(BPF_ADD, reg, off));
}

static void put_digest(struct gen *g, u32 reg)
{
	put(g, ALU64_K(BPF_MUL, 9, 0x01000193));
	put(g, ALU64_X(BPF_XOR, 9, reg));
}

/* What programs do with what they found, in r0. */
static void put_use(struct gen *g, u32 kind)
{
	u32 s = below(g, 4), at, size = kinds[kind].value_size;
	u32 start = g->n++;

	for (u32 n = 1 + below(g, 2); n; n--) {
		while ((1u << s) > size)
			s--;
		at = below(g, size / (1u << s)) << s;
		put(g, LOAD(sizes[s], 1, 0, at));
		put_digest(g, 1);
		if (below(g, 2)) {
			put(g, ALU64_X(BPF_ADD, 1, 9));
			put(g, STORE(sizes[s], 0, at, 1));
		}
		if (s >= 2 && below(g, 2))
			put(g, ATOMIC(sizes[s], 0, at, 9, BPF_ADD));
	}
	if (below(g, 2)) {
		g->insns[start] = JUMP_K(BPF_JEQ, 0, 0, g->n - start - 1);
	} else { /* the other way around, with something done for null */
		put(g, RAW_INSN(BPF_JMP | BPF_JA, 0, 0, 2, 0));
		g->insns[start] = JUMP_K(BPF_JNE, 0, 0, 2);
		memmove(&g->insns[start + 3], &g->insns[start + 1],
			(g->n - start - 1) * sizeof(*g->insns));
		g->insns[start + 1] = ALU64_K(BPF_ADD, 9, 77);
		g->n += 2;
		g->insns[start + 2] = RAW_INSN(BPF_JMP | BPF_JA, 0, 0, g->n - start - 3, 0);
		g->insns[g->n - 1].off = 0;
	}
}

/* Whether it was found, as a number that is used later. */
static void put_found(struct gen *g)
{
	put(g, MOV64_K(1, 5));
	put(g, JUMP_K(BPF_JEQ, 0, 0, 1));
	put(g, MOV64_K(1, 6));
	put_digest(g, 1);
}

static void put_lookup(struct gen *g, u32 kind)
{
	bool percpu = below(g, 5) == 0;
	s32 off = put_key(g, kind);

	put_address(g, 2, off);
	put_map(g, 1, kind);
	put(g, MOV64_K(3, below(g, CPUS + 1)));
	if (below(g, 2))
		put(g, ALU64_X(BPF_OR, 3, 8)); /* r8 is 0, but who knows */
	put(g, percpu ? HELPER_CALL(map_lookup_percpu_elem) : HELPER_CALL(map_lookup_elem));
	if (below(g, 4))
		put_use(g, kind);
	else
		put_found(g);
	/* The key is still there. */
	put(g, LOAD(BPF_W, 1, 10, off));
	put_digest(g, 1);
}

static void put_update(struct gen *g, u32 kind)
{
	s32 off = put_key(g, kind), value = -STACK + 8 * (s32)below(g, 4);

	put_bytes(g, value, ROUND_UP(kinds[kind].value_size, 8u), below(g, 1000));
	put_address(g, 2, off);
	put_address(g, 3, value);
	put_map(g, 1, kind);
	put(g, MOV64_K(4, below(g, 5)));
	put(g, HELPER_CALL(map_update_elem));
	put_digest(g, 0);
}

static void put_delete(struct gen *g, u32 kind)
{
	s32 off = put_key(g, kind);

	put_address(g, 2, off);
	put_map(g, 1, kind);
	put(g, HELPER_CALL(map_delete_elem));
	put_digest(g, 0);
}

/* Bytes at @base + @off as one number in r1, by pieces, in either order of bytes. */
static void put_combine(struct gen *g, u32 base, s32 off)
{
	u32 s = below(g, 3), pieces = 2u << below(g, 3 - s), bits = 8u << s;
	bool down = below(g, 2);

	put(g, MOV64_K(1, 0));
	for (u32 i = 0; i < pieces; i++) {
		u32 at = (down ? pieces - 1 - i : i) << s;

		put(g, LOAD(sizes[s], 2, base, off + (s32)at));
		if (i)
			put(g, ALU64_K(BPF_LSH, 2, i * bits));
		put(g, below(g, 3) ? ALU64_X(BPF_OR, 1, 2) : ALU64_X(BPF_ADD, 1, 2));
		if (below(g, 20) == 0)
			put(g, STORE(BPF_B, base, off + (s32)at, 9));
		if (below(g, 20) == 0)
			put_digest(g, 2);
	}
	put_digest(g, 1);
}

/* r9 in pieces to @base + @off, in either order of bytes. */
static void put_split(struct gen *g, u32 base, s32 off)
{
	u32 s = below(g, 3), pieces = 2u << below(g, 3 - s);
	bool down = below(g, 2);

	for (u32 i = 0; i < pieces; i++) {
		u32 at = (down ? pieces - 1 - i : i) << s;

		put(g, MOV64_X(1, 9));
		if (i)
			put(g, ALU64_K(BPF_RSH, 1, i * (8u << s)));
		put(g, STORE(sizes[s], base, off + (s32)at, 1));
		if (below(g, 12) == 0)
			put(g, LOAD(BPF_B, 2, base, off + (s32)below(g, 8)));
	}
}

static void put_copy(struct gen *g, u32 from, s32 off, u32 to, s32 to_off)
{
	u32 s = below(g, 3);

	for (u32 i = 0, n = 2 + below(g, 4); i < n; i++) {
		put(g, LOAD(sizes[s], 1, from, off + (s32)(i << s)));
		put(g, STORE(sizes[s], to, to_off + (s32)(i << s), 1));
	}
}

/* Bytes of an element and of the stack, and from one to the other. */
static void put_pieces(struct gen *g)
{
	u32 kind = 3, start; /* the array of 44 bytes */

	put(g, RAW_INSN(BPF_ST | BPF_MEM | BPF_W, 10, 0, -4, below(g, 3)));
	put_address(g, 2, -4);
	put_map(g, 1, kind);
	put(g, HELPER_CALL(map_lookup_elem));
	start = g->n++;
	for (u32 n = 1 + below(g, 4); n; n--) {
		u32 base = below(g, 2) ? 0 : 10;
		s32 off = (base ? -100 : 0) + (s32)below(g, 12);

		switch (below(g, 3)) {
		case 0:
			put_combine(g, base, off);
			break;
		case 1:
			put_split(g, base, off);
			break;
		default:
			put_copy(g, 10 - base, base ? (s32)below(g, 12) : -60, base, off);
		}
	}
	g->insns[start] = JUMP_K(BPF_JEQ, 0, 0, g->n - start - 1);
}

/* A loop that counts, or goes through a part of the stack to a border, or both. */
static void put_loop(struct gen *g)
{
	u32 start, check, step = 1 + below(g, 3), turns = below(g, 40), kind = below(g, 3);

	put(g, MOV64_K(3, 0));
	put_address(g, 6, -128);
	put_address(g, 5, -128 + (s32)below(g, 100));
	if (!turns)
		turns = 1;
	start = g->n;
	put(g, MOV64_X(1, 6));
	put(g, ALU64_K(BPF_ADD, 1, 2 + below(g, 2)));
	check = g->n++;
	put(g, LOAD(BPF_H, 1, 6, 0));
	put_digest(g, 1);
	if (below(g, 3) == 0)
		put(g, STORE(BPF_B, 6, below(g, 3), 9));
	put(g, ALU64_K(BPF_ADD, 6, kind == 1 ? 0 : step));
	put(g, ALU64_K(BPF_ADD, 3, step));
	if (kind == 0)
		put(g, JUMP_K(BPF_JNE, 3, turns * step, (s32)start - (s32)g->n - 1));
	else
		put(g,
		    JUMP_K(BPF_JLT, 3, turns * step - below(g, step), (s32)start - (s32)g->n - 1));
	g->insns[check] = JUMP_X(below(g, 2) ? BPF_JGT : BPF_JGE, 1, 5, g->n - check - 1);
	put_digest(g, 3);
}

/* Helpers that are a few instructions. */
static void put_small(struct gen *g)
{
	u32 from = 4 * below(g, 6), to = 4 * below(g, 7);

	switch (below(g, 4)) {
	case 0:
		put(g, HELPER_CALL(get_smp_processor_id));
		break;
	case 1:
		put(g, HELPER_CALL(get_numa_node_id));
		break;
	case 2:
		put(g, LOAD(BPF_DW, 1, 10, CTX_AT));
		put(g, HELPER_CALL(xdp_get_buff_len));
		break;
	default:
		put_address(g, 1, -72 + (s32)below(g, 8));
		put(g, MOV64_K(2, from));
		put_address(g, 3, -40);
		put(g, MOV64_K(4, to));
		put(g, MOV64_X(5, 9));
		put(g, HELPER_CALL(csum_diff));
	}
	put_digest(g, 0);
}

static void put_one(struct gen *g)
{
	u32 kind = below(g, NKINDS), what = below(g, 15);

	if (what < 6)
		put_lookup(g, kind);
	else if (what < 9)
		put_update(g, kind);
	else if (what < 10)
		put_delete(g, kind);
	else if (what < 13)
		put_pieces(g);
	else if (what < 14)
		put_loop(g);
	else
		put_small(g);
}

/* A few steps, some of which are left out or done again. */
static void gen_program(struct gen *g)
{
	g->n = 0;
	put(g, STORE(BPF_DW, 10, CTX_AT, 1));
	put(g, MOV64_K(9, 1));
	put(g, MOV64_K(8, 0));
	for (s32 off = 8; off <= STACK; off += 8)
		put(g, RAW_INSN(BPF_ST | BPF_MEM | BPF_DW, 10, 0, -off, off));
	for (u32 n = 1 + below(g, 12); n; n--) {
		u32 shape = below(g, 4), start;

		if (shape == 0) {
			start = g->n++;
			put_one(g);
			g->insns[start] = JUMP_K(BPF_JSET, 9, 1 << below(g, 4), g->n - start - 1);
		} else if (shape == 1) {
			put(g, MOV64_K(7, 0));
			start = g->n;
			put_one(g);
			put(g, ALU64_K(BPF_ADD, 7, 1));
			put(g, JUMP_K(BPF_JLT, 7, 3, (s32)start - (s32)g->n - 1));
		} else {
			put_one(g);
		}
	}
	put(g, MOV64_X(0, 9));
	put(g, EXIT());
}

/* ---- running them ---- */

struct side {
	struct map *maps[NKINDS];
	struct prog *prog;
};

static void side_open(struct side *side, struct gen *g, u64 seed)
{
	for (u32 i = 0; i < NKINDS; i++)
		side->maps[i] = new_map(&kinds[i]);
	g->state = seed;
	g->maps = side->maps;
	gen_program(g);
	side->prog = engine_prog(host, g->insns, g->n, STACK + 8);
	side->prog->maps = side->maps;
	side->prog->map_cnt = NKINDS;
}

static void side_close(struct side *side)
{
	object_put(&side->prog->obj);
	for (u32 i = 0; i < NKINDS; i++)
		object_put(&side->maps[i]->obj);
}

/* All elements of the few keys, in the order of keys. */
static void compare_maps(struct map *a, struct map *b, const struct map_kind *kind, u64 seed)
{
	static u8 va[4096], vb[4096];

	for (u64 key = 0; key < KEYS; key++) {
		u64 whole[2] = {key, 0};
		int ra = map_user_lookup(a, whole, va, 0), rb = map_user_lookup(b, whole, vb, 0);

		if (ra != rb || (!ra && memcmp(va, vb, map_user_value_size(a))))
			tap_fail("seed %#" PRIx64 ": %s: element %" PRIu64 " differs", seed,
				 kind->name, key);
	}
}

/* Threads may move between CPUs, programs do not. */
static void set_cpu(struct run *run)
{
	run->cpu = 1;
}

static bool known_pass(u64 passes, u32 pass)
{
	return passes & BIT_ULL(pass);
}

/* Those of @arg, a set of enum jit_pass. */
static int run_some(struct ir_fn *fn, void *arg, struct err *err)
{
	static const struct {
		u32 pass;
		bool (*run)(struct ir_fn *fn);
	} all[] = {
		{JIT_PASS_MAPS, pass_maps},	  {JIT_PASS_HELPERS, pass_helpers},
		{JIT_PASS_PROMOTE, pass_promote}, {JIT_PASS_FOLD, pass_fold},
		{JIT_PASS_MERGE, pass_merge},	  {JIT_PASS_UNROLL, pass_unroll},
		{JIT_PASS_FOLD, pass_fold},
	};

	for (u32 i = 0; i < ARRAY_SIZE(all); i++) {
		int ret;

		if (!known_pass(*(u64 *)arg, all[i].pass))
			continue;
		ir_clean(fn);
		ir_cfg(fn);
		all[i].run(fn);
		ir_clean(fn);
		ret = ir_check(fn, err);
		if (ret)
			return ret;
	}
	return 0;
}

static void dump(const struct gen *g)
{
	for (u32 i = 0; i < g->n; i++)
		printf("# %3u: code %02x dst %u src %u off %d imm %#x\n", i, g->insns[i].code,
		       g->insns[i].dst_reg, g->insns[i].src_reg, g->insns[i].off,
		       (u32)g->insns[i].imm);
}

static bool compare_one(struct gen *g, u64 seed, u64 passes, const struct jit_options *options)
{
	u8 frame[100];
	struct xdp_buff xdp = {.data = frame, .data_end = frame + 64};
	struct side a, b;
	struct err err = {0};
	u64 ra = 0, rb = 0;

	side_open(&a, g, seed);
	side_open(&b, g, seed);
	if (interp_check(a.prog, &err) || eval_prog_add(b.prog, options, run_some, &passes, &err)) {
		tap_fail("seed %#" PRIx64 ": %s", seed, err.text);
	} else {
		for (u32 i = 0; i < 2 && tap.ok; i++) { /* again with what the first left */
			ra = engine_run(interp_run, a.prog, &xdp, set_cpu);
			rb = engine_run(eval_run, b.prog, &xdp, set_cpu);
			if (ra != rb)
				tap_fail("seed %#" PRIx64 ": %#" PRIx64 ", not %#" PRIx64, seed, rb,
					 ra);
			for (u32 k = 0; k < NKINDS; k++)
				compare_maps(a.maps[k], b.maps[k], &kinds[k], seed);
		}
		eval_prog_drop(b.prog);
	}
	if (!tap.ok)
		dump(g);
	side_close(&a);
	side_close(&b);
	return tap.ok;
}

static void run_passes_with(const char *name, u64 passes, const struct jit_options *options, u32 n,
			    u64 seed)
{
	static struct gen g;

	tap_begin(name);
	for (u32 i = 0; i < n && compare_one(&g, seed + i, passes, options); i++)
		;
	tap_end();
}

static void run_passes(const char *name, u64 passes, u32 n, u64 seed)
{
	run_passes_with(name, passes, NULL, n, seed);
}

int main(int argc, char **argv)
{
	u32 n = argc > 1 ? (u32)strtoul(argv[1], NULL, 0) : DEFAULT_PROGRAMS;
	u64 seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	static const struct insn_mask masks[INSNS_MAX];
	static const struct jit_options masked = {.passes = JIT_PASSES_ALL, .masks = masks};
	struct environment env;
	struct host_options opts;

	environment_init(&env);
	env.nr_cpus = CPUS;
	host_options_init(&opts);
	opts.env = &env;
	if (host_new(&opts, &host))
		return 1;
	run_passes("maps", BIT_ULL(JIT_PASS_MAPS), n, seed);
	run_passes("promote", BIT_ULL(JIT_PASS_PROMOTE), n, seed);
	run_passes("helpers", BIT_ULL(JIT_PASS_HELPERS), n, seed);
	run_passes("merge", BIT_ULL(JIT_PASS_MERGE), n, seed);
	run_passes("unroll", BIT_ULL(JIT_PASS_UNROLL), n, seed);
	run_passes("all", JIT_PASSES_ALL, n, seed);
	run_passes_with("all, against speculation", JIT_PASSES_ALL, &masked, n, seed);
	host_free(host);
	return tap_done();
}
