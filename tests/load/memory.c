/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Out of memory at every place there is: objects are opened, loaded and run
 * with each allocation failing in turn, alone or with all that follow. The
 * answer is -ENOMEM or success, nothing stays behind, and with memory again
 * the same object loads and runs as if nothing had been.
 */
#include <errno.h>

#include <anybpf/anybpf.h>

#include "../elf/objects.h"

#define XDP_DROP 1
#define XDP_TX	 3

struct failing {
	u64 calls; /* allocations so far */
	u64 way;   /* those up to the end of loading */
	u64 first; /* the one that fails, counted from 1; 0: none does */
	bool all;  /* and all that follow */
	bool failed;
	s64 held;
};

static void *failing_realloc(void *ctx, void *p, size_t size)
{
	struct failing *mem = ctx;
	void *moved;

	if (!size) {
		mem->held -= p != NULL;
		free(p);
		return NULL;
	}
	mem->calls++;
	if (mem->first && (mem->all ? mem->calls >= mem->first : mem->calls == mem->first)) {
		mem->failed = true;
		return NULL;
	}
	moved = realloc(p, size);
	mem->held += !p && moved;
	return moved;
}

static void check_answer(const struct failing *mem, const char *what, int ret)
{
	if (ret && (ret != -ENOMEM || !mem->failed))
		tap_fail("allocation %llu%s: %s answers %d", (unsigned long long)mem->first,
			 mem->all ? " on" : "", what, ret);
}

/* What "count" of run.bpf.o leaves in its map shows that all data is in place. */
static void check_count(struct anybpf_object *object, u64 first)
{
	static u8 buffer[256 + 64 + 320];
	ANYBPF_OPTS(anybpf_run, run, .buffer = buffer, .buffer_size = sizeof(buffer),
		    .data_offset = 256, .data_size = 64);
	struct anybpf_program *prog = anybpf_object_find_program(object, "count");
	struct anybpf_map *map = anybpf_object_find_map(object, "counts");
	u32 key = 2;
	u64 value = 0;

	if (!prog)
		return;
	check_eq(anybpf_program_run(prog, &run), 0);
	check_eq(run.verdict, XDP_TX);
	check_eq(anybpf_map_lookup(map, &key, sizeof(key), &value, sizeof(value), 0), 0);
	/* One may have machine code and the other not, for want of memory. */
	check_eq(anybpf_program_run(anybpf_object_find_program(object, "jump"), &run), 0);
	check_eq(run.verdict, XDP_DROP);
	if (value != 10 * 3 + 4)
		tap_fail("allocation %llu: the program counts %llu", (unsigned long long)first,
			 (unsigned long long)value);
}

static void load_again(struct anybpf *ctx, struct anybpf_object *object, struct failing *mem)
{
	u64 first = mem->first;
	int ret;

	mem->first = 0;
	ret = anybpf_object_load(object);
	if (ret)
		tap_fail("allocation %llu: with memory again: %s", (unsigned long long)first,
			 anybpf_error(ctx));
	else
		check_count(object, first);
	mem->first = first;
}

/* The whole way once. */
static void once(const char *name, bool interpret, struct failing *mem)
{
	ANYBPF_OPTS(anybpf_options, opts, .realloc = failing_realloc, .realloc_ctx = mem,
		    .nr_cpus = 2, .interpret = interpret);
	struct anybpf_object *object = NULL;
	struct anybpf *ctx = NULL;
	int ret = anybpf_new(&opts, &ctx);

	check_answer(mem, "anybpf_new()", ret);
	if (!ret) {
		ret = anybpf_object_open(ctx, object_path(name), &object);
		check_answer(mem, "anybpf_object_open()", ret);
	}
	if (!ret) {
		ret = anybpf_object_load(object);
		check_answer(mem, "anybpf_object_load()", ret);
		mem->way = mem->calls;
		load_again(ctx, object, mem);
	}
	anybpf_object_close(object);
	anybpf_free(ctx);
	if (mem->held)
		tap_fail("allocation %llu: %lld stay behind", (unsigned long long)mem->first,
			 (long long)mem->held);
}

static void test_object(const char *name, bool interpret, bool all)
{
	struct failing mem = {0};
	u64 total;

	if (!have_object(name))
		return;
	once(name, interpret, &mem);
	total = mem.way;
	check(total > 10);
	for (u64 first = 1; first <= total; first++) {
		mem = (struct failing){.first = first, .all = all};
		once(name, interpret, &mem);
		check(mem.failed);
	}
}

int main(void)
{
	static const char *const objects[] = {"run.bpf.o", "data.bpf.o", "plain.bpf.o"};

	for (u32 i = 0; i < ARRAY_SIZE(objects); i++) {
		for (u32 how = 0; how < 4; how++) {
			bool interpret = how & 1, all = how & 2;
			char name[64];

			snprintf(name, sizeof(name), "%s, %s, %s", objects[i],
				 interpret ? "interpreted" : "compiled",
				 all ? "all from one on" : "one");
			tap_begin(name);
			test_object(objects[i], interpret, all);
			tap_end();
		}
	}
	return tap_done();
}
