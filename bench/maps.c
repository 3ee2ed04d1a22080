/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an operation on a map costs inside a program, in maps of a thousand and
 * of a million entries, here and in the running kernel, whose turns alternate.
 *
 *	bench-maps [ROUNDS [NAME]]
 *
 * A program does OPS operations on keys of a random order; the same program
 * without them is taken off. Times are the best of some turns in each of ROUNDS, in ns.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/os.h"
#include "helper/asm.h"
#include "helper/helper.h"
#include "sys/engine.h"

#define OPS	 256 /* per run */
#define REPEAT	 4   /* runs per turn, which is so short that nothing comes between */
#define TURNS	 10  /* per round */
#define STEP	 1640531527u
#define BATCH	 1024u
#define ENGINES	 2
#define KEY	 (-8)
#define VALUE	 (-16)
#define MAX_CODE 64

enum op { NOTHING, LOOKUP, UPDATE, PUSH_POP };

static const struct row {
	const char *name;
	u32 type, key_size, flags;
	enum op op;
} rows[] = {
	{"hash, look-up", BPF_MAP_TYPE_HASH, 4, 0, LOOKUP},
	{"hash, update", BPF_MAP_TYPE_HASH, 4, 0, UPDATE},
	{"LRU hash, look-up", BPF_MAP_TYPE_LRU_HASH, 4, 0, LOOKUP},
	{"LRU hash, update", BPF_MAP_TYPE_LRU_HASH, 4, 0, UPDATE},
	{"LPM trie, look-up", BPF_MAP_TYPE_LPM_TRIE, 8, BPF_F_NO_PREALLOC, LOOKUP},
	{"LPM trie, update", BPF_MAP_TYPE_LPM_TRIE, 8, BPF_F_NO_PREALLOC, UPDATE},
	{"queue, push and pop", BPF_MAP_TYPE_QUEUE, 0, 0, PUSH_POP},
	{"stack, push and pop", BPF_MAP_TYPE_STACK, 0, 0, PUSH_POP},
};

struct code {
	struct bpf_insn insns[MAX_CODE];
	u32 n;
};

static void put(struct code *c, struct bpf_insn insn)
{
	c->insns[c->n++] = insn;
}

static void put_call(struct code *c, int map, bool key, s32 func)
{
	const struct bpf_insn load[] = {LOAD_IMM64(1, BPF_PSEUDO_MAP_FD, map, 0)};

	put(c, load[0]);
	put(c, load[1]);
	for (u8 reg = 2; reg <= 3; reg++) {
		put(c, MOV_REG(reg, 10));
		put(c, ALU_IMM(BPF_ADD, reg, reg == 2 && key ? KEY : VALUE));
	}
	if (!key)
		put(c, MOV_IMM(3, 0));
	put(c, MOV_IMM(4, 0));
	put(c, CALL(func));
}

static void put_operation(struct code *c, const struct row *row, int map)
{
	switch (row->op) {
	case LOOKUP:
		put_call(c, map, true, BPF_FUNC_map_lookup_elem);
		/* The value counts, or nobody need look it up. */
		put(c, JUMP_IMM(BPF_JEQ, 0, 0, 2));
		put(c, LOAD(BPF_DW, 1, 0, 0));
		put(c, ALU_REG(BPF_ADD, 9, 1));
		break;
	case UPDATE:
		put_call(c, map, true, BPF_FUNC_map_update_elem);
		break;
	case PUSH_POP:
		put_call(c, map, false, BPF_FUNC_map_push_elem);
		put_call(c, map, false, BPF_FUNC_map_pop_elem);
		break;
	default:
		break;
	}
}

/* r6 counts, r7 is where the random order is, r9 what was found. */
static int load_program(struct engine *engine, const struct row *row, int map, u32 entries)
{
	struct code c = {0};
	union bpf_attr attr = {0};
	u32 top;

	put(&c, CALL(BPF_FUNC_get_prandom_u32));
	put(&c, MOV_REG(7, 0));
	put(&c, MOV_IMM(6, OPS));
	put(&c, MOV_IMM(9, 2));
	top = c.n;
	put(&c, ALU_IMM(BPF_MUL, 7, 1664525));
	put(&c, ALU_IMM(BPF_ADD, 7, 1013904223));
	/* Which entry, from the higher bits; then its key, scattered. */
	put(&c, MOV_REG(8, 7));
	put(&c, ALU_IMM(BPF_RSH, 8, 8));
	put(&c, ALU_IMM(BPF_AND, 8, entries - 1));
	put(&c, ALU_IMM(BPF_MUL, 8, (s32)STEP));
	put(&c, STORE(BPF_W, 10, row->key_size == 8 ? KEY + 4 : KEY, 8));
	if (row->key_size == 8)
		put(&c, STORE_IMM(BPF_W, 10, KEY, 32));
	put(&c, STORE(BPF_DW, 10, VALUE, 7));
	put_operation(&c, row, map);
	put(&c, ALU_IMM(BPF_SUB, 6, 1));
	put(&c, INSN(BPF_JMP | BPF_JNE | BPF_K, 6, 0, (s32)top - (s32)c.n - 1, 0));
	put(&c, MOV_REG(0, 9));
	put(&c, EXIT());
	attr.prog_type = BPF_PROG_TYPE_XDP;
	attr.insns = ptr_to_u64(c.insns);
	attr.insn_cnt = c.n;
	attr.license = ptr_to_u64("Dual BSD/GPL");
	return engine_bpf(engine, BPF_PROG_LOAD, &attr, sizeof(attr));
}

static int fill(struct engine *engine, const struct row *row, int map, u32 entries)
{
	static u8 keys[BATCH * 8];
	static u64 values[BATCH];
	int err = 0;

	for (u32 at = 0; row->key_size && at < entries && !err; at += BATCH) {
		u32 n = entries - at < BATCH ? entries - at : BATCH;
		union bpf_attr attr = {0};

		for (u32 i = 0; i < n; i++) {
			u8 *key = keys + (size_t)i * row->key_size;

			put_u32(key, 32);
			put_u32(key + row->key_size - 4, (at + i) * STEP);
		}
		attr.batch.map_fd = (u32)map;
		attr.batch.keys = ptr_to_u64(keys);
		attr.batch.values = ptr_to_u64(values);
		attr.batch.count = n;
		err = engine_bpf(engine, BPF_MAP_UPDATE_BATCH, &attr, sizeof(attr));
	}
	return err;
}

static int create(struct engine *engine, const struct row *row, u32 entries)
{
	union bpf_attr attr = {0};

	attr.map_type = row->type;
	attr.key_size = row->key_size;
	attr.value_size = 8;
	attr.max_entries = entries;
	attr.map_flags = row->flags;
	/* So that nothing that is filled in leaves. */
	if (row->type == BPF_MAP_TYPE_LRU_HASH)
		attr.max_entries += entries / 4;
	return engine_bpf(engine, BPF_MAP_CREATE, &attr, sizeof(attr));
}

/* ns of one round of the loop. */
static double turn(struct engine *engine, int prog)
{
	u8 packet[64] = {0};
	union bpf_attr attr = {0};

	attr.test.prog_fd = (u32)prog;
	attr.test.data_in = ptr_to_u64(packet);
	attr.test.data_size_in = sizeof(packet);
	attr.test.repeat = REPEAT;
	if (engine_bpf(engine, BPF_PROG_TEST_RUN, &attr, sizeof(attr)))
		return -1;
	return (double)attr.test.duration / OPS;
}

struct subject {
	struct engine *engine;
	int map, prog[2]; /* without and with the operation */
	double best[2];
};

static int prepare(struct subject *s, const struct row *row, u32 entries)
{
	const struct row nothing = {.key_size = row->key_size, .op = NOTHING};

	s->map = create(s->engine, row, entries);
	if (s->map < 0)
		return s->map;
	s->prog[0] = load_program(s->engine, &nothing, s->map, entries);
	s->prog[1] = load_program(s->engine, row, s->map, entries);
	s->best[0] = s->best[1] = 1e9;
	if (s->prog[0] < 0 || s->prog[1] < 0)
		return -EINVAL;
	return fill(s->engine, row, s->map, entries);
}

static void finish(struct subject *s)
{
	s->engine->ops->close(s->engine, s->prog[0]);
	s->engine->ops->close(s->engine, s->prog[1]);
	s->engine->ops->close(s->engine, s->map);
}

static int measure(struct subject *subjects, u32 n, const struct row *row, u32 entries, u32 rounds)
{
	int err = 0;

	for (u32 i = 0; i < n && !err; i++)
		err = prepare(&subjects[i], row, entries);
	if (err)
		return err;
	for (u32 round = 0; round < rounds * TURNS; round++) {
		for (u32 i = 0; i < 2 * n; i++) {
			struct subject *s = &subjects[i / 2];
			double ns = turn(s->engine, s->prog[i % 2]);

			if (ns < 0)
				return -EINVAL;
			if (ns < s->best[i % 2])
				s->best[i % 2] = ns;
		}
	}
	printf("%-22s %8u", row->name, entries);
	for (u32 i = 0; i < n; i++) {
		printf(" %9.1f", subjects[i].best[1] - subjects[i].best[0]);
		finish(&subjects[i]);
	}
	printf("\n");
	fflush(stdout);
	return 0;
}

int main(int argc, char **argv)
{
	u32 rounds = argc > 1 ? (u32)strtoul(argv[1], NULL, 0) : 20, n = 1;
	static const u32 sizes[] = {1u << 10, 1u << 20};
	struct subject subjects[ENGINES] = {0};
	struct host *host;
	int err = 0;

	if (host_new(NULL, &host) || engine_user_new(host, &subjects[0].engine))
		return 1;
	if (!engine_kernel_new(&mem_libc, &subjects[1].engine))
		n++;
	printf("%-22s %8s %9s %9s\n", "ns", "entries", "here", n == 2 ? "Linux" : "");
	for (u32 i = 0; i < 2 * ARRAY_SIZE(rows) && !err; i++)
		if (argc < 3 || strstr(rows[i / 2].name, argv[2]))
			err = measure(subjects, n, &rows[i / 2], sizes[i % 2], rounds);
	if (err)
		fprintf(stderr, "bench-maps: %s\n", strerror(-err));
	engine_free(subjects[0].engine);
	engine_free(subjects[1].engine);
	return err != 0;
}
