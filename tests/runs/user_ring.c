/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * User ring buffers, from the producer's side of the public API and with what
 * no producer should write, on each engine: results must be the same.
 */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "anybpf/anybpf.h"
#include "base/os.h"
#include "base/types.h"
#include "isa/uapi.h"
#include "load/object.h"
#include "tap.h"

#define SIZE 4096u

static const struct {
	const char *name;
	enum anybpf_engine engine;
	bool interpret;
} engines[] = {
	{"machine code", ANYBPF_ENGINE_USER, false},
	{"interpreter", ANYBPF_ENGINE_USER, true},
	{"kernel", ANYBPF_ENGINE_KERNEL, false},
};

/* The program's global variables. */
struct globals {
	s64 drained;
	u64 stop_after, seen, sum, bytes, inner, flags;
};

static struct test {
	struct anybpf *ctx;
	struct anybpf_object *object;
	struct anybpf_map *map;
	struct anybpf_program *prog;
	struct anybpf_user_ring *ring;
	struct globals *globals;
} test;

static s64 drain(void)
{
	ANYBPF_OPTS(anybpf_test_run, run);

	check_eq(anybpf_program_test_run(test.prog, &run), 0);
	return test.globals->drained;
}

static void put(u32 size, u64 value, bool discard)
{
	u64 words[2] = {value, 5};
	void *sample = NULL;

	check_eq(anybpf_user_ring_reserve(test.ring, size, &sample), 0);
	memset(sample, 0, size);
	memcpy(sample, words, size < sizeof(words) ? size : sizeof(words));
	if (discard)
		anybpf_user_ring_discard(test.ring, sample);
	else
		anybpf_user_ring_submit(test.ring, sample);
}

static void samples(void)
{
	void *sample, *other;

	check_eq(drain(), 0);
	put(16, 3, false);
	put(8, 4, false);
	put(100, 1000, true);
	put(4, 9, false); /* too short to be read */
	check_eq(drain(), 3);
	check(test.globals->seen == 3 && test.globals->sum == 7 && test.globals->bytes == 5);
	check_eq((s64)test.globals->inner, -EBUSY);
	check_eq(drain(), 0);

	/* One that is not submitted holds up those behind it. */
	check_eq(anybpf_user_ring_reserve(test.ring, 8, &sample), 0);
	check_eq(anybpf_user_ring_reserve(test.ring, 8, &other), 0);
	memcpy(other, &(u64){10}, 8);
	anybpf_user_ring_submit(test.ring, other);
	check_eq(drain(), 0);
	memcpy(sample, &(u64){20}, 8);
	anybpf_user_ring_submit(test.ring, sample);
	check_eq(drain(), 2);
	check_eq(test.globals->sum, 37);

	/* A callback may stop; the sample that it has seen is gone. */
	test.globals->seen = 0;
	test.globals->stop_after = 2;
	for (u32 i = 0; i < 3; i++)
		put(8, 1, false);
	check_eq(drain(), 2);
	check_eq(drain(), 1);
	test.globals->stop_after = 0;
	test.globals->flags = 4;
	check_eq(drain(), -EINVAL);
	test.globals->flags = BPF_RB_FORCE_WAKEUP;
	check_eq(drain(), 0);
	test.globals->flags = 0;
}

static void room(void)
{
	void *sample = NULL;

	check_eq(anybpf_user_ring_reserve(test.ring, SIZE - 7, &sample), -E2BIG);
	check_eq(anybpf_user_ring_reserve(test.ring, UINT32_MAX, &sample), -E2BIG);
	for (u32 i = 0; i < 1000; i++) {
		u32 size = 1 + i * 37 % 2000;

		test.globals->sum = 0;
		put(size < 8 ? 8 : size, i, false);
		check_eq(drain(), 1);
		check_eq(test.globals->sum, i);
	}
	put(SIZE - 8, 1, false);
	check_eq(anybpf_user_ring_reserve(test.ring, 0, &sample), -ENOSPC);
	check_eq(anybpf_user_ring_reserve_wait(test.ring, 8, 20, &sample), -ETIMEDOUT);
	check_eq(drain(), 1);
	check_eq(anybpf_user_ring_reserve_wait(test.ring, 8, -1, &sample), 0);
	anybpf_user_ring_discard(test.ring, sample);
	check_eq(drain(), 0);
}

/* What is not a producer's work: a position and a header, and what draining says to it. */
static void nonsense(void)
{
	struct engine *engine = test.ctx->engine;
	int fd = anybpf_map_fd(test.map);
	size_t page = os_page_size(), size = page + 2 * SIZE;
	_Atomic u64 *consumer, *producer;
	_Atomic u32 *header;
	void *addr;
	u64 at;

	check_eq(engine->ops->mmap(engine, fd, 0, page, true, &addr), -EPERM);
	check_eq(engine->ops->mmap(engine, fd, 0, page + size + page, false, &addr), -EINVAL);
	check_eq(engine->ops->mmap(engine, fd, 0, page, false, &addr), 0);
	consumer = addr;
	check_eq(engine->ops->mmap(engine, fd, page, size, true, &addr), 0);
	producer = addr;
	at = atomic_load(consumer);
	header = (_Atomic u32 *)(void *)((u8 *)addr + page + (at & (SIZE - 1)));

	atomic_store(producer, at + 4);
	check_eq(drain(), -EINVAL);
	atomic_store(producer, at + 16);
	atomic_store(header, 16);
	check_eq(drain(), -EINVAL);
	atomic_store(header, (u32)BPF_RINGBUF_BUSY_BIT | 16);
	check_eq(drain(), -EINVAL);
	atomic_store(header, (u32)BPF_RINGBUF_DISCARD_BIT | 16);
	check_eq(drain(), -EINVAL);
	atomic_store(producer, at + SIZE + 8);
	atomic_store(header, SIZE);
	check_eq(drain(), -E2BIG);
	atomic_store(producer, UINT64_MAX - 7);
	atomic_store(header, 0x3fffffff);
	check_eq(drain(), -E2BIG);
	check_eq(atomic_load(consumer), at);
	/* Less than has been consumed. */
	atomic_store(producer, at & ~7ull ? at - 8 : 0);
	check_eq(drain(), 0);
	atomic_store(producer, at);
	put(8, 1, false);
	check_eq(drain(), 1);
	engine->ops->munmap(engine, (void *)consumer, page);
	engine->ops->munmap(engine, (void *)producer, size);
}

/* False where there is no such engine. */
static bool begin(const char *path, enum anybpf_engine engine, bool interpret)
{
	ANYBPF_OPTS(anybpf_options, opts, .engine = engine, .interpret = interpret);
	int ret;

	memset(&test, 0, sizeof(test));
	ret = anybpf_new(&opts, &test.ctx);
	if (ret)
		return false;
	ret = anybpf_object_open(test.ctx, path, &test.object);
	if (!ret)
		ret = anybpf_object_load(test.object);
	if (ret)
		return false;
	test.prog = anybpf_object_find_program(test.object, "drain");
	test.map = anybpf_object_find_map(test.object, "ring");
	test.globals = anybpf_map_data(anybpf_object_find_map(test.object, ".bss"), NULL);
	check_eq(anybpf_user_ring_new(test.map, &test.ring), 0);
	return true;
}

static void end(void)
{
	anybpf_user_ring_free(test.ring);
	anybpf_object_close(test.object);
	anybpf_free(test.ctx);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		printf("1..0 # SKIP there is no compiler for programs\n");
		return 0;
	}
	for (u32 i = 0; i < ARRAY_SIZE(engines); i++) {
		tap_begin(engines[i].name);
		if (begin(argv[1], engines[i].engine, engines[i].interpret)) {
			samples();
			room();
			nonsense();
		} else if (engines[i].engine == ANYBPF_ENGINE_KERNEL) {
			tap_skip("the kernel lets us not");
		} else {
			tap_fail("%s", test.ctx ? anybpf_error(test.ctx) : "no engine");
		}
		end();
		tap_end();
	}
	return tap_done();
}
