/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tristate numbers: 64 bits, each 0, 1 or unknown. A value; all functions are
 * pure and sound: the result contains op(x, y) for all x in a and y in b.
 */
#ifndef ANYBPF_VERIFY_TNUM_H
#define ANYBPF_VERIFY_TNUM_H

#include "base/types.h"

struct tnum {
	u64 value; /* the known ones; zero where mask is one */
	u64 mask;  /* the unknown bits */
};

#define TNUM_UNKNOWN ((struct tnum){.value = 0, .mask = UINT64_MAX})

struct tnum tnum_const(u64 value);
/* The smallest tnum that contains min..max, or both numbers when min > max. */
struct tnum tnum_range(u64 min, u64 max);
struct tnum tnum_lsh(struct tnum a, u8 shift);
struct tnum tnum_rsh(struct tnum a, u8 shift);
/* Arithmetic, of the low @bits (32 or 64) bits. */
struct tnum tnum_arsh(struct tnum a, u8 shift, u8 bits);
struct tnum tnum_add(struct tnum a, struct tnum b);
struct tnum tnum_sub(struct tnum a, struct tnum b);
struct tnum tnum_neg(struct tnum a);
struct tnum tnum_and(struct tnum a, struct tnum b);
struct tnum tnum_or(struct tnum a, struct tnum b);
struct tnum tnum_xor(struct tnum a, struct tnum b);
struct tnum tnum_mul(struct tnum a, struct tnum b);
/* Both hold; meaningless when they share no value. */
struct tnum tnum_intersect(struct tnum a, struct tnum b);
/* Either holds. */
struct tnum tnum_union(struct tnum a, struct tnum b);
/* Zero-extended from the low @size bytes. */
struct tnum tnum_cast(struct tnum a, u8 size);
struct tnum tnum_subreg(struct tnum a);
/* @reg with its low 32 bits replaced by those of @subreg. */
struct tnum tnum_with_subreg(struct tnum reg, struct tnum subreg);
bool tnum_is_const(struct tnum a);
bool tnum_is_aligned(struct tnum a, u64 size);
/* Whether every value of @b is one of @a. */
bool tnum_in(struct tnum a, struct tnum b);
bool tnum_overlap(struct tnum a, struct tnum b);

#endif
