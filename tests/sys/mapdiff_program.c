/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes the program of mapdiff.h: r6 is the request, r7 what to do, r8 the
 * inner map, r9 the end of the packet; how many requests are left is on the stack.
 */
#include "sys/mapdiff.h"

#include "helper/asm.h"
#include "helper/helper.h"

#define KEY	   (-REQUEST_KEY)
#define VALUE	   (-REQUEST_KEY - REQUEST_VALUE)
#define LEFT	   (VALUE - 8)
#define FIELD(of)  ((s32)offsetof(struct request, of))
#define MAX_LEAVES 32

struct writer {
	struct bpf_insn *insns;
	u32 n;
	u32 leaves[MAX_LEAVES]; /* jumps to the next request */
	u32 nr_leaves;
	const struct mapdiff_map *map;
};

static void put(struct writer *w, struct bpf_insn insn)
{
	w->insns[w->n++] = insn;
}

static void put_leave(struct writer *w, struct bpf_insn jump)
{
	w->leaves[w->nr_leaves++] = w->n;
	put(w, jump);
}

/* @size bytes between two memories, in units that they allow. */
static void put_copy(struct writer *w, u32 to, s32 to_off, u32 from, s32 from_off, u32 size)
{
	static const struct {
		u32 bytes, code;
	} units[] = {{8, BPF_DW}, {4, BPF_W}, {2, BPF_H}, {1, BPF_B}};

	for (u32 done = 0, i = 0; done < size;) {
		if (size - done < units[i].bytes) {
			i++;
			continue;
		}
		put(w, LOAD(units[i].code, 3, from, from_off + (s32)done));
		put(w, STORE(units[i].code, to, to_off + (s32)done, 3));
		done += units[i].bytes;
	}
}

static void put_map(struct writer *w)
{
	const struct bpf_insn load[] = {LOAD_IMM64(1, BPF_PSEUDO_MAP_FD, w->map->fd, 0)};

	put(w, load[0]);
	put(w, load[1]);
}

static void put_stack_address(struct writer *w, u32 reg, s32 off)
{
	put(w, MOV_REG(reg, 10));
	put(w, ALU_IMM(BPF_ADD, reg, off));
}

/* The map and, as r2, where in the stack key or value are. */
static void put_target(struct writer *w, s32 second)
{
	if (w->map->of_maps)
		put(w, MOV_REG(1, 8));
	else
		put_map(w);
	put_stack_address(w, 2, second);
}

static s32 key_at(const struct writer *w)
{
	return w->map->of_maps ? VALUE : KEY;
}

static u32 value_size(const struct writer *w)
{
	return w->map->of_maps ? 8 : w->map->value_size;
}

static void put_lookup(struct writer *w)
{
	put_target(w, key_at(w));
	put(w, CALL(BPF_FUNC_map_lookup_elem));
	put_leave(w, JUMP_IMM(BPF_JEQ, 0, 0, 0));
	put_copy(w, 6, FIELD(found), 0, 0, value_size(w));
	put(w, STORE_IMM(BPF_DW, 6, FIELD(result), 1));
}

static void put_lookup_percpu(struct writer *w)
{
	put_target(w, KEY);
	put(w, LOAD(BPF_DW, 3, 6, FIELD(flags)));
	put(w, CALL(BPF_FUNC_map_lookup_percpu_elem));
	put_leave(w, JUMP_IMM(BPF_JEQ, 0, 0, 0));
	put_copy(w, 6, FIELD(found), 0, 0, value_size(w));
	put(w, STORE_IMM(BPF_DW, 6, FIELD(result), 1));
}

static void put_update(struct writer *w)
{
	put_target(w, key_at(w));
	put_stack_address(w, 3, w->map->of_maps ? VALUE + 8 : VALUE);
	put(w, LOAD(BPF_DW, 4, 6, FIELD(flags)));
	put(w, CALL(BPF_FUNC_map_update_elem));
	put(w, STORE(BPF_DW, 6, FIELD(result), 0));
}

static void put_delete(struct writer *w)
{
	put_target(w, key_at(w));
	put(w, CALL(BPF_FUNC_map_delete_elem));
	put(w, STORE(BPF_DW, 6, FIELD(result), 0));
}

static void put_push(struct writer *w)
{
	put_target(w, VALUE);
	put(w, LOAD(BPF_DW, 3, 6, FIELD(flags)));
	put(w, CALL(BPF_FUNC_map_push_elem));
	put(w, STORE(BPF_DW, 6, FIELD(result), 0));
}

static void put_take(struct writer *w, s32 func)
{
	put_target(w, VALUE);
	put(w, CALL(func));
	put(w, STORE(BPF_DW, 6, FIELD(result), 0));
	put_copy(w, 6, FIELD(found), 10, VALUE, value_size(w));
}

static void put_pop(struct writer *w)
{
	put_take(w, BPF_FUNC_map_pop_elem);
}

static void put_peek(struct writer *w)
{
	put_take(w, BPF_FUNC_map_peek_elem);
}

static void put_op(struct writer *w, s32 func, void (*body)(struct writer *w))
{
	u32 skip = w->n;

	put(w, JUMP_IMM(BPF_JNE, 7, func, 0));
	body(w);
	put_leave(w, JUMP_IMM(BPF_JA, 0, 0, 0));
	w->insns[skip].off = (s16)(w->n - skip - 1);
}

static void put_ops(struct writer *w)
{
	switch (w->map->type) {
	case BPF_MAP_TYPE_QUEUE:
	case BPF_MAP_TYPE_STACK:
		put_op(w, BPF_FUNC_map_pop_elem, put_pop);
		/* fallthrough */
	case BPF_MAP_TYPE_BLOOM_FILTER:
		put_op(w, BPF_FUNC_map_push_elem, put_push);
		put_op(w, BPF_FUNC_map_peek_elem, put_peek);
		break;
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
		put_op(w, BPF_FUNC_map_lookup_percpu_elem, put_lookup_percpu);
		/* fallthrough */
	default:
		put_op(w, BPF_FUNC_map_lookup_elem, put_lookup);
		put_op(w, BPF_FUNC_map_update_elem, put_update);
		put_op(w, BPF_FUNC_map_delete_elem, put_delete);
		break;
	}
}

static void put_inner(struct writer *w)
{
	put_map(w);
	put_stack_address(w, 2, KEY);
	put(w, CALL(BPF_FUNC_map_lookup_elem));
	put_leave(w, JUMP_IMM(BPF_JEQ, 0, 0, 0));
	put(w, MOV_REG(8, 0));
}

/* One request; on to the next from wherever it ends. */
static void put_request(struct writer *w)
{
	put(w, LOAD(BPF_DW, 7, 6, FIELD(op)));
	put_copy(w, 10, KEY, 6, FIELD(key), REQUEST_KEY);
	put_copy(w, 10, VALUE, 6, FIELD(value), REQUEST_VALUE);
	if (w->map->of_maps)
		put_inner(w);
	put_ops(w);
	for (u32 i = 0; i < w->nr_leaves; i++)
		w->insns[w->leaves[i]].off = (s16)(w->n - w->leaves[i] - 1);
}

u32 mapdiff_program(const struct mapdiff_map *map, struct bpf_insn *insns)
{
	struct writer w = {.insns = insns, .map = map};
	u32 loop, full, end;

	put(&w, LOAD(BPF_W, 6, 1, 0));
	put(&w, LOAD(BPF_W, 9, 1, 4));
	put(&w, STORE_IMM(BPF_DW, 10, LEFT, REQUESTS));
	loop = w.n;
	put(&w, MOV_REG(2, 6));
	put(&w, ALU_IMM(BPF_ADD, 2, (s32)sizeof(struct request)));
	full = w.n;
	put(&w, JUMP_REG(BPF_JGT, 2, 9, 0));
	put_request(&w);
	put(&w, ALU_IMM(BPF_ADD, 6, (s32)sizeof(struct request)));
	put(&w, LOAD(BPF_DW, 1, 10, LEFT));
	put(&w, ALU_IMM(BPF_SUB, 1, 1));
	put(&w, STORE(BPF_DW, 10, LEFT, 1));
	put(&w, JUMP_IMM(BPF_JNE, 1, 0, (s32)loop - (s32)w.n - 1));
	end = w.n;
	insns[full].off = (s16)(end - full - 1);
	put(&w, MOV_IMM(0, 2));
	put(&w, EXIT());
	return w.n;
}
