/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random programs: mostly valid by construction, because the generator keeps
 * a light model of what each register and spilled slot holds; then some
 * instructions of some programs are changed. The same seed gives the same
 * program everywhere.
 */
#ifndef ANYBPF_TESTS_SOUND_GEN_H
#define ANYBPF_TESTS_SOUND_GEN_H

#include "helper/helper.h"
#include "isa/isa.h"

#define GEN_MAX_INSNS	  600
#define GEN_SLOTS	  8 /* of 8 bytes below r10, for data and spilled registers */
#define GEN_OUTS	  128
#define GEN_SUBPROGS	  6
#define GEN_MEMORY	  32
#define GEN_POINTER_SLOTS 2 /* of these slots, where .shapes has pointers */

/* Maps by their number, which wide loads hold until they are patched. */
enum gen_map {
	GEN_ARRAY,
	GEN_HASH,
	GEN_GLOBAL, /* an array of one element, for direct access */
	GEN_RODATA, /* frozen, read-only to programs; holds a string */
	GEN_PERCPU,
	GEN_RING,
	GEN_PROGS, /* of tail calls */
	GEN_MAPS,
};

struct gen_map_def {
	const char *name;
	enum bpf_map_type type;
	u32 key_size, value_size, max_entries, flags;
};
extern const struct gen_map_def gen_maps[GEN_MAPS];
#define GEN_RODATA_TEXT "random\0\x11\x22\x33\x44\x55\x66\x77\x88" /* 16 bytes with the last 0 */

struct gen_reg {
	u8 type; /* enum gen_type of gen.c */
	u8 map;
	bool written; /* with M_STACK: what lies there is initialised */
	u16 id;	      /* of equal origin: null checks and packet checks hold for all */
	s32 off;
	u32 var;   /* of a pointer: most that was added besides off */
	u32 range; /* of a packet pointer: bytes from its origin that were checked */
	u64 max;   /* of a number */
};

struct gen_model {
	struct gen_reg reg[MAX_BPF_REG];
	struct gen_reg slot[GEN_SLOTS];
};

struct gen;

struct gen_subprog {
	struct gen_model entry;
	u32 call, again;	     /* the instructions that refer to it; 0: no second one */
	void (*body)(struct gen *g); /* NULL: anything */
	bool callback;
	bool memory; /* its first argument is GEN_MEMORY bytes */
};

struct gen {
	u64 seed, state;
	enum bpf_prog_type type;
	struct bpf_insn insns[GEN_MAX_INSNS + 64];
	u32 cnt;
	struct gen_model now;
	u16 ids;
	u32 depth; /* of nested blocks */
	bool in_loop, in_inner, in_callback, in_subprog, no_out, no_call;
	u32 outs[GEN_OUTS], out_cnt; /* jumps to the exit of this subprogram */
	struct gen_subprog subprogs[GEN_SUBPROGS];
	u32 subprog_cnt;
	u32 mutations;
	u32 flags;   /* BPF_F_* of the load */
	bool plain;  /* nothing that takes capabilities to load */
	bool shapes; /* what compilers look for, valid for sure, with a result that tells much */
	bool global; /* subprograms that are called are global functions of numbers */
};

void gen_program(struct gen *g, u64 seed);
/* For loaders without capabilities: a socket filter without functions and loops. */
void gen_program_plain(struct gen *g, u64 seed);
/* For compilers: nothing is mutated, pointers are spilled to a few slots only. */
void gen_program_shapes(struct gen *g, u64 seed);
/* Changes something of one instruction. */
void gen_mutate(struct gen *g);
/* Whether two runs of it may differ: it asks for the time, or for chance. */
bool gen_by_chance(const struct gen *g);
/* Whether it has what newer kernels know more of: the negative of a number, its bytes swapped. */
bool gen_newer(const struct gen *g);
bool gen_calls(const struct gen *g, u32 helper);
/* Prints it with "# " before each line. */
void gen_print(const struct bpf_insn *insns, u32 cnt);

u64 gen_random(u64 *state);

/* ---- between the files gen*.c ---- */

enum gen_type {
	M_NONE,
	M_NUM,
	M_CTX,
	M_STACK,
	M_VALUE,
	M_VALUE_OR_NULL,
	M_PACKET,
	M_META,
	M_END,
	M_RECORD, /* of the ring buffer; .var 0 */
};

u32 gen_below(struct gen *g, u32 n);
void gen_put(struct gen *g, u32 code, u32 dst, u32 src, s32 off, s32 imm);
void gen_wide(struct gen *g, u32 dst, u32 src, u64 imm);
void gen_mov(struct gen *g, u32 dst, u32 src);
void gen_set(struct gen *g, u32 dst, s32 imm);
s32 gen_imm(struct gen *g);
u32 gen_dst(struct gen *g);
/* A register that holds such a thing, -1 when none does. */
int gen_find(struct gen *g, enum gen_type type);
u32 gen_number(struct gen *g);
void gen_bound(struct gen *g, u32 reg, u32 limit);
void gen_block(struct gen *g, u32 parts);
/* A jump to the exit. */
void gen_out(struct gen *g, u32 code, u32 dst, u32 src, s32 imm);
extern const u8 gen_jumps[];
#define GEN_JUMPS	  11
#define GEN_SCRATCH	  (-88) /* 8 bytes of stack that nothing else uses */
#define GEN_COUNTER	  (-72) /* of a loop */
#define GEN_INNER_COUNTER (-80) /* of a loop in it */
extern const u8 gen_sizes[4];
u32 gen_size_of(u8 size);
s32 gen_slot_off(u32 slot);
/* Bytes behind a pointer's origin that may be touched. */
u32 gen_room(const struct gen_reg *ptr);
void gen_load(struct gen *g, u32 ptr, u8 size, s32 off);
void gen_touch(struct gen *g, u32 ptr, u8 size, s32 off);
void gen_packet_check(struct gen *g);
void gen_packet_load(struct gen *g);
/* Through a pointer, mostly inside; with what is added to it a number as well. */
void gen_access(struct gen *g);
void gen_var_access(struct gen *g);
void gen_var_packet(struct gen *g);
void gen_move_pointer(struct gen *g);
void gen_context(struct gen *g);
void gen_spill(struct gen *g);
void gen_fill(struct gen *g);
void gen_stack(struct gen *g);
void gen_stack_var(struct gen *g);
/* A conditional jump, to land later. */
void gen_condition(struct gen *g, u32 *at);
void gen_land(struct gen *g, u32 at);
void gen_meet(struct gen_model *a, const struct gen_model *b);
void gen_set_number(struct gen *g, u32 reg, u64 max);
/* Class, operation and kind of operand of a conditional jump. */
u32 gen_any_jump(struct gen *g, u32 operand);
void gen_alu(struct gen *g);
void gen_unary(struct gen *g);
void gen_choice(struct gen *g);
void gen_constant(struct gen *g);
void gen_precise(struct gen *g);
void gen_call(struct gen *g);
/* The address of a map's value. */
void gen_direct(struct gen *g);
void gen_forget_packets(struct gen *g);
void gen_subprogs(struct gen *g);
void gen_local(struct gen *g);
void gen_widen(struct gen *g);
void gen_may_goto(struct gen *g);
void gen_shape(struct gen *g);
/* What holds when a loop comes round: r0 to r5 hold nothing, or nothing is called in it. */
void gen_loop_head(struct gen *g);
void gen_copy_loop(struct gen *g);
void gen_sum_loop(struct gen *g);
void gen_goto_loop(struct gen *g);
void gen_budget_loop(struct gen *g);
void gen_tail_call(struct gen *g);
void gen_packet_walk(struct gen *g);
void gen_maybe_context(struct gen *g);
void gen_share_frame(struct gen *g);
void gen_far(struct gen *g);
/* To be filled in later; NULL when there are enough. */
struct gen_subprog *gen_new_subprog(struct gen *g, bool callback);
/* A call of it, noted in @at. */
void gen_call_sub(struct gen *g, u32 *at);

#endif
