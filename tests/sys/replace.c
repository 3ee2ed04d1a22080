/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Eight threads run programs whose targets of tail calls, and which
 * themselves, are replaced and freed under them all the time. Each program tells
 * its slot and version and counts its runs in a map: a run that ends in machine
 * code which is not whole, not there any more or another's shows in both.
 */
#include "tap.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "hook/hook.h"
#include "jit/jit.h"
#include "sys/engine.h"

#define RUNNERS	 8
#define CHANGERS 2
#define SLOTS	 8
#define ROUNDS	 150
#define MISSED	 0x1000000 /* the slot was empty */
#define PACKET	 64

static struct engine *engine;
static int array, counts;
static _Atomic int entry;   /* fd of the program that is run now */
static _Atomic u32 entries; /* how many there have been */
static _Atomic bool stop;
static _Atomic u64 hits, wrong, gone;
static _Atomic u32 version;

#define RAW(c, d, s, o, i)                                                                         \
	((struct bpf_insn){.code = (u8)(c),                                                        \
			   .dst_reg = (d)&0xf,                                                     \
			   .src_reg = (s)&0xf,                                                     \
			   .off = (s16)(o),                                                        \
			   .imm = (s32)(i)})

struct code {
	struct bpf_insn insns[512];
	u32 n;
};

static void put(struct code *code, struct bpf_insn insn)
{
	code->insns[code->n++] = insn;
}

static void put_map(struct code *code, u32 reg, u32 kind, int fd)
{
	put(code, RAW(BPF_LD | BPF_IMM | BPF_DW, reg, kind, 0, fd));
	put(code, RAW(0, 0, 0, 0, 0));
}

static int call(enum bpf_cmd cmd, union bpf_attr *attr)
{
	return engine_bpf(engine, cmd, attr, sizeof(*attr));
}

static int make_map(enum bpf_map_type type, u32 value_size, u32 max)
{
	union bpf_attr attr = {0};

	attr.map_type = type;
	attr.key_size = 4;
	attr.value_size = value_size;
	attr.max_entries = max;
	return call(BPF_MAP_CREATE, &attr);
}

static int load(const struct code *code)
{
	union bpf_attr attr = {0};

	attr.prog_type = BPF_PROG_TYPE_XDP;
	attr.insns = ptr_to_u64(code->insns);
	attr.insn_cnt = code->n;
	attr.license = ptr_to_u64("GPL");
	return call(BPF_PROG_LOAD, &attr);
}

/* So that no two programs are alike in size and constants; adds nothing to r0 in the end. */
static void put_filler(struct code *code, u32 v)
{
	for (u32 i = 0; i < v % 97; i++)
		put(code, RAW(BPF_ALU64 | BPF_XOR | BPF_K, 7, 0, 0, v + i));
	for (u32 i = 0; i < v % 97; i++)
		put(code, RAW(BPF_ALU64 | BPF_XOR | BPF_K, 7, 0, 0, v + i));
}

/* counts[slot]++; r0 = version * SLOTS + slot, by way of a function. */
static int load_target(u32 slot, u32 v)
{
	struct code code = {.n = 0};
	u32 call_at;

	put(&code,
	    RAW(BPF_LDX | BPF_MEM | BPF_W, 7, 1, offsetof(struct xdp_md, rx_queue_index), 0));
	put_filler(&code, v);
	put_map(&code, 1, BPF_PSEUDO_MAP_FD, counts);
	put(&code, RAW(BPF_ST | BPF_MEM | BPF_W, 10, 0, -4, slot));
	put(&code, RAW(BPF_ALU64 | BPF_MOV | BPF_X, 2, 10, 0, 0));
	put(&code, RAW(BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, -4));
	put(&code, RAW(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_lookup_elem));
	put(&code, RAW(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 5, 0));
	put(&code, RAW(BPF_ALU64 | BPF_MOV | BPF_K, 1, 0, 0, 1));
	put(&code, RAW(BPF_STX | BPF_ATOMIC | BPF_DW, 0, 1, 0, BPF_ADD));
	call_at = code.n;
	put(&code, RAW(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, 0));
	put(&code, RAW(BPF_ALU64 | BPF_ADD | BPF_X, 0, 7, 0, 0));
	put(&code, RAW(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
	put(&code, RAW(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, -1));
	put(&code, RAW(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
	code.insns[call_at].imm = (s32)(code.n - call_at - 1);
	put(&code, RAW(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, v));
	put(&code, RAW(BPF_ALU64 | BPF_MUL | BPF_K, 0, 0, 0, SLOTS));
	put(&code, RAW(BPF_ALU64 | BPF_ADD | BPF_K, 0, 0, 0, slot));
	put(&code, RAW(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
	return load(&code);
}

static void put_tail_call(struct code *code)
{
	put_map(code, 2, BPF_PSEUDO_MAP_FD, array);
	put(code, RAW(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_tail_call));
}

/* The slot in r3 by a tail call for each: the compiler knows where the target's address is. */
static void put_ladder(struct code *code)
{
	put(code, RAW(BPF_ALU64 | BPF_MOV | BPF_X, 8, 3, 0, 0));
	for (u32 slot = 0; slot < SLOTS; slot++) {
		put(code, RAW(BPF_JMP | BPF_JNE | BPF_K, 8, 0, 5, slot));
		put(code, RAW(BPF_ALU64 | BPF_MOV | BPF_X, 1, 6, 0, 0));
		put(code, RAW(BPF_ALU64 | BPF_MOV | BPF_K, 3, 0, 0, slot));
		put_tail_call(code);
	}
}

/* Goes on to the slot that the packet's first byte names. */
static int load_entry(u32 v)
{
	struct code code = {.n = 0};

	put(&code, RAW(BPF_ALU64 | BPF_MOV | BPF_X, 6, 1, 0, 0));
	put(&code, RAW(BPF_LDX | BPF_MEM | BPF_W, 2, 1, offsetof(struct xdp_md, data), 0));
	put(&code, RAW(BPF_LDX | BPF_MEM | BPF_W, 4, 1, offsetof(struct xdp_md, data_end), 0));
	put(&code, RAW(BPF_ALU64 | BPF_MOV | BPF_X, 5, 2, 0, 0));
	put(&code, RAW(BPF_ALU64 | BPF_ADD | BPF_K, 5, 0, 0, 1));
	put(&code, RAW(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, -1));
	put(&code, RAW(BPF_JMP | BPF_JLE | BPF_X, 5, 4, 1, 0));
	put(&code, RAW(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
	put(&code, RAW(BPF_LDX | BPF_MEM | BPF_B, 3, 2, 0, 0));
	put(&code, RAW(BPF_ALU64 | BPF_MOV | BPF_K, 7, 0, 0, 0));
	put_filler(&code, v);
	if (v % 2)
		put_ladder(&code);
	else
		put_tail_call(&code);
	put(&code, RAW(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, MISSED));
	put(&code, RAW(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
	return load(&code);
}

/* ---- threads ---- */

/* @sure: the fd was the entry's all the time; once closed its number may be any program's. */
static void judge(const struct hook_frame *frame, u32 slot, bool sure)
{
	if (frame->verdict == MISSED)
		return;
	atomic_fetch_add(&hits, 1);
	if ((sure && frame->verdict % SLOTS != slot) ||
	    frame->verdict / SLOTS > atomic_load(&version))
		atomic_fetch_add(&wrong, 1);
}

static void *run_thread(void *arg)
{
	u8 buf[SLOTS][PACKET] = {{0}};
	u32 first = (u32)(uintptr_t)arg;

	while (!atomic_load(&stop)) {
		struct hook_frame frames[SLOTS];
		u32 before = atomic_load(&entries);
		int err;

		for (u32 i = 0; i < SLOTS; i++) {
			frames[i] =
				(struct hook_frame){.buf = buf[i], .size = PACKET, .len = PACKET};
			buf[i][0] = (u8)((first + i) % SLOTS);
		}
		err = engine->ops->run_frames(engine, atomic_load(&entry), frames, SLOTS, NULL);
		if (err == -EBADF || err == -EINVAL) { /* just closed */
			atomic_fetch_add(&gone, 1);
			continue;
		}
		if (err)
			atomic_fetch_add(&wrong, 1);
		for (u32 i = 0; i < SLOTS && !err; i++)
			judge(&frames[i], (first + i) % SLOTS, atomic_load(&entries) == before);
	}
	return NULL;
}

static void change_slot(u32 slot, bool clear)
{
	union bpf_attr attr = {0};
	u32 v = atomic_fetch_add(&version, 1) + 1;
	int fd = clear ? -1 : load_target(slot, v);

	attr.map_fd = (u32)array;
	attr.key = ptr_to_u64(&slot);
	attr.value = ptr_to_u64(&fd);
	if (clear) /* by now it may be empty */
		call(BPF_MAP_DELETE_ELEM, &attr);
	else if (fd < 0 || call(BPF_MAP_UPDATE_ELEM, &attr))
		atomic_fetch_add(&wrong, 1);
	if (fd >= 0)
		engine->ops->close(engine, fd);
}

static void change_entry(u32 v)
{
	int fd = load_entry(v), old;

	if (fd < 0) {
		atomic_fetch_add(&wrong, 1);
		return;
	}
	atomic_fetch_add(&entries, 1);
	old = atomic_exchange(&entry, fd);
	engine->ops->close(engine, old);
}

static void *change_thread(void *arg)
{
	u32 state = 7 + (u32)(uintptr_t)arg;

	for (u32 i = 0; i < ROUNDS; i++) {
		state = state * 1103515245 + 12345;
		change_slot(state >> 16 & (SLOTS - 1), !(state >> 24 & 3));
		if (!(i % 8))
			change_entry(i / 8 + (state >> 20 & 0xfe));
	}
	return NULL;
}

static bool has_code(int prog)
{
	struct bpf_prog_info info = {0};
	union bpf_attr attr = {0};

	attr.info.bpf_fd = (u32)prog;
	attr.info.info = ptr_to_u64(&info);
	attr.info.info_len = sizeof(info);
	return !call(BPF_OBJ_GET_INFO_BY_FD, &attr) && info.jited_prog_len;
}

static u64 counted(void)
{
	u64 sum = 0;

	for (u32 key = 0; key < SLOTS; key++) {
		union bpf_attr attr = {0};
		u64 value = 0;

		attr.map_fd = (u32)counts;
		attr.key = ptr_to_u64(&key);
		attr.value = ptr_to_u64(&value);
		check_eq(call(BPF_MAP_LOOKUP_ELEM, &attr), 0);
		sum += value;
	}
	return sum;
}

static void test_replace(void)
{
	pthread_t runners[RUNNERS], changers[CHANGERS];

	array = make_map(BPF_MAP_TYPE_PROG_ARRAY, 4, SLOTS);
	counts = make_map(BPF_MAP_TYPE_ARRAY, 8, SLOTS);
	entry = load_entry(0);
	check(array >= 0 && counts >= 0 && entry >= 0);
	check_eq(has_code(entry), jit_present());
	for (uintptr_t i = 0; i < RUNNERS; i++)
		pthread_create(&runners[i], NULL, run_thread, (void *)i);
	for (uintptr_t i = 0; i < CHANGERS; i++)
		pthread_create(&changers[i], NULL, change_thread, (void *)i);
	for (u32 i = 0; i < CHANGERS; i++)
		pthread_join(changers[i], NULL);
	atomic_store(&stop, true);
	for (u32 i = 0; i < RUNNERS; i++)
		pthread_join(runners[i], NULL);
	check_eq(wrong, 0);
	check(hits > 0);
	check_eq(counted(), hits);
	printf("# %" PRIu64 " tail calls, %u programs, %" PRIu64 " runs of programs just closed\n",
	       (u64)hits, (u32)version, (u64)gone);
}

int main(void)
{
	struct host *host;

	if (host_new(NULL, &host) || engine_user_new(host, &engine))
		return 1;
	run_test(test_replace);
	engine_free(engine);
	return tap_done();
}
