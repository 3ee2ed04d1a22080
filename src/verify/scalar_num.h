/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scalar domain at any even width from 4 to 64 bits. Linux's rules are
 * about a number and its lower half and hold at any width; written this way
 * there is one rule where there would be two (32 and 64 bit), and the tests
 * prove at 8 bits, over all values, what the verifier uses at 64. scalar.c
 * is the only user outside the tests.
 *
 * Bit patterns (umin, umax, tnum) are zero-extended to 64 bits from the width
 * that they describe, signed bounds sign-extended.
 */
#ifndef ANYBPF_VERIFY_SCALAR_NUM_H
#define ANYBPF_VERIFY_SCALAR_NUM_H

#include "verify/tnum.h"

/* What is known of a number of n bits, as unsigned and as signed. */
struct range {
	u64 umin, umax;
	s64 smin, smax;
};

/* What is known of a number: its bits, its range and that of its lower half. */
struct num {
	struct tnum bits;
	struct range full, half;
};

static inline u64 width_mask(u8 n)
{
	return UINT64_MAX >> (64 - n);
}

static inline s64 width_smin(u8 n)
{
	return INT64_MIN >> (64 - n);
}

static inline s64 width_smax(u8 n)
{
	return INT64_MAX >> (64 - n);
}

/* The low @n bits as a signed number. */
static inline s64 width_sext(u64 v, u8 n)
{
	return (s64)(v << (64 - n)) >> (64 - n);
}

static inline struct tnum tnum_low(struct tnum a, u8 n)
{
	return (struct tnum){.value = a.value & width_mask(n), .mask = a.mask & width_mask(n)};
}

struct range range_unknown(u8 n);
struct range range_const(u64 v, u8 n);
/* Both signed and unsigned, from a range of bit patterns; unknown as signed if it has both signs.
 */
struct range range_unsigned(u64 umin, u64 umax, u8 n);
/* Narrowing: what holds of @r and of the argument. */
void range_meet_unsigned(struct range *r, u64 umin, u64 umax);
void range_meet_signed(struct range *r, s64 smin, s64 smax);
void range_meet_tnum(struct range *r, struct tnum bits, u8 n);
/* Carries knowledge between signed and unsigned. */
void range_meet_signs(struct range *r, u8 n);
bool range_is_const(const struct range *r);
bool range_valid(const struct range *r);
bool range_contains(const struct range *a, const struct range *b);

struct range range_add(struct range a, struct range b, u8 n);
struct range range_sub(struct range a, struct range b, u8 n);
struct range range_mul(struct range a, struct range b, u8 n);
struct range range_lsh(struct range a, u8 shift, u8 n);
struct range range_rsh(struct range a, u8 shift, u8 n);
struct range range_arsh(struct range a, u8 shift, u8 n);

/* @w below is the width of the whole number; its half has w / 2 bits. */
struct num num_unknown(u8 w);
struct num num_const(u64 v, u8 w);
void num_sync(struct num *a, u8 w);
bool num_valid(const struct num *a, u8 w);

/* @is_full: an operation on the whole number, else on the lower halves, zero-extended. */
struct num num_alu(u8 op, bool is_full, const struct num *a, const struct num *b, u8 w);
/* A sum, difference or product (BPF_ADD, BPF_SUB, BPF_MUL) before num_sync(). */
struct num num_arith(u8 op, const struct num *a, const struct num *b, u8 w);
/* See scalar_split(). */
bool num_split(u8 op, const struct num *a, const struct num *b, struct num *zero, struct num *ones,
	       u8 w);
/* A move of the lower half, zero-extended. */
struct num num_mov_half(const struct num *a, u8 w);
/* From the low @n bits of the number, at most half of them; of the half's if not @is_full. */
struct num num_zext(const struct num *a, u8 n, u8 w);
struct num num_sext(const struct num *a, u8 n, bool is_full, u8 w);

int num_branch(u8 op, bool is_full, const struct num *a, const struct num *b, u8 w);
bool num_refine(u8 op, bool is_full, bool taken, struct num *a, struct num *b, u8 w);

#endif
