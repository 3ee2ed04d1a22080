/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the verifier proved at each instruction: compilers optimise from it,
 * coverage and explanations print it. Made by verify(), see verify/verify.h.
 */
#ifndef ANYBPF_OBJECT_FACT_H
#define ANYBPF_OBJECT_FACT_H

#include "base/types.h"

/*
 * What a load, store or atomic reaches; all paths to an instruction agree on it.
 * That the kinds differ does not keep two accesses apart: memory of a helper, or
 * of a global function's argument, may be part of a map's value, of the packet
 * or of the stack of any frame at work, this one's included. A pointer of
 * MEM_STACK may lead to a calling function's frame.
 */
enum mem_kind {
	MEM_NONE, /* not a memory access, or never reached */
	MEM_STACK,
	MEM_CTX,
	MEM_MAP_VALUE,
	MEM_PACKET,
	MEM_HELPER, /* memory that a helper returned */
	MEM_SOCK, /* a socket, seen as struct bpf_sock */
	MEM_TCP_SOCK,
	MEM_XDP_SOCK,
	MEM_BTF,    /* a kernel object that may be gone: probed */
	MEM_OBJECT, /* an object that a program has made */
	MEM_ARENA,
	MEM_MIXED,  /* several of stack, map value, packet, helper: plain access */
	MEM_KERNEL, /* a map's own structure, buffers of iterators and tracepoints: plain access */
};

#define FACT_SEEN      BIT(0) /* some path reaches it */
#define FACT_TAKEN     BIT(1) /* a conditional jump is taken on some path */
#define FACT_NOT_TAKEN BIT(2) /* ... and not taken on some path */
#define FACT_CONST     BIT(3) /* on all paths the result is .umin */

#define FACT_BARRIER BIT(4) /* a store that no later load may run ahead of */
#define FACT_INLINE  BIT(5) /* bpf_loop() of one callback and without flags: may become a loop */

/* What was proven at one instruction, joined over all paths. */
struct insn_fact {
	u8 flags;
	u8 mem;	 /* enum mem_kind */
	u16 map; /* index in resolved maps: of a wide load or a map helper's call; 0xffff: none or
		    several */
	union {
		u16 helper; /* index in helper_protos of a call */
		/* Of a call of a kernel function: 1 more than its index in kfunc_uses. */
		u16 kfunc_use;
	};
	u16 subprog;
	/*
	 * Of the result of arithmetic, loads and helpers, as unsigned 64 bit; 0 to UINT64_MAX:
	 * nothing is known, it is a pointer, or it can come from a number that a path had
	 * where it ended at an equal state which was explored with another one.
	 */
	u64 umin, umax;
};

#define FACT_NO_MAP	   0xffff
#define FACT_KFUNC_SEVERAL 0xffff /* paths differ in what they call it with */

/*
 * Of an addition or subtraction of registers in a program whose loader may
 * not see addresses: what makes the number harmless where the processor runs
 * ahead with a wrong one. A pointer may move by .limit bytes in the number's
 * direction; a number beyond becomes 0.
 */
#define MASK_NUMBER   BIT(0) /* on all paths both are numbers: nothing to mask */
#define MASK_NEGATIVE BIT(1) /* the number is below 0 as signed */
#define MASK_CONST    BIT(2) /* the number is the same on all paths and known */
#define MASK_SRC      BIT(3) /* it is in the source register, the pointer in the destination */
#define MASK_DST      BIT(4) /* the other way around */

struct insn_mask {
	u32 limit;
	u8 state; /* MASK_*; 0: no such instruction */
};

#endif
