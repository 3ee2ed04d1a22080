/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values as rows of bytes, each of which is a number known now or a byte of
 * another value: what shifts, masks and "or" put together and take apart.
 */
#ifndef ANYBPF_JIT_PASS_BYTES_H
#define ANYBPF_JIT_PASS_BYTES_H

#include "jit/ir/ir.h"

struct value_bytes {
	ir_ref of[8]; /* 0: .byte is the byte itself, else which byte of that value (0: lowest) */
	u8 byte[8];
	/* A value between this one and what its bytes are of is used elsewhere as well. */
	bool shared;
};

struct bytes {
	struct ir_fn *fn;
	u32 ninsns; /* instructions from here on are of the pass's own making: no bytes, no places
		     */
	struct value_bytes **made; /* by instruction; NULL: its own bytes */
	/* Of loads: loads with the same epoch see the same memory, and their order in it. */
	u32 *epoch, *place;
	/*
	 * Of loads that others may write to meanwhile: another one stands for it, and
	 * whoever used this one again would read twice.
	 */
	bool *replaced;
};

/* ir_count_uses() must be current. 0 or -ENOMEM. */
int bytes_init(struct bytes *b, struct ir_fn *fn);
void bytes_free(struct bytes *b);

/* Notes what @ref is made of; operands must have been noted before. */
void bytes_note(struct bytes *b, ir_ref ref);
void bytes_of(const struct bytes *b, ir_ref ref, struct value_bytes *out);
/*
 * A value with the low @n bytes (2, 4, 8) as given and, if @exact, zeros above, made of one
 * shift, one load or one byte swap, or 0. A load is put where the last of those
 * that it stands for is, everything else before @before.
 */
ir_ref bytes_make(struct bytes *b, const struct value_bytes *v, u32 n, bool exact, ir_ref before);

#endif
