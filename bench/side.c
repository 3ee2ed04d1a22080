/* SPDX-License-Identifier: BSD-2-Clause */
#include "side.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/os.h"
#include "hook/hook.h"
#include "interp/interp.h"
#include "packets.h"

#define BUFFER_SIZE (HOOK_HEADROOM + PACKET_SIZE + HOOK_TAILROOM)

u32 bench_cpu;
/* Made by the linker: what BENCH_MAP() and BENCH() have listed. */
extern struct bench_map *const __start_bench_maps[], *const __stop_bench_maps[];
extern struct bench_entry *const __start_bench_entries[], *const __stop_bench_entries[];

const char *side_name(enum side_kind kind)
{
	static const char *const names[SIDES] = {
		[SIDE_NATIVE] = "native",
		[SIDE_LINUX_CALL] = "linux_call",
		[SIDE_LINUX_CODE] = "linux_code",
		[SIDE_INTERP] = "interp",
		[SIDE_JIT] = "jit",
		[SIDE_AOT] = "aot",
	};

	return names[kind];
}

static bool on_kernel(const struct side *side)
{
	return side->kind == SIDE_LINUX_CALL || side->kind == SIDE_LINUX_CODE;
}

/* ---- opening ---- */

static struct object *object_behind(const struct side *side, int fd, enum object_kind kind)
{
	struct object *obj = NULL;

	if (!handle_get_kind(engine_user_host(side->ctx->engine), fd, kind, &obj))
		object_put(obj); /* the handle has one */
	return obj;
}

/* The native program works on this side's maps. */
static void bind_maps(const struct side *side)
{
	for (struct bench_map *const *m = __start_bench_maps; m < __stop_bench_maps; m++) {
		struct anybpf_map *map;

		if (strcmp((*m)->object, side->entry->object) != 0)
			continue;
		map = anybpf_object_find_map(side->object, (*m)->name);
		(*m)->map = map ? map_of(object_behind(side, map->fd, OBJECT_MAP)) : NULL;
	}
}

static int failed(const struct side *side, int ret)
{
	fprintf(stderr, "%s (%s): %s\n", side->entry->name, side_name(side->kind),
		side->ctx && *anybpf_error(side->ctx) ? anybpf_error(side->ctx) : strerror(-ret));
	return ret == -EPERM || ret == -ENOSYS || ret == -EOPNOTSUPP ? -EIO : ret;
}

/* So that programs can be compiled again as they were when they were loaded. */
static int keep_facts(struct side *side)
{
	u32 n = side->object->prog_cnt;

	if (side->kind != SIDE_JIT)
		return 0;
	side->verified = calloc(n, sizeof(*side->verified));
	for (u32 i = 0; side->verified && i < n; i++)
		side->object->progs[i].result = &side->verified[i];
	return side->verified ? 0 : -ENOMEM;
}

/* Whether it is the program of another entry or its setup: then it need not be loaded. */
static bool is_of_another(const struct side *side, const char *program)
{
	for (struct bench_entry *const *e = __start_bench_entries; e < __stop_bench_entries; e++) {
		size_t len = strlen((*e)->name);

		if (*e != side->entry && !strcmp((*e)->object, side->entry->object) &&
		    !strncmp(program, (*e)->name, len) &&
		    (!program[len] || !strcmp(program + len, "_setup")))
			return true;
	}
	return false;
}

static void leave_out_others(const struct side *side)
{
	struct anybpf_program *program = NULL;

	while ((program = anybpf_object_next_program(side->object, program))) {
		if (is_of_another(side, anybpf_program_name(program)))
			anybpf_program_set_autoload(program, false);
	}
}

static int open_object(struct side *side, const char *dir)
{
	char path[PATH_MAX];
	int ret;

	snprintf(path, sizeof(path), "%s/%s.bpf.o", dir, side->entry->object);
	ret = anybpf_object_open(side->ctx, path, &side->object);
	if (ret)
		return failed(side, ret);
	leave_out_others(side);
	return 0;
}

/* Compiles the object into a file of its own, in a context that goes again. */
static int make_file(struct side *side, const char *dir)
{
	char path[PATH_MAX];
	int ret = anybpf_new(NULL, &side->ctx);

	if (ret)
		return ret;
	snprintf(path, sizeof(path), "%s/%s.%d.so", dir, side->entry->name, (int)getpid());
	side->file = strdup(path);
	ret = side->file ? open_object(side, dir) : -ENOMEM;
	if (!ret) {
		ret = anybpf_object_compile(side->object, path, NULL);
		if (ret)
			ret = failed(side, ret);
		anybpf_object_close(side->object);
	}
	anybpf_free(side->ctx);
	side->object = NULL;
	side->ctx = NULL;
	return ret;
}

static int load(struct side *side, const char *dir)
{
	int ret = open_object(side, dir);

	if (ret)
		return ret;
	ret = keep_facts(side);
	if (!ret)
		ret = anybpf_object_load(side->object);
	if (ret)
		return failed(side, ret);
	side->program = anybpf_object_find_program(side->object, side->entry->name);
	return side->program ? 0 : failed(side, -ENOENT);
}

static int prepare(struct side *side, const char **why)
{
	if (side->kind == SIDE_LINUX_CODE)
		return linux_code_read(side->program, &side->code, why);
	if (on_kernel(side))
		return 0;
	side->prog = prog_of(object_behind(side, side->program->fd, OBJECT_PROG));
	if (side->kind == SIDE_NATIVE)
		bind_maps(side);
	if (side->kind != SIDE_JIT)
		return 0;
	return side_compile(side, (struct jit_options){.passes = JIT_PASSES_ALL}, NULL);
}

int side_open(struct side *side, enum side_kind kind, const struct bench_entry *entry,
	      const char *dir, const char **why)
{
	ANYBPF_OPTS(anybpf_options, opts);
	int ret;

	*side = (struct side){.kind = kind, .entry = entry, .most_runs = UINT32_MAX};
	if (kind == SIDE_AOT) {
		ret = make_file(side, dir);
		if (ret) {
			side_close(side);
			return ret;
		}
		opts.aot = side->file;
	}
	opts.engine = on_kernel(side) ? ANYBPF_ENGINE_KERNEL : ANYBPF_ENGINE_USER;
	opts.interpret = kind != SIDE_JIT && kind != SIDE_AOT;
	ret = anybpf_new(&opts, &side->ctx);
	if (ret)
		return ret;
	side->buffer = calloc(1, BUFFER_SIZE);
	if (!side->buffer)
		ret = -ENOMEM;
	if (!ret)
		ret = load(side, dir);
	if (!ret)
		ret = prepare(side, why);
	if (ret)
		side_close(side);
	return ret;
}

void side_close(struct side *side)
{
	linux_code_free(&side->code);
	for (u32 i = 0; side->verified && i < side->object->prog_cnt; i++)
		verify_result_free(&side->verified[i]);
	free(side->verified);
	if (side->object)
		anybpf_object_close(side->object);
	if (side->ctx)
		anybpf_free(side->ctx);
	if (side->file)
		unlink(side->file);
	free(side->file);
	side->file = NULL;
	free(side->buffer);
	side->verified = NULL;
	side->object = NULL;
	side->ctx = NULL;
	side->buffer = NULL;
}

int side_compile(struct side *side, struct jit_options opts, u64 *ns)
{
	for (u32 i = 0; i < side->object->prog_cnt; i++) {
		const struct anybpf_program *program = &side->object->progs[i];
		struct object *obj = object_behind(side, program->fd, OBJECT_PROG);
		struct prog *prog = obj ? prog_of(obj) : NULL;
		u64 start;
		int ret;

		if (!prog)
			continue; /* not loaded */
		opts.facts = side->verified[i].facts;
		opts.masks = side->verified[i].masks;
		jit_free(prog);
		start = os_clock_ns(CLOCK_MONOTONIC);
		ret = jit_compile(prog, &opts, NULL);
		if (ret)
			return ret;
		if (ns && program == side->program)
			*ns = os_clock_ns(CLOCK_MONOTONIC) - start;
	}
	return 0;
}

/* ---- ring buffers ---- */

static int ring_pages(const struct side *side, int fd, u64 **consumer, u64 **producer)
{
	struct engine *engine = side->ctx->engine;
	size_t page = os_page_size();
	void *p;
	int ret = engine->ops->mmap(engine, fd, 0, page, true, &p);

	if (ret)
		return ret;
	*consumer = p;
	ret = engine->ops->mmap(engine, fd, page, page, false, &p);
	*producer = p;
	if (ret)
		engine->ops->munmap(engine, *consumer, page);
	return ret;
}

/* Takes all records out, unread; the most bytes that there were in one ring. */
static u64 drain(const struct side *side, u64 *ring_size)
{
	struct engine *engine = side->ctx->engine;
	u64 most = 0, *consumer, *producer;

	for (u32 i = 0; i < side->object->map_cnt; i++) {
		const struct anybpf_map *map = &side->object->maps[i];

		if (map->spec->type != BPF_MAP_TYPE_RINGBUF ||
		    ring_pages(side, map->fd, &consumer, &producer))
			continue;
		most = u64_max(most, *(volatile u64 *)producer - *consumer);
		*ring_size = map->max_entries;
		*(volatile u64 *)consumer = *(volatile u64 *)producer;
		engine->ops->munmap(engine, producer, os_page_size());
		engine->ops->munmap(engine, consumer, os_page_size());
	}
	return most;
}

/* After one run: how many there may be at once. */
static void learn_limit(struct side *side)
{
	u64 ring_size = 0, used = drain(side, &ring_size);

	if (used)
		side->most_runs = (u32)(ring_size / 2 / used);
}

/* ---- running ---- */

static void reset_packet(struct side *side)
{
	u8 *data = side->buffer + HOOK_HEADROOM;

	packet_fill(side->entry->packet, data);
	side->xdp = (struct xdp_buff){
		.data = data,
		.data_end = data + PACKET_SIZE,
		.data_meta = data,
		.data_hard_start = side->buffer,
		.frame_end = side->buffer + BUFFER_SIZE,
		.ingress_ifindex = 1,
	};
}

/* What a test run says: the result of the last run and the mean time. */
static int call_linux(struct side *side, const struct anybpf_program *program, u32 runs,
		      u32 *result, u32 *ns)
{
	struct engine *engine = side->ctx->engine;
	union bpf_attr attr = {0};
	int ret;

	attr.test.prog_fd = (u32)program->fd;
	attr.test.data_in = ptr_to_u64(side->xdp.data);
	attr.test.data_size_in = PACKET_SIZE;
	attr.test.data_out = ptr_to_u64(side->xdp.data);
	attr.test.data_size_out = PACKET_SIZE;
	attr.test.repeat = runs;
	ret = engine_bpf(engine, BPF_PROG_TEST_RUN, &attr, sizeof(attr));
	*result = attr.test.retval;
	*ns = attr.test.duration;
	return ret;
}

static u64 interpret(struct run *run, const struct prog *prog, void *ctx)
{
	run->prog = prog;
	run->ctx = ctx;
	run->tail_calls = 0;
	run->invoke = interp_run;
	return interp_run(run, prog->subprogs, ptr_to_u64(ctx), 0, 0, 0, 0);
}

/* @runs in a row, of the side's program or of its setup, in a slot where that is needed. */
static u32 run_native(struct side *side, bench_fn *fn, u32 runs)
{
	struct bench_ctx *ctx = (struct bench_ctx *)&side->xdp;
	struct run run;
	int result = 0;

	bind_maps(side);
	run_begin(&run, side->prog->obj.host);
	bench_cpu = run.cpu;
	for (u32 i = 0; i < runs; i++)
		result = fn(ctx);
	run_end(&run);
	return (u32)result;
}

static u32 run_interp(struct side *side, const struct prog *prog, u32 runs)
{
	struct run run;
	u32 result = 0;

	run_begin(&run, prog->obj.host);
	for (u32 i = 0; i < runs; i++)
		result = (u32)interpret(&run, prog, &side->xdp);
	run_end(&run);
	return result;
}

/* The first run enters as everybody does; all others go straight to the code, as Linux's do. */
static __no_sanitize_function u32 run_jit(struct side *side, const struct prog *prog, u32 runs)
{
	const u64 ctx = ptr_to_u64(&side->xdp);
	struct run run;
	u32 result;

	run_begin(&run, prog->obj.host);
	result = (u32)prog_run_in(&run, prog, &side->xdp);
	run.prog = prog;
	for (u32 i = 1; i < runs; i++) {
		run.tail_calls = 0;
		result = (u32)prog->subprogs[0].entry(ctx, 0, 0, 0, 0, &run);
	}
	run_end(&run);
	return result;
}

static __no_sanitize_function u32 run_code(struct side *side, u32 runs)
{
	u32 result = 0;

	for (u32 i = 0; i < runs; i++)
		result = (u32)side->code.entry(&side->xdp);
	return result;
}

static int run_many(struct side *side, u32 runs, u32 *result, double *ns)
{
	u64 start = os_clock_ns(CLOCK_MONOTONIC);
	u32 duration;
	int ret = 0;

	switch (side->kind) {
	case SIDE_NATIVE:
		*result = run_native(side, side->entry->run, runs);
		break;
	case SIDE_LINUX_CALL:
		ret = call_linux(side, side->program, runs, result, &duration);
		*ns = duration;
		return ret;
	case SIDE_LINUX_CODE:
		*result = run_code(side, runs);
		break;
	case SIDE_INTERP:
		*result = run_interp(side, side->prog, runs);
		break;
	default:
		*result = run_jit(side, side->prog, runs);
	}
	*ns = (double)(os_clock_ns(CLOCK_MONOTONIC) - start) / runs;
	return ret;
}

int side_setup(struct side *side)
{
	struct anybpf_program *program;
	char name[64];
	u32 result, ns;
	int ret;

	reset_packet(side);
	snprintf(name, sizeof(name), "%s_setup", side->entry->name);
	program = anybpf_object_find_program(side->object, name);
	if (!program != !side->entry->setup)
		return failed(side, -EINVAL);
	if (!program)
		return 0;
	if (on_kernel(side)) {
		ret = call_linux(side, program, 1, &result, &ns);
		return ret || side->kind != SIDE_LINUX_CODE ? ret : linux_code_fill(&side->code);
	}
	if (side->kind == SIDE_NATIVE)
		run_native(side, side->entry->setup, 1);
	else
		prog_run(prog_of(object_behind(side, program->fd, OBJECT_PROG)), &side->xdp);
	return 0;
}

int side_run(struct side *side, u32 *result)
{
	double ns;
	int ret;

	reset_packet(side);
	ret = run_many(side, 1, result, &ns);
	learn_limit(side);
	return ret;
}

const u8 *side_packet(const struct side *side)
{
	return side->xdp.data;
}

void side_time(struct side *side, u32 runs)
{
	u32 result;
	double ns;
	u64 size;

	if (runs > side->most_runs)
		runs = side->most_runs;
	if (!run_many(side, runs, &result, &ns) && (side->best <= 0 || ns < side->best))
		side->best = ns;
	if (side->most_runs != UINT32_MAX)
		drain(side, &size);
}

/* ---- comparing maps ---- */

static bool is_compared(const struct anybpf_map *map)
{
	u32 type = map->spec->type;

	return map->spec->data == DATA_NONE && type != BPF_MAP_TYPE_RINGBUF &&
	       type != BPF_MAP_TYPE_PROG_ARRAY;
}

/* The value of a key, copies of CPUs added up word by word. */
static int read_value(const struct anybpf_map *map, const void *key, u64 *sum, u8 *buffer,
		      size_t size)
{
	size_t copy = ROUND_UP((size_t)anybpf_map_value_size(map), 8);
	int ret = anybpf_map_lookup(map, key, anybpf_map_key_size(map), buffer, size, 0);

	memset(sum, 0, copy);
	for (size_t at = 0; !ret && at < size; at += 8) {
		u64 word = 0;

		memcpy(&word, buffer + at, size - at < 8 ? size - at : 8);
		sum[at % copy / 8] += word;
	}
	return ret;
}

static bool is_percpu(u32 type)
{
	return type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_PERCPU_HASH ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

static size_t user_size(const struct side *side, const struct anybpf_map *map)
{
	size_t size = anybpf_map_value_size(map);

	return is_percpu(map->spec->type) ? ROUND_UP(size, 8) * anybpf_nr_cpus(side->ctx) : size;
}

#define VALUE_MAX (64u << 10)

/* Whether each element of @a is in @b and is the same; how many there are. */
static bool all_in(const struct side *a, const struct anybpf_map *ma, const struct side *b,
		   const struct anybpf_map *mb, u32 *count)
{
	static u64 sum_a[VALUE_MAX / 8], sum_b[VALUE_MAX / 8];
	static u8 buffer[VALUE_MAX];
	u8 key[512], next[512];
	size_t size_a = user_size(a, ma), size_b = user_size(b, mb);
	bool first = true;

	if (anybpf_map_key_size(ma) > sizeof(key) || size_a > VALUE_MAX || size_b > VALUE_MAX)
		return false;
	for (*count = 0;
	     !anybpf_map_next_key(ma, first ? NULL : key, next, anybpf_map_key_size(ma));
	     first = false, ++*count) {
		memcpy(key, next, sizeof(key));
		if (read_value(ma, key, sum_a, buffer, size_a) ||
		    read_value(mb, key, sum_b, buffer, size_b) ||
		    memcmp(sum_a, sum_b, anybpf_map_value_size(ma)) != 0)
			return false;
	}
	return true;
}

bool side_maps_equal(const struct side *a, const struct side *b, const char **name)
{
	for (u32 i = 0; i < a->object->map_cnt; i++) {
		const struct anybpf_map *ma = &a->object->maps[i], *mb = &b->object->maps[i];
		u32 n, m;

		*name = ma->spec->name;
		if (is_compared(ma) &&
		    (!all_in(a, ma, b, mb, &n) || !all_in(b, mb, a, ma, &m) || n != m))
			return false;
	}
	return true;
}
