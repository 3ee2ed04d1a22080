/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stacks, in an environment that the test makes up; tests/runs/stack.bpf.c asks
 * Linux what else is so.
 */
#include <errno.h>
#include <string.h>

#include "tap.h"

#include "helper/functions.h"
#include "map/stack_trace.h"

#define E(error)     ((u64)(s64)(error))
#define P(p)	     ptr_to_u64(p)
#define KERNEL_FRAME 0xffffffff81000000ull
#define USER_FRAME   0x400000ull

static struct host *host;
static struct run run;
static struct prog prog;
static struct env_stack asked;
static u32 frames; /* that a stack has */

static u32 made_up_stack(void *ctx, const struct env_stack *from, u64 *ips, u32 max)
{
	u32 n = frames < max ? frames : max;

	(void)ctx;
	asked = *from;
	for (u32 i = 0; i < n; i++)
		ips[i] = (from->user ? USER_FRAME : KERNEL_FRAME) + i;
	return n;
}

/* Every second address is in a file. */
static bool made_up_build_id(void *ctx, u64 addr, u8 id[BPF_BUILD_ID_SIZE], u64 *offset)
{
	(void)ctx;
	memset(id, 0xab, BPF_BUILD_ID_SIZE);
	*offset = addr - USER_FRAME;
	return !(addr & 1);
}

static struct map *make_map(u32 value_size, u32 max, u32 flags)
{
	union bpf_attr attr;
	struct map *map = NULL;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_STACK_TRACE;
	attr.key_size = 4;
	attr.value_size = value_size;
	attr.max_entries = max;
	attr.map_flags = flags;
	if (map_create(host, &attr, NULL, &map, NULL))
		abort();
	return map;
}

static void begin(enum bpf_prog_type type)
{
	struct environment env;
	struct host_options opts;

	environment_init(&env);
	env.stack = made_up_stack;
	env.build_id = made_up_build_id;
	env.nr_cpus = 1;
	host_options_init(&opts);
	opts.env = &env;
	if (host_new(&opts, &host))
		abort();
	run_begin(&run, host);
	prog = (struct prog){.type = type};
	run.prog = &prog;
	frames = 4;
}

static void end(void)
{
	run_end(&run);
	host_free(host);
}

static void test_kept(void)
{
	struct map *map;
	u64 value[3];
	u32 key;

	begin(BPF_PROG_TYPE_RAW_TRACEPOINT);
	map = make_map(sizeof(value), 4, 0);
	key = (u32)helper_get_stackid(0, P(map), 1, 0, 0, &run);
	check(!asked.user && !asked.has_regs);
	check(key < 4);
	check_eq(map_user_lookup(map, &key, value, 0), 0);
	for (u32 i = 0; i < 3; i++)
		check_eq(value[i], KERNEL_FRAME + 1 + i);
	/* One that is shorter: what is left is zeros, and an id is of all of them. */
	frames = 2;
	key = (u32)helper_get_stackid(0, P(map), 1 | BPF_F_REUSE_STACKID, 0, 0, &run);
	check_eq(map_user_lookup(map, &key, value, 0), 0);
	check(value[0] == KERNEL_FRAME + 1 && !value[1] && !value[2]);
	check_eq(map_user_next_key(map, NULL, value), 0);
	check_eq(map_user_delete(map, &key), 0);
	check_eq(map_user_lookup(map, &key, value, 0), -ENOENT);
	object_put(&map->obj);
	end();
}

/* A map of one stack: all have the same id. */
static void test_collisions(void)
{
	struct map *map;

	begin(BPF_PROG_TYPE_RAW_TRACEPOINT);
	map = make_map(8, 1, 0);
	check_eq(helper_get_stackid(0, P(map), 0, 0, 0, &run), 0);
	check_eq(helper_get_stackid(0, P(map), 0, 0, 0, &run), 0);
	check_eq(helper_get_stackid(0, P(map), 1, 0, 0, &run), E(-EEXIST));
	check_eq(helper_get_stackid(0, P(map), 1 | BPF_F_FAST_STACK_CMP, 0, 0, &run), E(-EEXIST));
	check_eq(helper_get_stackid(0, P(map), 1 | BPF_F_REUSE_STACKID, 0, 0, &run), E(-ENOMEM));
	check_eq(map_user_delete(map, &(u32){0}), 0);
	check_eq(helper_get_stackid(0, P(map), 1, 0, 0, &run), 0);
	check_eq(helper_get_stackid(0, P(map), 4, 0, 0, &run), E(-EFAULT));
	object_put(&map->obj);
	end();
}

/* Registers are of the kernel or of user space; each knows nothing of the other's stack. */
static void test_registers(void)
{
	u64 regs[21] = {[4] = 44, [16] = 1616, [17] = 0x10}, ips[2];

	begin(BPF_PROG_TYPE_KPROBE);
	check_eq(helper_get_stack(P(regs), P(ips), sizeof(ips), 0, 0, &run), sizeof(ips));
	check(asked.has_regs && asked.ip == 1616 && asked.fp == 44 && !asked.user);
	check_eq(helper_get_stack(P(regs), P(ips), sizeof(ips), BPF_F_USER_STACK, 0, &run),
		 sizeof(ips));
	check(!asked.has_regs && asked.user);
	regs[17] = 0x33;
	check_eq(helper_get_stack(P(regs), P(ips), sizeof(ips), BPF_F_USER_STACK, 0, &run),
		 sizeof(ips));
	check(asked.has_regs && asked.user);
	check_eq(helper_get_stack(P(regs), P(ips), sizeof(ips), 0, 0, &run), 0);
	check(!ips[0] && !ips[1]);
	check_eq(helper_get_stack(P(regs), P(ips), sizeof(ips), 1, 0, &run), E(-EFAULT));
	end();
}

static void check_frame(const struct stack_build_id *frame, u64 at)
{
	u8 id[BPF_BUILD_ID_SIZE] = {0};

	if (!(at & 1))
		memset(id, 0xab, sizeof(id));
	check_eq(frame->status, at & 1 ? STACK_BUILD_ID_IP : STACK_BUILD_ID_VALID);
	check_eq(frame->offset, at & 1 ? USER_FRAME + at : at);
	check(!memcmp(frame->id, id, sizeof(id)));
}

static void test_build_ids(void)
{
	struct stack_build_id value[3];
	struct map *map;
	u32 key;

	begin(BPF_PROG_TYPE_RAW_TRACEPOINT);
	check_eq(helper_get_stack(0, P(value), sizeof(value),
				  BPF_F_USER_STACK | BPF_F_USER_BUILD_ID, 0, &run),
		 sizeof(value));
	for (u32 i = 0; i < 3; i++)
		check_frame(&value[i], i);
	map = make_map(sizeof(value), 1, BPF_F_STACK_BUILD_ID);
	key = (u32)helper_get_stackid(0, P(map), 1 | BPF_F_USER_STACK, 0, 0, &run);
	check_eq(key, 0);
	check_eq(map_user_lookup(map, &key, value, 0), 0);
	for (u32 i = 0; i < 3; i++)
		check_frame(&value[i], i + 1);
	/* Linux makes the build ids of the same stack in memory that a full map has not. */
	check_eq(helper_get_stackid(0, P(map), 1 | BPF_F_USER_STACK, 0, 0, &run), E(-ENOMEM));
	object_put(&map->obj);
	end();
}

/* The machine's own: this function is in a file that has a build id or is known to have none. */
static __attribute__((noinline)) void test_real(void)
{
	struct environment env;
	struct env_stack from = {.ip = 1};
	u8 id[BPF_BUILD_ID_SIZE];
	u64 ips[4], offset = 0;
	u64 frame[4] = {ptr_to_u64(frame + 2), 77, 1, 88};

	environment_init(&env);
	/* An address that is not in the stack is all that is known of it. */
	check_eq(env.stack(env.ctx, &from, ips, 4), 1);
	check_eq(ips[0], 1);
	from = (struct env_stack){.user = true};
	check_eq(env.stack(env.ctx, &from, ips, 4), 0);
	from = (struct env_stack){.user = true, .has_regs = true, .ip = 5, .fp = ptr_to_u64(frame)};
	check_eq(env.stack(env.ctx, &from, ips, 4), 3);
	check(ips[0] == 5 && ips[1] == 77 && ips[2] == 88);
	check_eq(env.stack(env.ctx, &from, ips, 2), 2);
	if (env.build_id(env.ctx, ptr_to_u64(test_real), id, &offset))
		check(offset > 0);
	check(!env.build_id(env.ctx, 16, id, &offset));
}

int main(void)
{
	run_test(test_kept);
	run_test(test_collisions);
	run_test(test_registers);
	run_test(test_build_ids);
	run_test(test_real);
	return tap_done();
}
