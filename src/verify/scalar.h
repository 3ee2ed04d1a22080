/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is known of a 64-bit number: a tnum and four intervals, signed and
 * unsigned, of the whole and of its low 32 bits. A value; all functions are
 * pure and sound, and as precise as Linux 6.12's, which decides what programs
 * are accepted. scalar_sync() carries knowledge between the five domains.
 */
#ifndef ANYBPF_VERIFY_SCALAR_H
#define ANYBPF_VERIFY_SCALAR_H

#include "base/buf.h"
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
/*
 * What Linux finds wrong with it, in its words, or NULL. Less than
 * !scalar_valid(): where it finds nothing, Linux goes on with such a number.
 */
const char *scalar_contradiction(const struct scalar *a);
/* Whether every value that @b allows is allowed by @a: for comparing states. */
bool scalar_contains(const struct scalar *a, const struct scalar *b);
bool scalar_equal(const struct scalar *a, const struct scalar *b);

/*
 * One ALU instruction's effect. @op is BPF_OP() of the opcode, @is64 its
 * class; @off is the instruction's (signed division and modulo). For 32-bit
 * operations the result is zero-extended. Division by zero gives 0, modulo by
 * zero the dividend, shifts are masked, as RFC 9669 has it. BPF_MOV and
 * BPF_END are not here. As in Linux 6.12 nothing is known of the result of
 * BPF_DIV and BPF_MOD, of shifts by an unknown distance, of negation and of
 * BPF_END, constant operands included, not even that its upper half is zero.
 */
struct scalar scalar_alu(u8 op, bool is64, s16 off, struct scalar dst, struct scalar src);
struct scalar scalar_neg(bool is64, struct scalar a);
/*
 * Linux follows `x & K` and `x | K` as two paths where x, or its low half, is
 * known to be -1 or 0, as after an arithmetic shift by all bits but one: so
 * masks made of a sign bit keep their meaning. Whether it does; then @zero
 * and @ones are what x is on either path, before the instruction: Linux first
 * goes on with @ones and comes back to the instruction itself with @zero.
 */
bool scalar_split(u8 op, const struct scalar *dst, const struct scalar *src, struct scalar *zero,
		  struct scalar *ones);
/*
 * A number at a known distance from @a, for registers linked by an addition.
 * Not in sync: Linux 6.12 leaves that to the next operation.
 */
struct scalar scalar_at_distance(const struct scalar *a, s32 distance);

/* A 32-bit move: what is known of the low 32 bits, zero-extended. */
struct scalar scalar_mov32(struct scalar a);
/*
 * Zero- or sign-extended from the low @size bytes (1, 2, 4), as loads and
 * moves do; sign extension to 64 or 32 bits, then zero-extended. Of a size of
 * 4 scalar_zext() starts from the 64-bit bounds and scalar_mov32() from the
 * 32-bit ones, which can differ a little, in Linux and hence here.
 */
struct scalar scalar_zext(struct scalar a, u8 size);
struct scalar scalar_sext(struct scalar a, u8 size, bool is64);
/* BPF_END of @bits (16, 32, 64): a swap or, where it is none on a little-endian target, a
 * truncation. */
struct scalar scalar_bswap(struct scalar a, u8 bits, bool swaps);

/*
 * Whether `dst op src` is decided: 1 always true, 0 never, -1 not known.
 * @op is BPF_JEQ ... BPF_JSET; @is64 false for BPF_JMP32.
 */
int scalar_branch(u8 op, bool is64, const struct scalar *dst, const struct scalar *src);
/*
 * Narrows both sides by the fact that `dst op src` holds (@taken) or not.
 * False when that is impossible; the values are then meaningless. (Linux 6.12
 * goes on with such a branch, with scalar_forget_ranges() of each side that is
 * no longer scalar_valid().) @dst and @src may be one: a number that is
 * compared with itself loses its ends where the outcome is impossible.
 */
bool scalar_refine(u8 op, bool is64, bool taken, struct scalar *dst, struct scalar *src);
/* Keeps the known bits and forgets the four intervals. */
void scalar_forget_ranges(struct scalar *a);

/*
 * The verifier log's forms. scalar_print() prints what stands between the
 * parentheses, "smin=0,smax=umax=255,var_off=(0x0; 0xff)", of a constant
 * "imm=5" or for 0 nothing, as for pointers; each item is preceded by a comma,
 * the first by @sep. A constant that is not a pointer's offset stands in the
 * log without parentheses, by scalar_print_s64().
 */
void scalar_print(const struct scalar *a, const char *sep, struct buf *out);
/* Decimal when it fits 16 bits, else hexadecimal. */
void scalar_print_s64(s64 v, struct buf *out);
void scalar_print_u64(u64 v, struct buf *out);
/* "(value; mask)" or the constant. */
void scalar_print_tnum(struct tnum a, struct buf *out);

#endif
