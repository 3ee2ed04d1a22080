/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs run, and tail-call others, while threads load those, put them into
 * the array, take them out, close their handles and look at everything. With
 * sanitizers this shows what is let go too early; without, that nothing hangs.
 */
#include "tap.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "hook/hook.h"
#include "sys/engine.h"

#define ROUNDS	    400
#define SLOTS	    4
#define XDP_DEFAULT 77

static struct engine *engine;
static int array, entry;
static _Atomic bool stop;
static _Atomic u32 wrong, runs;

#define RAW(c, d, s, o, i)                                                                         \
	{                                                                                          \
		.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i)                \
	}

static int call(enum bpf_cmd cmd, union bpf_attr *attr)
{
	return engine_bpf(engine, cmd, attr, sizeof(*attr));
}

static int load(const struct bpf_insn *insns, u32 cnt)
{
	union bpf_attr attr = {0};

	attr.prog_type = BPF_PROG_TYPE_XDP;
	attr.insns = ptr_to_u64(insns);
	attr.insn_cnt = cnt;
	attr.license = ptr_to_u64("GPL");
	return call(BPF_PROG_LOAD, &attr);
}

static int make_array(void)
{
	union bpf_attr attr = {0};

	attr.map_type = BPF_MAP_TYPE_PROG_ARRAY;
	attr.key_size = 4;
	attr.value_size = 4;
	attr.max_entries = SLOTS;
	return call(BPF_MAP_CREATE, &attr);
}

/* Jumps to slot @slot; else XDP_DEFAULT. */
static int load_jump(u32 slot)
{
	const struct bpf_insn insns[] = {
		RAW(BPF_LD | BPF_IMM | BPF_DW, 2, BPF_PSEUDO_MAP_FD, 0, array),
		{0},
		RAW(BPF_ALU64 | BPF_MOV | BPF_K, 3, 0, 0, (s32)slot),
		RAW(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_tail_call),
		RAW(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, XDP_DEFAULT),
		RAW(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};

	return load(insns, ARRAY_SIZE(insns));
}

static int put_slot(u32 slot, int prog)
{
	union bpf_attr attr = {0};
	u32 value = (u32)prog;

	attr.map_fd = (u32)array;
	attr.key = ptr_to_u64(&slot);
	attr.value = ptr_to_u64(&value);
	return call(BPF_MAP_UPDATE_ELEM, &attr);
}

static int clear_slot(u32 slot)
{
	union bpf_attr attr = {0};

	attr.map_fd = (u32)array;
	attr.key = ptr_to_u64(&slot);
	return call(BPF_MAP_DELETE_ELEM, &attr);
}

static void *run_thread(void *arg __unused)
{
	u8 buf[64] = {0};

	while (!atomic_load(&stop)) {
		struct hook_frame frames[16];

		for (u32 i = 0; i < ARRAY_SIZE(frames); i++)
			frames[i] = (struct hook_frame){.buf = buf, .size = 64, .len = 64};
		if (engine->ops->run_frames(engine, entry, frames, ARRAY_SIZE(frames), NULL))
			atomic_fetch_add(&wrong, 1);
		for (u32 i = 0; i < ARRAY_SIZE(frames); i++)
			if (frames[i].verdict != XDP_DEFAULT)
				atomic_fetch_add(&wrong, 1);
		atomic_fetch_add(&runs, 1);
	}
	return NULL;
}

/* Each slot's program jumps on to the next one, also round and round. */
static void *change_thread(void *arg)
{
	u32 state = (u32)(uintptr_t)arg;

	for (u32 i = 0; i < ROUNDS; i++) {
		u32 slot = (state = state * 1103515245 + 12345) >> 16 & (SLOTS - 1);
		int prog = load_jump((slot + 1) & (SLOTS - 1));

		if (prog < 0 || put_slot(slot, prog))
			atomic_fetch_add(&wrong, 1);
		engine->ops->close(engine, prog);
		if (i % 3 == 0)
			clear_slot(slot);
	}
	return NULL;
}

static void *look_thread(void *arg __unused)
{
	while (!atomic_load(&stop)) {
		struct bpf_prog_info info;
		union bpf_attr attr = {0};
		u32 id = 0;
		int fd;

		while (!call(BPF_PROG_GET_NEXT_ID, &attr)) {
			id = attr.next_id;
			memset(&attr, 0, sizeof(attr));
			attr.prog_id = id;
			fd = call(BPF_PROG_GET_FD_BY_ID, &attr);
			if (fd < 0 && fd != -ENOENT)
				atomic_fetch_add(&wrong, 1);
			memset(&attr, 0, sizeof(attr));
			memset(&info, 0, sizeof(info));
			attr.info.bpf_fd = (u32)fd;
			attr.info.info = ptr_to_u64(&info);
			attr.info.info_len = sizeof(info);
			if (fd >= 0 && (call(BPF_OBJ_GET_INFO_BY_FD, &attr) || info.id != id))
				atomic_fetch_add(&wrong, 1);
			if (fd >= 0)
				engine->ops->close(engine, fd);
			memset(&attr, 0, sizeof(attr));
			attr.start_id = id;
		}
	}
	return NULL;
}

static void test_threads(bool interpret)
{
	pthread_t run[2], change[2], look;
	struct host_options opts;
	struct host *host;

	host_options_init(&opts);
	opts.interpret = interpret;
	if (host_new(&opts, &host) || engine_user_new(host, &engine))
		abort();
	array = make_array();
	entry = load_jump(0);
	check(array >= 0 && entry >= 0);
	stop = false;
	wrong = runs = 0;
	for (uintptr_t i = 0; i < 2; i++) {
		pthread_create(&run[i], NULL, run_thread, NULL);
		pthread_create(&change[i], NULL, change_thread, (void *)(i + 1));
	}
	pthread_create(&look, NULL, look_thread, NULL);
	for (u32 i = 0; i < 2; i++)
		pthread_join(change[i], NULL);
	atomic_store(&stop, true);
	for (u32 i = 0; i < 2; i++)
		pthread_join(run[i], NULL);
	pthread_join(look, NULL);
	check_eq(wrong, 0);
	check(runs > 0);
	engine_free(engine);
}

static void test_compiled(void)
{
	test_threads(false);
}

static void test_interpreted(void)
{
	test_threads(true);
}

int main(void)
{
	run_test(test_compiled);
	run_test(test_interpreted);
	return tap_done();
}
