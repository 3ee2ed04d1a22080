/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many executions of one program, cheaply: a host of one CPU whose clock and
 * chance are functions of the input, maps that are set by copying their
 * memory, packets that end at a page which nobody may touch, or begin after
 * one. Everything that a program leaves behind is compared, byte by byte.
 */
#ifndef ANYBPF_TESTS_SOUND_FAST_H
#define ANYBPF_TESTS_SOUND_FAST_H

#include "map/hash.h"
#include "object/packet.h"
#include "prog/prog.h"
#include "sound/world.h"

#define FAST_FRAME   512 /* bytes of a packet's buffer */
#define FAST_HASH    4096
#define FAST_VALUES  512
#define FAST_POOL    4096
#define FAST_TARGETS 2

/* A map's memory that was put beside a page without access. */
struct fast_region {
	u8 *now, *was;
	u32 size;
};

/* What the hash table is filled with: none, some or all of the keys. */
struct fast_hash {
	u8 memory[FAST_HASH];
	u16 value_at[4], values;
};

/* What inputs are made of; the numbers that a program names are in it. */
struct fast_pool {
	u8 bytes[FAST_POOL + 256];
	u16 lengths[16]; /* of packets */
};

struct fast {
	struct host *host;
	struct world world;
	struct object *btf;
	struct map *maps[GEN_MAPS];
	struct fast_region arrays[GEN_MAPS];
	struct fast_hash hash[4];
	struct prog *target[FAST_TARGETS]; /* of tail calls */
	/* NULL, or called for these; after fast_open(), which forgets them. */
	int (*made)(const struct prog *target);
	void (*gone)(const struct prog *target);
	u8 *pages; /* of packets */
	u64 chance;
	u32 caps; /* of who loads */
	struct run run;
	union {
		struct xdp_buff xdp;
		struct sk_buff skb;
	} ctx;
};

struct fast_prog {
	enum bpf_prog_type type;
	bool uses_ring, uses_hash;
	struct verify_result result;
	struct prog *prog; /* NULL: not accepted */
};

/* Everything that can be seen of a run. */
struct fast_outcome {
	u64 r0, ring;
	u8 ctx[sizeof(struct sk_buff)];
	u8 frame[FAST_FRAME];
	u8 values[FAST_VALUES];
	u8 hash[FAST_HASH];
};

/* 0 or a negative errno. One at a time: it holds its host's only slot. */
int fast_open(struct fast *f);
void fast_close(struct fast *f);
void fast_pool_make(struct fast_pool *pool, const struct gen *g);
/* What the verifier says; fast_unload() in any case. */
int fast_load(struct fast *f, const struct gen *g, struct log *log, struct fast_prog *p);
void fast_unload(struct fast_prog *p);

/* The world as the input has it. */
void fast_reset(struct fast *f, const struct fast_prog *p, const struct fast_pool *pool, u64 input);
typedef u64 (*fast_engine)(struct run *run, const struct subprog *fn, u64 r1, u64 r2, u64 r3,
			   u64 r4, u64 r5);
u64 fast_run_by(struct fast *f, const struct fast_prog *p, fast_engine engine);
u64 fast_interpret(struct fast *f, const struct fast_prog *p);
u64 fast_run(struct fast *f, const struct fast_prog *p);
void fast_outcome(const struct fast *f, const struct fast_prog *p, u64 r0,
		  struct fast_outcome *out);
/* Whether they differ, and where first. */
bool fast_differs(const struct fast *f, const struct fast_prog *p, const struct fast_outcome *a,
		  const struct fast_outcome *b, char *text, size_t size);
void fast_print_input(const struct fast *f, const struct fast_prog *p);
/* Whether what it does is by chance: it depends on where the stack is or on what was there. */
bool fast_by_chance(struct fast *f, const struct fast_prog *p, const struct fast_pool *pool,
		    u64 input);

#endif
