/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What single instructions mean where C's operators say something else or
 * nothing: division (RFC 9669 section 4.1), sign extension, byte order,
 * atomics (section 5.3). Pure functions of registers and memory.
 */
#ifndef ANYBPF_INTERP_SEMANTICS_H
#define ANYBPF_INTERP_SEMANTICS_H

#include "base/bytes.h"
#include "isa/uapi.h"

/*
 * Memory of programs, which other threads may write as they please: that is
 * the programs' own affair, and no race of ours.
 */
#define PROGRAM_ACCESS(bits)                                                                       \
	__attribute__((no_sanitize("thread"))) static inline u##bits program_load##bits(           \
		const void *p)                                                                     \
	{                                                                                          \
		u##bits v;                                                                         \
		__builtin_memcpy(&v, p, sizeof(v));                                                \
		return v;                                                                          \
	}                                                                                          \
	__attribute__((no_sanitize("thread"))) static inline void program_store##bits(void *p,     \
										      u##bits v)   \
	{                                                                                          \
		__builtin_memcpy(p, &v, sizeof(v));                                                \
	}
PROGRAM_ACCESS(8)
PROGRAM_ACCESS(16)
PROGRAM_ACCESS(32)
PROGRAM_ACCESS(64)
#undef PROGRAM_ACCESS

/* Division by zero gives 0; the smallest number divided by -1 is itself. @off 1: signed. */
static inline u64 div64(u64 a, u64 b, s16 off)
{
	if (!b)
		return 0;
	if (!off)
		return a / b;
	return b == ~0ull ? 0 - a : (u64)((s64)a / (s64)b);
}

static inline u32 div32(u32 a, u32 b, s16 off)
{
	if (!b)
		return 0;
	if (!off)
		return a / b;
	return b == ~0u ? 0 - a : (u32)((s32)a / (s32)b);
}

/* Modulo zero leaves the number as it is. */
static inline u64 mod64(u64 a, u64 b, s16 off)
{
	if (!b)
		return a;
	if (!off)
		return a % b;
	return b == ~0ull ? 0 : (u64)((s64)a % (s64)b);
}

static inline u32 mod32(u32 a, u32 b, s16 off)
{
	if (!b)
		return a;
	if (!off)
		return a % b;
	return b == ~0u ? 0 : (u32)((s32)a % (s32)b);
}

/* A move that extends the sign of the low @bits; 0: all of them. */
static inline u64 move_sx(u64 v, s16 bits)
{
	switch (bits) {
	case 8:
		return (u64)(s64)(s8)v;
	case 16:
		return (u64)(s64)(s16)v;
	case 32:
		return (u64)(s64)(s32)v;
	default:
		return v;
	}
}

static inline u64 swap_bytes(u64 v, s32 bits)
{
	switch (bits) {
	case 16:
		return __builtin_bswap16((u16)v);
	case 32:
		return __builtin_bswap32((u32)v);
	default:
		return __builtin_bswap64(v);
	}
}

/* To or from an order that is the host's own: what is above @bits goes. */
static inline u64 truncate(u64 v, s32 bits)
{
	return bits == 64 ? v : v & (BIT_ULL(bits) - 1);
}

static inline u64 to_order(u64 v, s32 bits, bool big)
{
	return big == HOST_BIG_ENDIAN ? truncate(v, bits) : swap_bytes(v, bits);
}

/*
 * Operations that return the old value are fully ordered, the others not at
 * all, as in the kernel's memory model.
 */
#define ATOMIC_OP(bits)                                                                            \
	static inline void atomic_op##bits(u64 *regs, const struct bpf_insn *insn, u##bits *p)     \
	{                                                                                          \
		u##bits v = (u##bits)regs[insn->src_reg];                                          \
		u##bits r0 = (u##bits)regs[BPF_REG_0];                                             \
		u64 *old = &regs[insn->src_reg];                                                   \
                                                                                                   \
		switch (insn->imm) {                                                               \
		case BPF_ADD:                                                                      \
			__atomic_fetch_add(p, v, __ATOMIC_RELAXED);                                \
			break;                                                                     \
		case BPF_AND:                                                                      \
			__atomic_fetch_and(p, v, __ATOMIC_RELAXED);                                \
			break;                                                                     \
		case BPF_OR:                                                                       \
			__atomic_fetch_or(p, v, __ATOMIC_RELAXED);                                 \
			break;                                                                     \
		case BPF_XOR:                                                                      \
			__atomic_fetch_xor(p, v, __ATOMIC_RELAXED);                                \
			break;                                                                     \
		case BPF_ADD | BPF_FETCH:                                                          \
			*old = __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST);                         \
			break;                                                                     \
		case BPF_AND | BPF_FETCH:                                                          \
			*old = __atomic_fetch_and(p, v, __ATOMIC_SEQ_CST);                         \
			break;                                                                     \
		case BPF_OR | BPF_FETCH:                                                           \
			*old = __atomic_fetch_or(p, v, __ATOMIC_SEQ_CST);                          \
			break;                                                                     \
		case BPF_XOR | BPF_FETCH:                                                          \
			*old = __atomic_fetch_xor(p, v, __ATOMIC_SEQ_CST);                         \
			break;                                                                     \
		case BPF_XCHG:                                                                     \
			*old = __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST);                        \
			break;                                                                     \
		case BPF_CMPXCHG:                                                                  \
			__atomic_compare_exchange_n(p, &r0, v, false, __ATOMIC_SEQ_CST,            \
						    __ATOMIC_SEQ_CST);                             \
			regs[BPF_REG_0] = r0;                                                      \
			break;                                                                     \
		}                                                                                  \
	}

ATOMIC_OP(32)
ATOMIC_OP(64)
#undef ATOMIC_OP

static inline bool atomic_op_known(s32 op)
{
	switch (op) {
	case BPF_ADD:
	case BPF_AND:
	case BPF_OR:
	case BPF_XOR:
	case BPF_ADD | BPF_FETCH:
	case BPF_AND | BPF_FETCH:
	case BPF_OR | BPF_FETCH:
	case BPF_XOR | BPF_FETCH:
	case BPF_XCHG:
	case BPF_CMPXCHG:
		return true;
	default:
		return false;
	}
}

#endif
