/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What Linux's lib/test_bpf.c takes of the kernel, as far as its tables and
 * the functions that fill them need it: instructions as initialisers, the
 * generator behind its random numbers, allocation. The rest of the file, which
 * runs the tests in the kernel, is declared so that it compiles, and nothing
 * calls it.
 */
#ifndef ANYBPF_CONFORMANCE_TEST_BPF_KERNEL_H
#define ANYBPF_CONFORMANCE_TEST_BPF_KERNEL_H

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "isa/cbpf.h"
#include "object/packet.h"

typedef u8 __u8;
typedef u16 __u16;
typedef u32 __u32;
typedef u64 __u64;
typedef u64 netdev_features_t;

/* ---- instructions ---- */

#define BPF_RAW_INSN(c, d, s, o, i)                                                                \
	((struct bpf_insn){.code = (u8)(c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i)})
#define BPF_ALU64_IMM_OFF(op, d, i, o) BPF_RAW_INSN(BPF_ALU64 | BPF_OP(op) | BPF_K, d, 0, o, i)
#define BPF_ALU32_IMM_OFF(op, d, i, o) BPF_RAW_INSN(BPF_ALU | BPF_OP(op) | BPF_K, d, 0, o, i)
#define BPF_ALU64_REG_OFF(op, d, s, o) BPF_RAW_INSN(BPF_ALU64 | BPF_OP(op) | BPF_X, d, s, o, 0)
#define BPF_ALU32_REG_OFF(op, d, s, o) BPF_RAW_INSN(BPF_ALU | BPF_OP(op) | BPF_X, d, s, o, 0)
#define BPF_ALU64_IMM(op, d, i)	       BPF_ALU64_IMM_OFF(op, d, i, 0)
#define BPF_ALU32_IMM(op, d, i)	       BPF_ALU32_IMM_OFF(op, d, i, 0)
#define BPF_ALU64_REG(op, d, s)	       BPF_ALU64_REG_OFF(op, d, s, 0)
#define BPF_ALU32_REG(op, d, s)	       BPF_ALU32_REG_OFF(op, d, s, 0)
#define BPF_MOV64_IMM(d, i)	       BPF_ALU64_IMM(BPF_MOV, d, i)
#define BPF_MOV32_IMM(d, i)	       BPF_ALU32_IMM(BPF_MOV, d, i)
#define BPF_MOV64_REG(d, s)	       BPF_ALU64_REG(BPF_MOV, d, s)
#define BPF_MOVSX64_REG(d, s, bits)    BPF_ALU64_REG_OFF(BPF_MOV, d, s, bits)
#define BPF_MOVSX32_REG(d, s, bits)    BPF_ALU32_REG_OFF(BPF_MOV, d, s, bits)
/* A move of w registers that the kernel's verifier has put in. */
#define BPF_ZEXT_REG(d)		BPF_RAW_INSN(BPF_ALU | BPF_MOV | BPF_X, d, d, 0, 1)
#define BPF_FROM_LE		BPF_TO_LE
#define BPF_FROM_BE		BPF_TO_BE
#define BPF_ENDIAN(to, d, bits) BPF_RAW_INSN(BPF_ALU | BPF_END | (to), d, 0, 0, bits)
#define BPF_BSWAP(d, bits)	BPF_RAW_INSN(BPF_ALU64 | BPF_END, d, 0, 0, bits)
#define BPF_LD_IMM64(d, v)                                                                         \
	BPF_RAW_INSN(BPF_LD | BPF_DW | BPF_IMM, d, 0, 0, (s32)(u32)(v)),                           \
		BPF_RAW_INSN(0, 0, 0, 0, (s32)(u32)((u64)(v) >> 32))
#define BPF_LDX_MEM(size, d, s, o)	 BPF_RAW_INSN(BPF_LDX | BPF_MEM | (size), d, s, o, 0)
#define BPF_LDX_MEMSX(size, d, s, o)	 BPF_RAW_INSN(BPF_LDX | BPF_MEMSX | (size), d, s, o, 0)
#define BPF_STX_MEM(size, d, s, o)	 BPF_RAW_INSN(BPF_STX | BPF_MEM | (size), d, s, o, 0)
#define BPF_ST_MEM(size, d, o, i)	 BPF_RAW_INSN(BPF_ST | BPF_MEM | (size), d, 0, o, i)
#define BPF_ATOMIC_OP(size, op, d, s, o) BPF_RAW_INSN(BPF_STX | BPF_ATOMIC | (size), d, s, o, op)
#define BPF_STX_XADD(size, d, s, o)	 BPF_ATOMIC_OP(size, BPF_ADD, d, s, o)
#define BPF_JMP_IMM(op, d, i, o)	 BPF_RAW_INSN(BPF_JMP | BPF_OP(op) | BPF_K, d, 0, o, i)
#define BPF_JMP_REG(op, d, s, o)	 BPF_RAW_INSN(BPF_JMP | BPF_OP(op) | BPF_X, d, s, o, 0)
#define BPF_JMP32_IMM(op, d, i, o)	 BPF_RAW_INSN(BPF_JMP32 | BPF_OP(op) | BPF_K, d, 0, o, i)
#define BPF_JMP32_REG(op, d, s, o)	 BPF_RAW_INSN(BPF_JMP32 | BPF_OP(op) | BPF_X, d, s, o, 0)
#define BPF_JMP_A(o)			 BPF_RAW_INSN(BPF_JMP | BPF_JA, 0, 0, o, 0)
#define BPF_CALL_REL(what)		 BPF_RAW_INSN(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, what)
#define BPF_EMIT_CALL(fn)		 BPF_RAW_INSN(BPF_JMP | BPF_CALL, 0, 0, 0, 0)
#define BPF_EXIT_INSN()			 BPF_RAW_INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define BPF_TAIL_CALL			 0xf0
#define BPF_REG_AX			 MAX_BPF_REG

#define __BPF_STMT(c, v)	  ((struct sock_filter){.code = (u16)(c), .k = (u32)(v)})
#define __BPF_JUMP(c, v, yes, no) ((struct sock_filter){(u16)(c), (yes), (no), (u32)(v)})
#define BPF_STMT(c, v)                                                                             \
	{                                                                                          \
		(u16)(c), 0, 0, (u32)(v)                                                           \
	}
#define BPF_JUMP(c, v, yes, no)                                                                    \
	{                                                                                          \
		(u16)(c), (yes), (no), (u32)(v)                                                    \
	}
#define SKF_NET_OFF (-0x100000)
#define SKF_LL_OFF  (-0x200000)

/* ---- functions and macros of the tables ---- */

#define __init
#define __initconst
#define __exit
#define GFP_KERNEL 0
#define S16_MAX	   INT16_MAX
#define S16_MIN	   INT16_MIN
#define S64_MAX	   INT64_MAX
#define S32_MAX	   INT32_MAX
#define S32_MIN	   INT32_MIN
#define U32_MAX	   UINT32_MAX
#define BUG_ON(broken)                                                                             \
	do {                                                                                       \
		if (broken)                                                                        \
			abort();                                                                   \
	} while (0)
#define min(a, b)	((a) < (b) ? (a) : (b))
#define max(a, b)	((a) > (b) ? (a) : (b))
#define abs(v)		((v) < 0 ? -(v) : (v))
#define div64_u64(a, b) ((u64)(a) / (u64)(b))

#define kmalloc(size, flags)	      malloc(size)
#define kmalloc_array(n, size, flags) calloc(n, size)
#define kzalloc(size, flags)	      calloc(1, size)
#define kfree(p)		      free((void *)(p))

#if HOST_BIG_ENDIAN
#define __BIG_ENDIAN
#define swap_to_be(bits, v) (v)
#define swap_to_le(bits, v) __builtin_bswap##bits((u##bits)(v))
#else
#undef __BIG_ENDIAN
#define __LITTLE_ENDIAN
#define swap_to_be(bits, v) __builtin_bswap##bits((u##bits)(v))
#define swap_to_le(bits, v) (v)
#endif
#define cpu_to_be16(v) swap_to_be(16, v)
#define cpu_to_be32(v) swap_to_be(32, v)
#define cpu_to_be64(v) swap_to_be(64, v)
#define cpu_to_le16(v) swap_to_le(16, v)
#define cpu_to_le32(v) swap_to_le(32, v)
#define cpu_to_le64(v) swap_to_le(64, v)

static inline u64 div64_u64_rem(u64 a, u64 b, u64 *rest)
{
	*rest = a % b;
	return a / b;
}

/* L'Ecuyer's LFSR113 with the kernel's seeding: results in the tables depend on its numbers. */
struct rnd_state {
	u32 s[4];
};

static const struct {
	u8 shift_in, shift_back, shift_up;
	u32 mask;
} lfsr113[4] = {{6, 13, 18, ~1u}, {2, 27, 2, ~7u}, {13, 21, 7, ~15u}, {3, 12, 13, ~127u}};

static inline void prandom_seed_state(struct rnd_state *state, u64 seed)
{
	u32 v = (u32)(seed >> 32 ^ seed << 10 ^ seed);

	for (u32 i = 0; i < 4; i++) {
		u32 least = ~lfsr113[i].mask + 1;

		state->s[i] = v < least ? v + least : v;
	}
}

static inline u32 prandom_u32_state(struct rnd_state *state)
{
	u32 sum = 0;

	for (u32 i = 0; i < 4; i++) {
		u32 s = state->s[i], low = (s << lfsr113[i].shift_in ^ s) >> lfsr113[i].shift_back;

		state->s[i] = (s & lfsr113[i].mask) << lfsr113[i].shift_up ^ low;
		sum ^= state->s[i];
	}
	return sum;
}

#endif
