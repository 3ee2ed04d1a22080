/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What random programs run in, here and in the kernel alike: an engine, the
 * maps that they name, and inputs that are a function of a seed.
 */
#ifndef ANYBPF_TESTS_SOUND_WORLD_H
#define ANYBPF_TESTS_SOUND_WORLD_H

#include "prog/prog.h"
#include "sound/gen.h"
#include "sys/engine.h"

#define WORLD_PACKET 160
#define WORLD_OUT    4096
/* Of all elements of all maps but the ring buffer. */
#define WORLD_VALUES 1024
#define WORLD_FUNCS  64

struct world {
	struct engine *engine;
	int fds[GEN_MAPS];
	int btf; /* names the subprograms, which callbacks need */
};

struct input {
	u8 packet[WORLD_PACKET];
	u32 len;
	u32 mark, priority, cb[5];
};

struct outcome {
	int error;
	u64 r0;
	u32 len;
	u8 data[WORLD_OUT];
	u8 values[WORLD_VALUES];
};

/* 0 or a negative errno of map creation; the world is to be closed in any case. */
int world_open(struct world *w, struct engine *engine);
void world_close(struct world *w);
/* The maps' contents, by the seed and what the program compares with. An emptied ring buffer is a
 * new one. */
void world_fill(struct world *w, const struct gen *g, u64 seed, bool ring);
/* A map anew, empty: a ring buffer, or programs, which are all of the type of the first. */
int world_renew(struct world *w, enum gen_map map);
/* Bytes among which are numbers that the program names, and lengths of packets that it asks for. */
void world_random(u8 *to, u32 size, const struct gen *g, u64 *state);
u32 world_packet_length(const struct gen *g, u64 *state);
/* The program with this world's maps. */
void world_patch(const struct world *w, const struct gen *g, struct bpf_insn *insns);
/* The subprograms' types; the number of records. */
u32 world_func_info(const struct gen *g, struct bpf_func_info *info);
/* An fd or a negative errno; @log may be NULL. */
int world_load(struct world *w, const struct gen *g, char *log, u32 log_size);
/* The same past bpf(), for who wants the program itself, and what the verifier found. */
int world_load_in(const struct world *w, struct host *host, struct object *types,
		  const struct gen *g, struct log *log, struct verify_result *result,
		  struct prog **prog);
/* BPF_PROG_TEST_RUN, and what is in the maps afterwards. */
void world_run(struct world *w, const struct gen *g, int fd, const struct input *in,
	       struct outcome *out);
void world_values(struct world *w, u8 values[WORLD_VALUES]);
bool world_uses(const struct gen *g, enum gen_map map);

void input_make(struct input *in, const struct gen *g, u64 seed);
/* Whether two outcomes differ, and where first. */
#define OUTCOME_TEXT 128
bool outcome_differs(const struct outcome *a, const struct outcome *b, char text[OUTCOME_TEXT]);

#endif
