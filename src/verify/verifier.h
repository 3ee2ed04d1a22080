/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One verification at work: what its files share. Nothing outside this room
 * includes it. Functions return 0 or the negative errno of a rejection that
 * reject() has already explained.
 */
#ifndef ANYBPF_VERIFY_VERIFIER_H
#define ANYBPF_VERIFY_VERIFIER_H

#include <errno.h>
#include <string.h>

#include "base/vec.h"
#include "isa/isa.h"
#include "verify/state.h"
#include "verify/verify.h"

#define JMP_SEQ_LIMIT	    8192 /* pending branches */
#define UNPRIV_STATES_LIMIT 64	 /* per instruction */
#define MAX_LINKED	    6	 /* registers that one comparison can narrow together */
#define ID_MAP_SIZE	    ((MAX_BPF_REG + MAX_SLOTS) * MAX_CALL_FRAMES)
#define MAX_MAPS_PER_PROG   64

/* ---- per instruction ---- */

#define AUX_PRUNE_POINT	     BIT(0)
#define AUX_FORCE_CHECKPOINT BIT(1)
#define AUX_CALLS_CALLBACK   BIT(2)
#define AUX_WIDE_SECOND	     BIT(3) /* second half of a wide load */
#define AUX_JUMP_POINT	     BIT(4)
#define AUX_ITER_NEXT	     BIT(5)
#define AUX_JUMP_TARGET	     BIT(6)
#define AUX_FASTCALL	     BIT(7) /* a spill or fill around a call (fastcall.c) */

struct insn_aux {
	u16 flags;
	u16 map_index; /* of a wide load */
	u32 ptr_type;  /* what the access goes through, for "same insn ... different pointers" */
	const struct map_desc *map;
	u32 map_off;   /* of BPF_PSEUDO_MAP_VALUE */
	bool map_seen; /* the fact about the map holds one */
	bool maps_differ;
	bool loop_seen;	   /* of bpf_loop(): */
	u16 loop_callback; /* its subprogram */
	/* Of a wide load with BPF_PSEUDO_BTF_ID: what its register points to, see btf_var.c. */
	const struct btf *btf;
	u32 btf_id, btf_mem_size, btf_reg_type;
	const struct kfunc *kfunc; /* of a kfunc call, see kfunc.h */
};

struct subprog_info {
	u32 start; /* the next one's start is its end */
	u32 stack_depth;
	u32 counted_depth;		 /* what Linux counts of it (fastcall.c) */
	s32 fastcall_off;		 /* where spills around such calls begin */
	bool fastcalls, keeps_fastcalls; /* calls that Linux takes the spills from; others */
	s32 func_info;			 /* index of its function information, -1 */
	bool has_tail_call, tail_call_reachable, has_ld_abs;
	bool is_callback, is_async_callback;
	bool is_global, called, verified;
	bool changes_packet; /* it or what it calls */
	bool writes_dynptr;  /* the same */
	bool throws;	     /* the same */
	const char *name;    /* from BTF, or "" */
	/* of global functions, by their BTF prototype */
	struct global_arg {
		u32 kind;     /* enum arg_kind; ARG_ANYTHING: a scalar */
		u32 mem_size; /* of ARG_PTR_TO_MEM */
		u32 btf_id;   /* of ARG_PTR_TO_BTF_ID, in vmlinux */
	} args[5];
	u32 arg_cnt;
	bool args_done;
	bool unreliable; /* called with other arguments than its BTF says */
};

/* ---- the trace: the instructions of the current path, from its function's first ---- */

#define STEP_NONE	 UINT32_MAX /* no instruction */
#define STEP_STACK	 BIT(15)    /* .access is valid: frame * 64 + slot */
#define STEP_SRC_PTR	 BIT(14)    /* a comparison's operand is a pointer */
#define STEP_DST_PTR	 BIT(13)
#define STEP_CALLBACK	 BIT(12) /* an exit from a callback */
#define STEP_ACCESS_MASK 0x1ffu

/* Paths wait on a stack, so what follows the point where one was left is gone when it goes on. */
struct step {
	u64 insn : 20;
	u64 access : 16; /* STEP_* | frame << 6 | slot */
	u64 linked : 28; /* index + 1 in .linked */
};

struct linked_reg {
	u8 frame;
	u8 index; /* register or slot */
	bool is_reg;
};

struct linked_regs {
	u8 cnt;
	struct linked_reg at[MAX_LINKED];
};

/* ---- states to explore and explored ---- */

struct pending {
	struct pending *next;
	u32 insn, prev_insn;
	u32 linked; /* length of .linked */
	size_t log_len;
	struct vstate state;
};

struct explored {
	struct explored *next;
	u32 insn; /* as the state's, and nearer */
	u32 hits, misses;
	struct vstate state;
};

struct id_pair {
	u32 old, cur;
};

struct id_map {
	u32 cnt;
	u32 tmp_id;
	struct id_pair at[ID_MAP_SIZE];
};

/* What must be precise, while walking back. */
struct backtrack {
	u32 frame;
	u16 regs[MAX_CALL_FRAMES];
	u64 slots[MAX_CALL_FRAMES];
};

/* What the program is attached to, by BTF (attach.c). */
struct attach {
	const struct btf *btf;
	const char *name;	      /* of the function, the tracepoint or the member */
	const struct btf_type *proto; /* its arguments; NULL: five numbers */
	const char *ops;	      /* of struct_ops: the name of the structure */
};

struct verifier {
	const struct verify_input *in;
	struct verify_result *result;
	struct mem_meter meter; /* of .mem: all but the result */
	const struct mem *mem;
	struct arena arena; /* lives until the end of verification */
	struct log *log;
	u32 log_level;
	/* Those of the program that this one is a part of, where it replaces a function. */
	struct verify_env_info info;
	const struct prog_rules *rules;
	struct attach attach;

	/* privileges, by what they allow */
	bool bpf_capable; /* CAP_BPF: bounded loops, calls, precise scalars */
	bool ptr_leaks;	  /* CAP_PERFMON: pointers are numbers, uninitialised stack is readable */
	bool strict_align, state_freq, invariants;

	const struct bpf_insn *insns;
	u32 insn_cnt;
	struct insn_aux *aux;
	struct subprog_info *subprogs;
	u32 subprog_cnt;
	u32 exception_callback;			  /* a subprogram, or 0 */
	const struct map_desc *arena_map;	  /* or NULL */
	const struct map_desc *cgroup_storage[2]; /* shared, per CPU; or NULL */

	const struct btf *vmlinux; /* once asked for; see kernel_btf() */
	bool vmlinux_asked;
	bool no_memory;	      /* for it: whatever is made of its absence is no verdict */
	struct kfunc *kfuncs; /* those that are called, the last one found first */
	u32 kfunc_cnt;
	bool kfunc_seen;

	struct vstate *cur;
	u32 insn, prev_insn; /* at work, and the one executed before it */
	u32 next;	     /* where the path goes on; set before an instruction is checked */
	bool print_state;    /* the path continues elsewhere: the log says from where */
	struct pending *pending;
	u32 pending_cnt;
	struct explored **explored; /* insn_cnt heads, hashed by instruction and call site */
	struct explored *retired;   /* evicted states that others may still refer to */

	VEC(struct step) trace;
	VEC(struct linked_regs) linked;
	u16 *back_regs; /* of each instruction: see trace_prepare() */
	bool in_insn;	/* the last step is that of the instruction at work */
	struct backtrack bt;
	struct id_map ids;

	u32 id_gen, activation_gen;
	u32 insn_processed, jmps_processed;
	u32 prev_insn_processed, prev_jmps_processed;
	u32 longest_mark_read;
	u32 current_states;
	u32 loop_returns; /* paths that came back to a checkpoint that was not done */
	bool seen_direct_write;
	bool exact_numbers; /* no number covers another: masks may differ (spec.c) */
	struct lost *lost;  /* where a pruned path's numbers are not in the facts; NULL: nowhere */

	/* the log */
	u32 scratched_regs;
	u64 scratched_slots;
	size_t prev_log_len, prev_print_len;
	const struct bpf_line_info *prev_line;
	char call_name[64];
	bool rejected;
};

/* ---- verdict and log (log.c, print.c) ---- */

/*
 * Rejects the program at the current instruction: one line for the log and
 * the result's message. Called again while unwinding it adds a line.
 */
int reject(struct verifier *v, int error, const char *fmt, ...) __printf(3, 4);
/* Rejects the program as a whole, before or after its paths are followed. */
int reject_program(struct verifier *v, int error, const char *fmt, ...) __printf(3, 4);
/* With what the instruction set's checks said. */
int reject_isa(struct verifier *v, int error, const struct isa_error *err);
/* One line of the log, no newline added. */
void note(struct verifier *v, const char *fmt, ...) __printf(2, 3);
void log_source_line(struct verifier *v, u32 insn, const char *prefix);
void log_insn(struct verifier *v);
/* What the instruction has changed, behind its text. */
void log_effect(struct verifier *v);
/* "12: (bf) r1 = r2" */
void log_insn_text(struct verifier *v, u32 insn);
void log_state(struct verifier *v, const struct vstate *state, u32 frame, bool all);
void log_truncate(struct verifier *v, size_t len);
static inline size_t log_len(const struct verifier *v)
{
	return v->log ? log_written(v->log) : 0;
}

/* The text of a type; @buf must hold TYPE_NAME_LEN bytes and is returned. */
#define TYPE_NAME_LEN 64
const char *type_name(u32 type, char *buf);
#define TYPE_NAME(type) type_name((type), (char[TYPE_NAME_LEN]){0})
const char *tnum_str(struct tnum a, char *buf, size_t size);
#define TNUM_STR(a) tnum_str((a), (char[64]){0}, 64)
const char *alu_op_name(u8 op);

/* ---- structure (structure.c, cfg.c, depth.c, resolve.c) ---- */

int check_attach(struct verifier *v);
int find_subprograms(struct verifier *v);
int check_jumps(struct verifier *v);
int check_func_records(struct verifier *v);
int check_lines(struct verifier *v);
int check_func_infos(struct verifier *v);
int check_cfg(struct verifier *v);
int find_packet_changes(struct verifier *v);
int resolve_references(struct verifier *v);
int check_stack_depth(struct verifier *v);
/* fastcall.c: finds spills that Linux takes out; an access to the stack at @off; the sums. */
int mark_fastcalls(struct verifier *v);
void note_stack_use(struct verifier *v, const struct frame *frame, s32 off);
int count_stacks(struct verifier *v);
/* A call of bpf_loop(): Linux puts a loop in its place when all paths agree on the callback. */
void note_loop(struct verifier *v, u32 callback, bool no_flags);
int count_inlined(struct verifier *v);
/* The subprogram that starts at @insn, or -1. */
s32 subprog_at(const struct verifier *v, u32 insn);
/* The subprogram that contains @insn. */
u32 subprog_of(const struct verifier *v, u32 insn);
static inline u32 subprog_end(const struct verifier *v, u32 subprog)
{
	return subprog + 1 < v->subprog_cnt ? v->subprogs[subprog + 1].start : v->insn_cnt;
}
bool helper_calls_callback(u32 id);
bool helper_calls_async_callback(u32 id);

struct call_args;

/* ---- exploration (explore.c, prune.c, precise.c) ---- */

int explore(struct verifier *v);
/* Another path, from the current state, to be followed later. NULL: rejected or out of memory. */
struct vstate *push_path(struct verifier *v, u32 insn, u32 prev_insn, int *error);
/* A function that starts on an empty stack some time later: nothing of the current state. */
struct vstate *push_root(struct verifier *v, u32 subprog, int *error);
void pending_free_all(struct verifier *v);
void explored_free_all(struct verifier *v);
struct explored **explored_head(struct verifier *v, u32 insn);
/* 1: an equal state is known to be safe or the path ends here; 0; or a rejection. */
int state_visited(struct verifier *v);
void branches_done(struct vstate *state);
void loop_entry_update(struct vstate *cur, struct vstate *head);
struct vstate *loop_entry_of(struct vstate *state);
bool same_callsites(const struct vstate *a, const struct vstate *b);

enum exactness {
	NOT_EXACT,    /* @cur is safe when @old was */
	EXACT,	      /* nothing differs */
	RANGE_WITHIN, /* as NOT_EXACT, but without liveness and precision marks, not final yet */
};
bool states_equal(struct verifier *v, const struct vstate *old, const struct vstate *cur,
		  enum exactness exact);
/* Every number that @cur allows is one of @old's, and what narrows @old's narrows it as well. */
bool scalar_safe(const struct reg *old, const struct reg *cur, struct id_map *map);

/* A checkpoint gets a mark, that a number matters when @precise, which who came back has not. */
void note_loop_mark(struct verifier *v, struct vstate *state, bool precise);

/* Liveness: what the path since each checkpoint has read. */
void mark_reg_read(struct verifier *v, u32 frame, u32 regno);
void mark_slot_read(struct verifier *v, u32 frame, u32 slot);
void propagate_liveness(struct verifier *v, const struct vstate *old);

int trace_prepare(struct verifier *v);
int trace_step(struct verifier *v);
/* Back to where the path that goes on now was left. */
void trace_return(struct verifier *v, const struct pending *p);
void trace_access(struct verifier *v, u16 access);
int trace_linked(struct verifier *v, const struct linked_regs *linked);
/* A decision was based on the number in the register: all that made it must be compared. */
int mark_precise(struct verifier *v, u32 regno);
int propagate_precision(struct verifier *v, const struct vstate *old);

/* The BTF of the kernel that the program is for, or NULL. */
const struct btf *kernel_btf(struct verifier *v);

/* ---- registers (regs.c) ---- */

static inline struct frame *cur_frame(const struct verifier *v)
{
	return state_frame(v->cur);
}
/* A number that is no register's gives r0; use_reg() and define_reg() reject it. */
static inline struct reg *cur_reg(const struct verifier *v, u32 regno)
{
	return &cur_frame(v)->regs[regno < MAX_BPF_REG ? regno : BPF_REG_0];
}
static inline const struct bpf_insn *cur_insn(const struct verifier *v)
{
	return &v->insns[v->insn];
}
static inline struct frame *reg_frame(const struct verifier *v, const struct reg *reg)
{
	return v->cur->frame[reg->frameno];
}
/* A read and a write of a register by the program. */
int use_reg(struct verifier *v, u32 regno);
int define_reg(struct verifier *v, u32 regno);
/* As a number that may be anything; the register counts as written. */
void set_reg_unknown(struct verifier *v, u32 regno);
/* Whether passing the register's value on would tell an address to who may not know it. */
bool leaks_pointer(const struct verifier *v, const struct reg *reg);
/* Linux's check of what an operation has made of a number; contradictions are forgotten. */
int check_invariants(struct verifier *v, struct scalar *s, const char *what);
/* Gives a scalar an id before it is copied, so that the copies are narrowed together. */
void scalar_link(struct verifier *v, struct reg *reg);
/* Calls @fn for each register and spilled register of all frames; it may change them. */
int each_reg(struct verifier *v, struct vstate *state,
	     int (*fn)(struct verifier *, struct reg *, void *), void *arg);
/* Stores a register in a slot; the slot's types are the caller's. */
int slot_store(struct verifier *v, struct stack_slot *slot, const struct reg *reg);

/* ---- references (ref.c) ---- */

int acquire_ref(struct verifier *v, u32 *id);
/* And every register that it kept valid. -EINVAL: there is no such reference to release here. */
int release_ref(struct verifier *v, u32 id);
/* Without a look at the registers. */
int forget_ref(struct verifier *v, u32 id);
/* References that the program or the callback must not end with; an exception ends all. */
int check_ref_leaks(struct verifier *v, bool exception);
/* Registers for which @match holds point to nothing any more. */
int invalidate_regs(struct verifier *v, bool (*match)(const struct reg *, u32), u32 arg);
/* No packet pointer is valid any more. */
int invalidate_packet(struct verifier *v);

/* ---- memory (mem.c, stack.c, ctx.c, ...) ---- */

enum access {
	ACCESS_READ,
	ACCESS_WRITE,
};

struct mem_access {
	u32 insn;
	u32 regno; /* of the address */
	s32 off;
	u32 size;
	enum access kind;
	s32 value;	  /* register that is stored or loaded into; -1: none */
	bool strict_once; /* must be aligned whatever the machine can do */
	bool sign_extend;
};

int check_access(struct verifier *v, const struct mem_access *a);
int check_load(struct verifier *v);
int check_store_reg(struct verifier *v);
int check_store_imm(struct verifier *v);
int check_atomic(struct verifier *v);
int check_region(struct verifier *v, u32 regno, s32 off, s64 size, u32 region, bool zero_ok);
/* @by_insn: by a load or store, not by a helper. */
int check_map_access(struct verifier *v, u32 regno, s32 off, s64 size, bool zero_ok, bool by_insn);
int check_map_perm(struct verifier *v, const struct reg *reg, s32 off, s64 size, enum access kind);
int check_ptr_off(struct verifier *v, const struct reg *reg, u32 regno, bool fixed_ok);
int check_packet_access(struct verifier *v, u32 regno, s32 off, s64 size, bool zero_ok);
int check_packet_load_store(struct verifier *v, const struct mem_access *a, s32 off);
int check_ctx_access(struct verifier *v, const struct mem_access *a, s32 off);
int check_sock_access(struct verifier *v, const struct mem_access *a, s32 off);
int check_flow_keys_access(struct verifier *v, const struct mem_access *a, s32 off);
int check_stack_access(struct verifier *v, const struct mem_access *a, s32 off);
int check_alignment(struct verifier *v, const struct reg *reg, s32 off, u32 size, bool strict);
/* What is at [off, off + size) when a helper reads or fills it. */
int check_stack_range(struct verifier *v, u32 regno, s32 off, s64 size, bool zero_ok,
		      bool by_helper, struct call_args *args);
int stack_grow(struct verifier *v, struct frame *frame, u32 bytes);
/* Widens or truncates a loaded number to what @size bytes can hold. */
void reg_fit(struct reg *reg, u32 size, bool sign_extend);

/* ---- arenas (arena.c) ---- */

/* The program uses the map. */
int check_arena_map(struct verifier *v, const struct map_desc *map);
int check_arena_cast(struct verifier *v);
int check_arena_access(struct verifier *v, const struct mem_access *a, s32 off);
bool arena_takes_atomic(const struct bpf_insn *insn);

/* ---- objects on the stack (dynptr.c, iter.c) ---- */

/*
 * The first slot, at the lowest address, of an object of @slots slots that
 * @reg points to; the others are those before it. -ERANGE, with nothing said:
 * the stack does not reach there yet.
 */
int stack_object(struct verifier *v, const struct reg *reg, const char *what, u32 slots, u32 *slot);
/* What is at the register may be written over as a whole. */
int make_room(struct verifier *v, u32 regno, u32 slots);
int store_object(struct verifier *v, struct frame *frame, u32 slot, enum slot_type type,
		 const struct reg *reg);
void clear_object(struct verifier *v, struct frame *frame, u32 slot, u32 slots);

/* Something else is stored in the slot: if it is part of a dynptr, that is no more. */
int overwrite_dynptr(struct verifier *v, struct frame *frame, u32 slot);
/* @arg: MEM_UNINIT makes one; else MEM_RDONLY or 0; DYNPTR_*. @clone_ref: what a clone holds. */
int check_dynptr_arg(struct verifier *v, u32 regno, u32 arg, u32 clone_ref);
int check_dynptr_release(struct verifier *v, u32 regno);
int release_dynptr(struct verifier *v, u32 regno);
/* What is known of the dynptr that the register points to; NULL: it points to none. */
const struct reg *dynptr_of(struct verifier *v, u32 regno);
/* A callback's argument. */
void set_dynptr_reg(struct verifier *v, struct reg *reg, u32 type);
const char *dynptr_type_name(u32 type);
/* DYNPTR_*, which the memory had from it carries. */
u32 dynptr_type_flag(u32 type);

enum iter_use {
	ITER_USE_NEW,
	ITER_USE_NEXT,
	ITER_USE_DESTROY,
	ITER_USE_ARG, /* of some other kernel function */
};

struct iter_arg {
	const struct btf *btf;
	u32 btf_id, size; /* "struct bpf_iter_num" */
	enum iter_use use;
	bool rcu_protected; /* what it gives is kept by RCU alone */
	const char *func;   /* name of the kernel function that is called */
	/* Where the iterator is, of all but a new one; set by check_iter_arg(). */
	u32 frame, slot, ref_id;
};
int check_iter_arg(struct verifier *v, u32 regno, struct iter_arg *arg);
/* After the result of a call of next is set: one path for another round, and the end. */
int follow_iter_next(struct verifier *v, const struct iter_arg *arg);
bool iter_is_active(struct verifier *v, u32 regno);
/* An iterator has moved on between the states. */
bool iter_depths_differ(const struct vstate *old, const struct vstate *cur);
/* At the end of an RCU section: what only that kept valid may not be used again. */
int end_rcu_iters(struct verifier *v);
/* "num" of bpf_iter_num */
const char *iter_type_name(const struct btf *btf, u32 btf_id);

/* ---- instructions ---- */

/* Reserved fields, before registers are looked at; constant divisors and shifts, after. */
int check_insn_fields(struct verifier *v);
int check_insn_operands(struct verifier *v);
int check_alu(struct verifier *v);
int check_branch(struct verifier *v);
/* A pointer that may be null is not; of a map's value what it then really is. */
void reg_set_not_null(struct reg *reg);
/* The last checkpoint at @insn above depth @below that the path went through, or NULL. */
struct vstate *find_previous_entry(struct verifier *v, u32 insn, u32 below);
int widen_imprecise(struct verifier *v, const struct vstate *old, struct vstate *cur);
int check_wide_load(struct verifier *v);
int check_legacy_load(struct verifier *v);
int check_helper_call(struct verifier *v);
int check_subprog_call(struct verifier *v);
int check_kfunc_call(struct verifier *v);
int check_exit(struct verifier *v, bool *path_ends);
int return_from_subprog(struct verifier *v);
bool packet_access_allowed(struct verifier *v, const struct helper_proto *proto, enum access kind);
bool helper_changes_packet(const struct verifier *v, u32 id);
/* "bpf_map_lookup_elem"; valid until the next call. */
const char *func_name(struct verifier *v, u32 id);
void clobber_caller_saved(struct verifier *v);
void init_frame(struct verifier *v, struct frame *frame, u32 callsite, u32 frameno, u32 subprog);
/* Adds a frame to @state; @slots: room in it, saved states need none yet. */
struct frame *enter_subprog(struct verifier *v, struct vstate *state, u32 subprog, u32 slots,
			    int *err);

/* ---- callbacks (callback.c) ---- */

/* Sets what the callee gets in r1 to r5, from the registers and arguments of the call. */
typedef int (*callback_args_fn)(struct verifier *v, struct frame *callee,
				const struct frame *caller, const struct call_args *args);
struct callback {
	u32 subprog;
	bool async;	/* called later, on a stack of its own */
	bool sleepable; /* of an asynchronous one */
	callback_args_fn set_args;
};
/* The call at work may call it, any number of times. */
int push_callback(struct verifier *v, const struct callback *cb, const struct call_args *args);
int push_helper_callback(struct verifier *v, const struct call_args *args);
/* Timers and work queues: @args has the map of the object. */
int set_timer_args(struct verifier *v, struct frame *callee, const struct frame *caller,
		   const struct call_args *args);
int check_timer_arg(struct verifier *v, u32 regno, struct call_args *args);
/*
 * The map of an argument. An object of a map's value ("timer") must be set up
 * with that map, of maps of maps with the same one; NULL: nothing is set up.
 */
int take_map_arg(struct verifier *v, const struct reg *reg, const char *object,
		 struct call_args *args);
int check_wq_arg(struct verifier *v, u32 regno, struct call_args *args);

int reject_range(struct verifier *v, u32 regno, const struct reg *reg,
		 const struct ret_range *range, const char *when);
/* What the program or function may end with: of @regno, which is r0 but for exceptions. */
int check_result(struct verifier *v, u32 regno);
void set_global_args(struct verifier *v, u32 subprog);
int check_global_args(struct verifier *v, u32 subprog);
int prepare_global_args(struct verifier *v, u32 subprog);

/* What the arguments of a helper call turned out to be. */
struct call_args {
	const struct helper_proto *proto;
	const struct map_desc *map;
	u32 map_index, map_uid;
	u32 ref_id;	 /* of the argument that carries one */
	u32 release_reg; /* 0: none */
	u32 mem_size;	 /* of the memory that is returned */
	u64 max_size;	 /* greatest size argument */
	bool raw;	 /* the helper fills uninitialised memory: */
	u32 raw_reg, raw_size;
	u32 subprog; /* of a callback */
	u32 dynptr_id;
	bool changes_packet;
	const struct btf_field *kptr; /* that bpf_kptr_xchg() changes */
	/* of what a CPU's own copy is asked for */
	const struct btf *ret_btf;
	u32 ret_btf_id;
	bool ret_alloc;
};
int check_args(struct verifier *v, struct call_args *args);
/* A text in a map that cannot change, and that ends. */
int check_const_str(struct verifier *v, u32 regno);
/* Which pointers may have been moved; @arg: OBJ_RELEASE or 0. */
int check_arg_offset(struct verifier *v, u32 regno, u32 arg);
int check_helper_mem(struct verifier *v, u32 regno, s64 size, enum access kind, bool zero_ok,
		     struct call_args *args);
/* Whether the pointer may have been moved, for what @arg, an enum arg_kind, does with it. */
int check_arg_offset(struct verifier *v, u32 regno, u32 arg);
int check_map_change(struct verifier *v, const struct map_desc *map, u32 id);
/* Whether programs of this kind may use the map at all. */
int check_map_prog(struct verifier *v, const struct map_desc *map);
int check_map_helper(struct verifier *v, const struct map_desc *map, u32 id);

/* ---- speculation (spec.c): nothing of it with CAP_PERFMON ---- */

/* A pointer's move between the two checks of it. */
struct spec_move {
	struct insn_mask mask;
	bool to_left; /* the number makes the address smaller */
};
/* The outcome of the branch is known: @insn is where it does not go. */
int spec_check_branch(struct verifier *v, u32 insn);
/* The operands of arithmetic are numbers. */
int spec_check_number(struct verifier *v);
/* dst holds the pointer that is to be moved by @by, and then the moved one. */
int spec_check_move(struct verifier *v, const struct scalar *by, bool ptr_in_dst,
		    struct spec_move *move);
int spec_check_moved(struct verifier *v, const struct spec_move *move);
/* After all paths: what cannot be rewritten so that it is safe. */
int spec_check_tail_calls(struct verifier *v);
/* A store whose old or new contents are an address must be done before what follows it. */
void spec_note_store(struct verifier *v, const struct reg *value, const u8 *types, u32 size);

/* ---- facts (facts.c) ---- */

/* An access through a pointer of that type; what one instruction reaches must be of a kind. */
int fact_access(struct verifier *v, u32 insn, u32 type);
void fact_flags(struct verifier *v, u8 flags);
void fact_result(struct verifier *v, u32 insn, const struct reg *reg);
void fact_map(struct verifier *v, u32 insn, u32 map_index);
void facts_start(struct verifier *v);
int facts_finish(struct verifier *v);
/* After states_equal(): the path ends at @old and may have other numbers, see lost.c. */
int facts_pruned(struct verifier *v, const struct vstate *old, const struct vstate *cur);
int facts_carry_lost(struct verifier *v);

#endif
