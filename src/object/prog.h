/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A loaded program and its prepared form: what the verifier accepted, with
 * context accesses, maps and calls resolved. The interpreter and every JIT
 * run exactly this.
 *
 * Preparation never moves an instruction: index i of the prepared form is
 * index i of the program as loaded, so that facts, coverage, line information
 * and the debugger need no translation. What differs:
 *
 * - A wide load's 64-bit immediate is final: a struct map *, the address of a
 *   map's value, a struct subprog * for a callback, an address of BTF data;
 *   its src_reg is 0.
 * - A helper call (src_reg 0) has in imm the index of its prototype in
 *   helper_protos[], so that variants of one helper id are told apart.
 * - A kfunc call (src_reg BPF_PSEUDO_KFUNC_CALL) has in imm the index in
 *   .kfunc_calls of what is called, and with what.
 * - bpf_tail_call() is BPF_JMP|BPF_TAIL_CALL.
 * - A call of a subprogram keeps its pc-relative imm; subprog_of_insn finds it.
 * - A context access has the host structure's offset and size.
 * - A load through a pointer that may be bad has mode BPF_PROBE_MEM or
 *   BPF_PROBE_MEMSX: a fault loads 0.
 * - A load, store or atomic of arena memory has mode BPF_PROBE_MEM32 or
 *   BPF_PROBE_ATOMIC: its address is prog->arena plus the lower half of the
 *   register plus off, and a fault loads 0 and does nothing else.
 * - A cast to an arena's address is a move of 32 bits, one to a user's address
 *   BPF_ALU64|BPF_ARENA_USER|BPF_X.
 * - An instruction that no path reaches is replaced by `goto -1`.
 */
#ifndef ANYBPF_OBJECT_PROG_H
#define ANYBPF_OBJECT_PROG_H

#include "isa/uapi_structs.h"
#include "object/host.h"

/* Opcodes of the prepared form only; the numbers are Linux's own internal ones. */
#define BPF_TAIL_CALL	0xf0 /* operation of class BPF_JMP */
#define BPF_PROBE_MEM	0x20 /* mode of class BPF_LDX */
#define BPF_PROBE_MEMSX 0x40
#define BPF_PROBE_MEM32	 0xa0 /* mode of classes BPF_LDX, BPF_ST, BPF_STX */
#define BPF_PROBE_ATOMIC 0xe0 /* mode of class BPF_STX */
#define BPF_ARENA_USER	 0xe0 /* operation of class BPF_ALU64: 0 stays, else the upper half is set */

struct btf;
struct btf_object;
struct hook;
struct trampoline;
struct map;

/* A C function that starts JIT code: the sixth argument is free for the run. */
typedef u64 (*jit_entry)(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, struct run *run);

/* Subprogram 0 is the program itself. Its address is what a callback reference loads. */
struct subprog {
	const struct prog *prog;
	u32 start, end;	 /* instruction indexes, end exclusive */
	u32 stack_depth; /* bytes that it uses below its frame pointer, a multiple of 8 */
	bool is_callback;
	bool is_global;
	bool has_tail_call;
	bool changes_packet; /* it or what it calls */
	/* As the verifier's struct verify_subprog says. */
	bool unreliable, is_exception_callback, dead;
	jit_entry entry; /* NULL when not compiled */
	/* NULL until something is attached to it for the first time: object/trampoline.h. */
	_Atomic(struct trampoline *) trampoline;
};

/* Machine code of one program; made and freed by jit/. */
struct jit_image;

/* A type of objects that programs allocate; in a program's memory, and so as long-lived. */
struct obj_type {
	u32 size;
	u32 object_off; /* of the kernel's own: where its struct kernel_object is; 0: a program's */
	const struct btf_fields *fields; /* NULL: no special ones; the BTF's */
};

/* How a C function is called from a program: as helper_fn in helper/helper.h. */
typedef u64 (*prog_callee)(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, struct run *run);

/* A kernel function and the arguments that are the same in every call. */
struct kfunc_call {
	prog_callee fn;
	const char *name; /* of the row in kfunc.def */
	u8 nargs;
	u8 fixed;     /* bits of arguments, 1 to 5, that are not the registers but .value */
	u64 value[6]; /* by register */
	struct obj_type type;
};

/* A line of text, cut to fit. */
#define PROG_WHY 128

struct prog {
	struct object obj; /* first: prog is an object */
	enum bpf_prog_type type;
	enum bpf_attach_type expected_attach_type;
	char name[BPF_OBJ_NAME_LEN];
	u8 tag[BPF_TAG_SIZE];
	u64 load_time; /* CLOCK_BOOTTIME ns */
	u32 uid;
	bool gpl_compatible;
	bool sleepable;
	bool xdp_has_frags; /* takes packets in several pieces */
	bool throws;	    /* it calls bpf_throw() */
	bool masked;	    /* its code keeps addresses from those who measure it */
	/* Its .target is what a link attached it to already. */
	_Atomic bool was_attached;
	/* Arrays that it is in, and whether one of its functions is replaced: not both. */
	_Atomic u32 array_members;
	_Atomic bool extended;
	const struct hook *hook;

	u32 insn_cnt;
	struct bpf_insn *insns; /* prepared */
	struct bpf_insn *orig;	/* as loaded */
	struct subprog *subprogs;
	u32 subprog_cnt;
	u16 *subprog_of_insn; /* by instruction index: the subprogram it is in */

	struct map **maps; /* each holds a reference */
	u32 map_cnt;

	/* Of the arena that it uses: what an offset of 32 bits is added to; 0: it has none. */
	u64 arena;
	u64 arena_user; /* the upper half of its addresses in user space */

	struct kfunc_call *kfunc_calls;
	u32 kfunc_call_cnt;

	/* What it is to be attached to: a type of the kernel's BTF or of the target's; 0: nothing.
	 */
	u32 attach_btf_id;
	struct btf_object *attach_btf; /* holds a reference, or NULL */
	struct prog *target; /* whose function it replaces or traces: a reference, or NULL */
	/* Of kernel variables and functions that it refers to: references. */
	VEC(struct btf_object *) btfs;

	u32 max_ctx_offset; /* bytes of the context that its own instructions reach */
	/* How far it goes into memory whose size is known only when it is attached. */
	u32 max_rdonly_access, max_rdwr_access, max_tp_access;
	u32 stopped_verdict; /* result of an execution that went over its budget */
	bool runnable;	     /* false in a host that only verifies */
	/* prog_run_in(), for rooms below prog/. */
	u64 (*run)(struct run *run, const struct prog *prog, void *ctx);

	struct btf_object *btf; /* holds a reference, or NULL */
	struct bpf_func_info *func_info;
	u32 func_info_cnt;
	struct bpf_line_info *line_info;
	u32 line_info_cnt;

	struct jit_image *jit; /* NULL: interpreted */
	/* Where tail calls of machine code enter, run->prog being set: its own or the interpreter.
	 */
	jit_entry entry;
	char interpreted[PROG_WHY]; /* why there is no machine code; "" where there is */
	u32 verified_insns;

	_Atomic u64 run_cnt, run_time_ns; /* counted when statistics are enabled */
};

static inline struct prog *prog_of(struct object *obj)
{
	return container_of(obj, struct prog, obj);
}

#endif
