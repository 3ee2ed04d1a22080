/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a program: BPF_PROG_LOAD with the maps of the random programs'
 * world, and when it is accepted a test run by machine code and one by the
 * interpreter. Nothing may crash, leak or hang; a rejection has words.
 *
 * The first byte of an input chooses the program type, the second one flags;
 * the rest are instructions, which name maps by small numbers. The mutator
 * makes new programs with the generator, or changes one instruction.
 */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "sound/world.h"

#define HEADER	    2
#define LOG_SIZE    (1u << 16)
#define FLAG_GLOBAL BIT(2)
#define FLAGS	    (BPF_F_STRICT_ALIGNMENT | BPF_F_TEST_STATE_FREQ)

const unsigned int fuzz_smoke_rounds = 1000;

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size) __attribute__((weak));

static const enum bpf_prog_type types[] = {BPF_PROG_TYPE_XDP, BPF_PROG_TYPE_SCHED_CLS,
					   BPF_PROG_TYPE_SOCKET_FILTER};

static void from_bytes(struct gen *g, const uint8_t *data, size_t size)
{
	size_t cnt = (size - HEADER) / sizeof(*g->insns);

	memset(g, 0, sizeof(*g));
	g->type = types[data[0] % ARRAY_SIZE(types)];
	g->flags = data[1] & FLAGS;
	g->global = data[1] & FLAG_GLOBAL;
	g->cnt = (u32)u64_min(cnt, GEN_MAX_INSNS);
	memcpy(g->insns, data + HEADER, g->cnt * sizeof(*g->insns));
}

static size_t to_bytes(const struct gen *g, uint8_t *data, size_t max_size)
{
	size_t size = HEADER + g->cnt * sizeof(*g->insns);

	if (size > max_size)
		return 0;
	for (u32 i = 0; i < ARRAY_SIZE(types); i++) {
		if (types[i] == g->type)
			data[0] = (u8)i;
	}
	data[1] = (u8)(g->flags | (g->global ? FLAG_GLOBAL : 0));
	memcpy(data + HEADER, g->insns, g->cnt * sizeof(*g->insns));
	return size;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	static struct gen g;
	u64 state = seed;

	if (size <= HEADER || !(gen_random(&state) % 16)) {
		gen_program(&g, seed);
	} else if (LLVMFuzzerMutate && !(gen_random(&state) % 4)) {
		return LLVMFuzzerMutate(data, size, max_size);
	} else {
		from_bytes(&g, data, size);
		g.state = seed;
		if (g.cnt)
			gen_mutate(&g);
	}
	return to_bytes(&g, data, max_size);
}

/* A callback that is called 8 million times is no hang, but nobody waits for it. */
static bool may_take_long(const struct gen *g)
{
	for (u32 i = 0; i < g->cnt; i++) {
		if (isa_is_func_ref(&g->insns[i]) || isa_is_may_goto(&g->insns[i]))
			return true;
	}
	return false;
}

/* A loop may be followed for a million instructions: without a log that takes a second. */
static bool has_loop(const struct gen *g)
{
	for (u32 i = 0; i < g->cnt; i++) {
		if (isa_is_jump(&g->insns[i]) && isa_offset(&g->insns[i]) < 0)
			return true;
	}
	return false;
}

/* Whether it was accepted. */
static bool load(const struct gen *g, bool interpret)
{
	static struct outcome outcome;
	struct host_options opts;
	struct engine *engine;
	struct world world;
	struct input in;
	struct host *host;
	char *log = malloc(LOG_SIZE);
	bool quiet = has_loop(g);
	int fd;

	host_options_init(&opts);
	opts.interpret = interpret;
	if (!log || host_new(&opts, &host) || engine_user_new(host, &engine) ||
	    world_open(&world, engine))
		abort();
	fd = world_load(&world, g, quiet ? NULL : log, LOG_SIZE);
	fuzz_check(fd >= 0 || quiet || log[0] || !g->cnt);
	if (fd >= 0 && !may_take_long(g)) {
		input_make(&in, g, g->insns[0].code);
		world_run(&world, g, fd, &in, &outcome);
		fuzz_check(!outcome.error || outcome.error == -ENOSPC ||
			   outcome.error == -EOPNOTSUPP);
	}
	world_close(&world);
	engine_free(engine);
	free(log);
	return fd >= 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct gen g;

	if (size < HEADER)
		return 0;
	from_bytes(&g, data, size);
	if (load(&g, false))
		load(&g, true);
	return 0;
}
