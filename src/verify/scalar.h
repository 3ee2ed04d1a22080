/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is known of a 64-bit number: a tnum and four intervals, signed and
 * unsigned, of the whole and of its low 32 bits. A value; all functions are
 * pure and sound, and as precise as Linux 6.12's, which decides what programs
 * are accepted. scalar_sync() carries knowledge between the five domains.
 */
#ifndef ANYBPF_VERIFY_SCALAR_H
#define ANYBPF_VERIFY_SCALAR_H

#include "verify/tnum.h"

struct scalar {
	struct tnum var_off;
	s64 smin, smax;
	u64 umin, umax;
	s32 s32_min, s32_max;
	u32 u32_min, u32_max;
};

struct scalar scalar_unknown(void);
struct scalar scalar_const(u64 value);
bool scalar_is_const(const struct scalar *a);

/* Deduces each domain from the others, to Linux's precision. */
void scalar_sync(struct scalar *a);
/* False when a domain is empty or they contradict each other: no such value exists. */
bool scalar_valid(const struct scalar *a);
/* Whether every value that @b allows is allowed by @a: for comparing states. */
bool scalar_contains(const struct scalar *a, const struct scalar *b);
bool scalar_equal(const struct scalar *a, const struct scalar *b);

/*
 * One ALU instruction's effect. @op is BPF_OP() of the opcode, @is64 its
 * class; @off is the instruction's (signed division and modulo). For 32-bit
 * operations the result is zero-extended. Division by zero gives 0, modulo by
 * zero the dividend, shifts are masked, as RFC 9669 has it. BPF_MOV and
 * BPF_END are not here.
 */
struct scalar scalar_alu(u8 op, bool is64, s16 off, struct scalar dst, struct scalar src);
struct scalar scalar_neg(bool is64, struct scalar a);
/* Zero- or sign-extended from the low @size bytes (1, 2, 4); sign extension to 64 or 32 bits. */
struct scalar scalar_zext(struct scalar a, u8 size);
struct scalar scalar_sext(struct scalar a, u8 size, bool is64);
/* BPF_END of @bits (16, 32, 64): a swap or, where it is none on a little-endian target, a truncation. */
struct scalar scalar_bswap(struct scalar a, u8 bits, bool swaps);

/*
 * Whether `dst op src` is decided: 1 always true, 0 never, -1 not known.
 * @op is BPF_JEQ ... BPF_JSET; @is64 false for BPF_JMP32.
 */
int scalar_branch(u8 op, bool is64, const struct scalar *dst, const struct scalar *src);
/*
 * Narrows both sides by the fact that `dst op src` holds (@taken) or not.
 * False when that is impossible; the values are then meaningless.
 */
bool scalar_refine(u8 op, bool is64, bool taken, struct scalar *dst, struct scalar *src);

#endif
