/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unwind information of machine code, as .eh_frame has it (System V ABI,
 * Linux Standard Base): exact at every instruction, so that profilers and
 * debuggers may stop anywhere.
 *
 * There are no frame pointers on x86-64: rbp is a register like others, which
 * programs need more than profilers do. On arm64, where x29 is free, functions
 * that call have frame records.
 */
#ifndef ANYBPF_JIT_REPORT_EH_FRAME_H
#define ANYBPF_JIT_REPORT_EH_FRAME_H

#include "base/buf.h"
#include "jit/image.h"
#include "jit/target.h"

/* What a description is for, and how addresses are written in it. */
struct eh_frame {
	const struct jit_target *target;
	const struct jit_frame *frames; /* of all functions, by offset */
	u32 frame_cnt;
	u64 code;      /* address that offsets count from */
	bool relative; /* to where the section stands: .at bytes behind .code */
	u64 at;
};

/*
 * Appends the section's bytes: functions @funcs and an end mark. Where .relative
 * is set, @out must be empty. Out of memory is @out's.
 */
void eh_frame_put(struct buf *out, const struct eh_frame *frame, const struct jit_func *funcs,
		  u32 cnt);
/*
 * Appends .eh_frame_hdr for one function's section of @size bytes, which stands
 * right before it; both relative.
 */
void eh_frame_hdr_put(struct buf *out, const struct eh_frame *frame, const struct jit_func *func,
		      size_t size);

/* At most so many bytes are both of a function, and where they have to start. */
size_t eh_frame_most(const struct jit_frame *frames, u32 cnt, const struct jit_func *func);

#endif
