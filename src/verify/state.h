/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is known at one point of a program on one path: registers, stack
 * slots, call frames, references. Values that are copied at every branch and
 * compared at every pruning point, so they are kept small:
 *
 * - a stack slot refers to a spilled register that is never changed once
 *   stored (a change stores a new one), so that copies of a stack share it;
 * - liveness and precision are bit masks per frame, not fields of registers;
 * - a saved state has exactly the frames and slots that are in use.
 */
#ifndef ANYBPF_VERIFY_STATE_H
#define ANYBPF_VERIFY_STATE_H

#include "helper/dynptr.h"
#include "helper/helper.h"
#include "verify/rules.h"
#include "verify/scalar.h"

enum reg_kind {
	NOT_INIT,
	SCALAR_VALUE,
	PTR_TO_CTX,
	CONST_PTR_TO_MAP,
	PTR_TO_MAP_VALUE,
	PTR_TO_MAP_KEY,
	PTR_TO_STACK,
	PTR_TO_PACKET_META,
	PTR_TO_PACKET,
	PTR_TO_PACKET_END,
	PTR_TO_FLOW_KEYS,
	PTR_TO_SOCKET,
	PTR_TO_SOCK_COMMON,
	PTR_TO_TCP_SOCK,
	PTR_TO_TP_BUFFER,
	PTR_TO_XDP_SOCK,
	PTR_TO_BTF_ID,
	PTR_TO_MEM,
	PTR_TO_ARENA,
	PTR_TO_BUF,
	PTR_TO_FUNC,
	CONST_PTR_TO_DYNPTR,
	REG_KINDS,
};

#define REG_KIND_MASK 0xffu
/* A scalar's id with this bit: equal to the registers of the id without it, plus .off. */
#define ID_ADD_CONST BIT(31)

/* Offsets beyond this are never in bounds of anything. */
#define MAX_VAR_OFF (1 << 29)
#define MAX_VAR_SIZ (1 << 29)

/* range of a packet pointer that was compared with the end in a way that leaves nothing to read */
enum {
	AT_PKT_END = -1,
	BEYOND_PKT_END = -2,
};

struct reg {
	u32 type; /* enum reg_kind | PTR_MAYBE_NULL, MEM_* */
	s32 off;  /* fixed part of a pointer's offset; of a scalar the delta of ID_ADD_CONST */
	union {
		s32 range;    /* packet pointers: bytes known to be there, from .off 0 */
		u32 mem_size; /* PTR_TO_MEM */
		u32 frameno;  /* PTR_TO_STACK */
		u32 subprog;  /* PTR_TO_FUNC */
		u32 map_uid;  /* inner maps: which lookup it came from */
		u32 btf_id;   /* PTR_TO_BTF_ID, and an iterator's slots: a type of .btf */
		struct {
			u8 type;    /* enum dynptr_type */
			bool first; /* of the two slots, the one at the lower address */
		} dynptr;	    /* CONST_PTR_TO_DYNPTR and a dynptr's slots */
		u32 raw;
	};
	union {
		u32 map_index; /* in facts; with .map */
		u32 dynptr_id; /* PTR_TO_MEM: the dynptr that it is a slice of */
		struct {
			u16 state; /* enum iter_state */
			u16 depth; /* calls of next so far; stays at its greatest value */
		} iter;		   /* an iterator's first slot */
		u32 raw2;
	};
	union {
		const struct map_desc *map; /* maps, their keys and values */
		const struct btf *btf;	    /* of .btf_id */
		const void *origin;
	};
	struct scalar s; /* the number, or the variable part of a pointer's offset */
	/* from here on compared up to renaming */
	u32 id;	    /* shared by registers that are known to be equal, or to be null together */
	u32 ref_id; /* the reference that keeps it valid */
};

enum iter_state {
	ITER_INVALID, /* not created, or destroyed */
	ITER_ACTIVE,
	ITER_DRAINED,
};

#define REG_EXACT_PART offsetof(struct reg, id)
#define REG_TYPE_PART  offsetof(struct reg, s)

enum slot_type {
	STACK_INVALID, /* nothing was stored */
	STACK_SPILL,   /* a register; .spill says what is known of it */
	STACK_MISC,    /* some number */
	STACK_ZERO,
	STACK_DYNPTR,
	STACK_ITER,
};

#define SLOT_SIZE 8
#define MAX_SLOTS (MAX_BPF_STACK / SLOT_SIZE)

/* Slot i is bytes [-8 * (i + 1), -8 * i) from the frame pointer; type[0] is the highest byte. */
struct stack_slot {
	u8 type[SLOT_SIZE]; /* enum slot_type */
	const struct reg *spill;
};

#define MAIN_CALLSITE UINT32_MAX

struct frame {
	u32 callsite; /* instruction of the call */
	u16 subprog;
	u16 frameno;
	u32 activation; /* unique per entry of a subprogram */
	bool in_callback;
	bool in_async_callback;
	bool in_exception_callback;
	struct ret_range callback_ret;
	u32 callback_depth; /* calls of a synchronous callback so far */
	u32 async_entries;  /* asynchronous callbacks that led here, one setting the next */

	/* Liveness. written: since the last checkpoint. read: of a checkpoint, by what follows it.
	 */
	u16 reg_written, reg_read;
	u64 slot_written, slot_read;
	/* Scalars of a checkpoint whose value matters to what follows it. */
	u16 reg_precise;
	u64 slot_precise;

	u32 slot_cnt;
	struct reg regs[MAX_BPF_REG];
	struct stack_slot
		slots[]; /* room for MAX_SLOTS in the current state, for slot_cnt in saved ones */
};

struct ref {
	u32 id;
	u32 insn;     /* where it was acquired */
	u32 callback; /* activation of the callback it belongs to, or 0 */
};

struct vstate {
	struct frame *frame[MAX_CALL_FRAMES];
	u32 curframe;
	struct ref *refs;
	u32 ref_cnt, ref_cap;

	/* The bpf_spin_lock that is held: its map's or object's description, and which one. */
	const void *lock_origin;
	u32 lock_id;
	bool rcu_locked;    /* inside bpf_rcu_read_lock() of a sleepable program */
	u32 preempt_locked; /* depth of bpf_preempt_disable() */
	bool speculative;   /* a path that only a mispredicted branch takes */
	bool in_sleepable;  /* of the code at work: async callbacks differ from their program */

	struct vstate *parent; /* the last checkpoint on the path */
	u32 branches;	       /* of a checkpoint: paths from it that are not finished */
	u32 insn, first_insn, last_insn;
	u32 step;      /* instructions of the trace up to here */
	u32 root_step; /* those before an asynchronous callback's first, which it knows nothing of
			*/
	u32 hist_cnt;  /* jumps and stack accesses since the last checkpoint */
	u32 depth;
	u32 callback_unroll_depth, may_goto_depth;
	struct vstate *loop_entry; /* outermost checkpoint that this one loops back to */
	bool used_as_loop_entry;

	/* What loops do to the marks of a checkpoint: see prune.c. Returns are numbered from 1. */
	bool returned_to;  /* a path came back to it before it was done */
	bool marks_unsure; /* numbers that matter may lack the mark */
	u32 first_return;  /* of the paths that it leads to; 0: none comes back */
	/* The last return before it, or one that follows it, was marked. */
	u32 last_mark, last_precise;
	bool cleaned; /* what nothing reads has been forgotten */
};

static inline enum reg_kind reg_kind(const struct reg *reg)
{
	return (enum reg_kind)(reg->type & REG_KIND_MASK);
}

static inline bool reg_maybe_null(const struct reg *reg)
{
	return reg->type & PTR_MAYBE_NULL;
}

static inline bool reg_is_packet(const struct reg *reg)
{
	return reg->type == PTR_TO_PACKET || reg->type == PTR_TO_PACKET_META;
}

static inline bool reg_is_sock(const struct reg *reg)
{
	return reg->type == PTR_TO_SOCKET || reg->type == PTR_TO_SOCK_COMMON ||
	       reg->type == PTR_TO_TCP_SOCK || reg->type == PTR_TO_XDP_SOCK;
}

/* The constant zero. */
static inline bool reg_is_null(const struct reg *reg)
{
	return reg->type == SCALAR_VALUE && reg->s.var_off.mask == 0 && reg->s.var_off.value == 0;
}

static inline bool reg_is_const(const struct reg *reg)
{
	return reg->type == SCALAR_VALUE && tnum_is_const(reg->s.var_off);
}

/* A number that is tied to no other. A distance without an id would mislead a later id. */
static inline void scalar_unlink(struct reg *reg)
{
	reg->id = 0;
	reg->off = 0;
}

extern const struct reg reg_unknown; /* a number that may be anything */

void reg_set_not_init(struct reg *reg);
void reg_set_unknown(struct reg *reg);
void reg_set_const(struct reg *reg, u64 value);
/* A pointer of @type with no offset. */
void reg_set_pointer(struct reg *reg, u32 type);
/* Bits that the number can have: 0 to 64. */
u32 reg_width(const struct reg *reg);

static inline bool slot_is_spill(const struct stack_slot *slot)
{
	return slot->type[SLOT_SIZE - 1] == STACK_SPILL;
}

static inline bool slot_is_scalar_spill(const struct stack_slot *slot)
{
	return slot_is_spill(slot) && slot->spill && slot->spill->type == SCALAR_VALUE;
}

/* All 8 bytes are of one spilled scalar. */
static inline bool slot_is_scalar_spill64(const struct stack_slot *slot)
{
	return slot->type[0] == STACK_SPILL && slot->spill && slot->spill->type == SCALAR_VALUE;
}

static inline struct frame *state_frame(const struct vstate *state)
{
	return state->frame[state->curframe];
}

/* Bytes of a frame with room for the slots in use. */
static inline size_t frame_room(const struct frame *frame)
{
	return sizeof(*frame) + frame->slot_cnt * sizeof(struct stack_slot);
}

/* A frame with room for @slots; zeroed, registers not initialised. */
struct frame *frame_new(const struct mem *mem, u32 slots);
/* Makes room for @n slots in the current state's frame. */
void frame_grow(struct frame *frame, u32 n);

/* Copies for keeping: exactly the room in use. 0 or -ENOMEM (then @dst is empty). */
int state_save(const struct mem *mem, struct vstate *dst, const struct vstate *src);
/* Copies back into a working state, whose frames have full room. */
int state_load(const struct mem *mem, struct vstate *dst, const struct vstate *src);
void state_free(const struct mem *mem, struct vstate *state);

int state_add_ref(const struct mem *mem, struct vstate *state, struct ref ref);
/* False when there is no such reference. */
bool state_drop_ref(struct vstate *state, u32 id);

#endif
