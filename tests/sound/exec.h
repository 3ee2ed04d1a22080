/* SPDX-License-Identifier: BSD-2-Clause */
/* Executions of loaded programs on inputs: checked, or as the library runs them. */
#ifndef ANYBPF_TESTS_SOUND_EXEC_H
#define ANYBPF_TESTS_SOUND_EXEC_H

#include "sound/check.h"
#include "sound/world.h"

#define EXEC_ROOM   8192
#define EXEC_BUFFER (2 * EXEC_ROOM)

struct exec {
	struct host *host;
	struct world world;
	struct object *btf;
	struct check check;
	u8 packet[EXEC_BUFFER];
};

struct exec_prog {
	const struct gen *g;
	struct verify_result result;
	struct prog *prog;
};

/* A host of its own with the world's maps; 0 or a negative errno. */
int exec_open(struct exec *e);
void exec_close(struct exec *e);
/* @log may be NULL. exec_unload() also after a failure. */
int exec_load(struct exec *e, const struct gen *g, struct log *log, struct exec_prog *p);
void exec_unload(struct exec_prog *p);
/* From the same state with the same seed; the checks' findings are in e->check. */
void exec_checked(struct exec *e, const struct exec_prog *p, const struct input *in, u64 seed,
		  struct outcome *out);
void exec_run(struct exec *e, const struct exec_prog *p, const struct input *in, u64 seed,
	      struct outcome *out);
/*
 * Whether results are by chance: the program reads stack that it did not
 * write, or numbers made of addresses, as privileged programs may. Those
 * differ between @a and @b, two hosts, where nothing has the same address.
 */
bool exec_by_chance(struct exec *a, struct exec *b, const struct gen *g, const struct input *in,
		    u64 seed);

#endif
