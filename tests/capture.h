/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A captured PROG_LOAD: a program with all that its verdict depends on, in one
 * piece of bytes: BTF, maps, frozen contents, records. What a loader did is
 * captured on its way to the engine and can be loaded again anywhere, as it
 * was or mutated.
 *
 *	struct capture_head | BTF | struct capture_map and its frozen value, each
 *	| instructions | func_info | line_info
 *
 * Map references name maps by their position. Parts are padded to 8 bytes.
 */
#ifndef ANYBPF_TESTS_CAPTURE_H
#define ANYBPF_TESTS_CAPTURE_H

#include "base/buf.h"
#include "sys/engine.h"

#define CAPTURE_MAGIC	 0x31706163 /* "cap1" */
#define CAPTURE_MAPS	 64
#define CAPTURE_NO_INNER UINT32_MAX

struct capture_head {
	u32 magic;
	u32 type, attach_type, attach_btf_id, flags;
	u32 btf_size, map_cnt, insn_cnt, func_cnt, line_cnt;
	u8 name[BPF_OBJ_NAME_LEN];
	u32 gpl, reserved;
};

struct capture_map {
	u32 type, key_size, value_size, max_entries, flags;
	u32 key_type, value_type, vmlinux_type; /* BTF ids */
	u64 extra;
	u32 inner;	 /* position of the model of what it holds */
	u32 value_bytes; /* of a frozen array's only value, which follow */
	u8 name[BPF_OBJ_NAME_LEN];
};

/* ---- capturing ---- */

/*
 * An engine that passes everything on to @engine, which it frees with itself,
 * and writes each PROG_LOAD, whatever its answer, into a file of @dir. NULL
 * without memory.
 */
struct engine *capture_engine(struct engine *engine, const char *dir);

/* ---- loading again ---- */

/*
 * Loads it on @engine, with all that it needs, and closes everything but the
 * program: its descriptor or what PROG_LOAD or an earlier call answered.
 * Bytes that are no capture give -EBADMSG. @log may be NULL.
 */
int capture_load(struct engine *engine, const u8 *data, size_t size, char *log, u32 log_size);
/* The instructions in a capture, to be changed in place; 0 when it is none. */
u32 capture_insns(u8 *data, size_t size, struct bpf_insn **insns);

#endif
