/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loads of neighbouring bytes that are put together become one load, with a
 * byte swap where the lower address is the upper byte; stores to neighbouring
 * bytes become one store where one number, part of one value or one load is
 * what they store. Nothing is read or written that was not before.
 *
 * Within a block. Loads may meet when no write that can change them stands
 * between; stores wait in runs, one per pointer, and a run ends where anything
 * may look at its memory or write to it.
 */
#include <string.h>

#include "jit/pass/bytes.h"
#include "jit/pass/pass.h"

/* Memory that is told apart: the kinds of enum mem_kind that never overlap. */
enum area { AREA_ANY, AREA_STACK, AREA_CTX, AREA_MAP, AREA_PACKET, AREA_PRIVATE, AREA_CNT };

#define RUNS	 4
#define RUN_MOST 32 /* stores of a run */

struct run_store {
	ir_ref ref;
	s64 disp; /* 32 bits, of which sums are made */
	u8 size;
	u32 place; /* order in the block */
};

/* Stores by one pointer that do not overlap, sorted by address. */
struct store_run {
	struct run_store at[RUN_MOST];
	u32 n; /* 0: free */
};

struct merge {
	struct ir_fn *fn;
	struct bytes bytes;
	u32 epoch[AREA_CNT], next_epoch;
	u32 place;
	struct store_run runs[RUNS];
	u32 next_run;
	bool changed;
};

static enum area area_of(const struct ir_insn *insn)
{
	static const u8 areas[MEM_KERNEL + 1] = {
		[MEM_STACK] = AREA_STACK,
		[MEM_CTX] = AREA_CTX,
		[MEM_MAP_VALUE] = AREA_MAP,
		[MEM_PACKET] = AREA_PACKET,
	};

	return insn->flags & IR_UNALIASED ? AREA_PRIVATE : (enum area)areas[insn->mem];
}

static bool may_overlap(enum area a, enum area b)
{
	if (a == AREA_PRIVATE || b == AREA_PRIVATE)
		return a == b;
	return a == b || a == AREA_ANY || b == AREA_ANY;
}

static bool same_pointer(const struct ir_insn *a, const struct ir_insn *b)
{
	return a->arg[0] == b->arg[0] && a->arg[1] == b->arg[1] && a->scale == b->scale;
}

/* ---- loads ---- */

/* The bytes that are not 0: from @first on, their number; false when there are others behind. */
static bool used_bytes(const struct value_bytes *v, u32 *first, u32 *n)
{
	u32 i = 0;

	while (i < 8 && !v->of[i] && !v->byte[i])
		i++;
	*first = i;
	while (i < 8 && v->of[i])
		i++;
	*n = i - *first;
	while (i < 8 && !v->of[i] && !v->byte[i])
		i++;
	return i == 8 && (*n == 2 || *n == 4 || *n == 8);
}

static bool is_load_of_several(const struct ir_fn *fn, const struct value_bytes *v, u32 first,
			       u32 n)
{
	for (u32 i = first + 1; i < first + n; i++)
		if (v->of[i] != v->of[first])
			return ir_at(fn, v->of[i])->op == IR_LOAD;
	return false;
}

static void merge_loads(struct merge *m, ir_ref ref)
{
	struct ir_fn *fn = m->fn;
	struct value_bytes v, low = {.shared = false};
	u32 first, n;
	ir_ref value;

	if (!m->bytes.made[ref])
		return;
	v = *m->bytes.made[ref];
	if (!used_bytes(&v, &first, &n) || !is_load_of_several(fn, &v, first, n))
		return;
	memcpy(low.of, v.of + first, n * sizeof(low.of[0]));
	memcpy(low.byte, v.byte + first, n);
	low.shared = v.shared;
	value = bytes_make(&m->bytes, &low, n, true, ref);
	if (value && first) {
		struct ir_insn shl = ir_binary(IR_SHL, 8, value, ir_const(fn, 8 * (u64)first));

		shl.pc = ir_at(fn, ref)->pc;
		value = ir_insert(fn, ref, shl);
	}
	if (!value)
		return;
	ir_replace(fn, ref, value);
	m->changed = true;
}

/* ---- stores ---- */

/* What @n bytes of a run get, from its store number @i on; 0 when they do not fit together. */
static u32 stored_bytes(const struct merge *m, const struct store_run *run, u32 i, u32 n,
			struct value_bytes *v)
{
	u32 done = 0, first = i;

	v->shared = false;
	for (; done < n && i < run->n; i++) {
		const struct run_store *store = &run->at[i];
		ir_ref value = ir_at(m->fn, store->ref)->arg[2];
		struct value_bytes part;

		if (store->disp != run->at[first].disp + done || done + store->size > n)
			return 0;
		bytes_of(&m->bytes, value, &part);
		v->shared |= part.shared | (ir_at(m->fn, value)->uses > 1);
		memcpy(v->of + done, part.of, store->size * sizeof(part.of[0]));
		memcpy(v->byte + done, part.byte, store->size);
		done += store->size;
	}
	return done == n && i - first > 1 ? i - first : 0;
}

static ir_ref last_store(const struct store_run *run, u32 first, u32 cnt)
{
	const struct run_store *last = &run->at[first];

	for (u32 i = first; i < first + cnt; i++)
		if (run->at[i].place > last->place)
			last = &run->at[i];
	return last->ref;
}

/* Stores @first to @first + @cnt of the run become one of @n bytes, where the last of them is. */
static void store_at_once(struct merge *m, struct store_run *run, u32 first, u32 cnt, u32 n,
			  ir_ref value)
{
	ir_ref last = last_store(run, first, cnt);
	struct ir_insn store = *ir_at(m->fn, last);

	store.disp = (s32)run->at[first].disp;
	store.size = (u8)n;
	store.arg[2] = value;
	ir_insert(m->fn, last, store);
	for (u32 i = first; i < first + cnt; i++)
		ir_remove(m->fn, run->at[i].ref);
	m->changed = true;
}

/* The longest row of the run's stores from @first on that can be one; how many it took. */
static u32 merge_from(struct merge *m, struct store_run *run, u32 first)
{
	for (u32 n = 8; n > run->at[first].size; n /= 2) {
		struct value_bytes v;
		u32 cnt = stored_bytes(m, run, first, n, &v);
		ir_ref value;

		if (!cnt)
			continue;
		value = bytes_make(&m->bytes, &v, n, false, last_store(run, first, cnt));
		if (!value)
			continue;
		store_at_once(m, run, first, cnt, n, value);
		return cnt;
	}
	return 1;
}

static void end_run(struct merge *m, struct store_run *run)
{
	for (u32 i = 0; i + 1 < run->n;)
		i += merge_from(m, run, i);
	run->n = 0;
}

static void end_runs(struct merge *m)
{
	for (u32 i = 0; i < RUNS; i++)
		end_run(m, &m->runs[i]);
}

static bool overlaps(const struct store_run *run, s64 disp, u32 size)
{
	for (u32 i = 0; i < run->n; i++)
		if (run->at[i].disp < disp + size && disp < run->at[i].disp + run->at[i].size)
			return true;
	return false;
}

/* Ends the runs whose memory an access may reach, but for @but. */
static void end_reached(struct merge *m, const struct ir_insn *insn, const struct store_run *but)
{
	for (u32 i = 0; i < RUNS; i++) {
		struct store_run *run = &m->runs[i];
		const struct ir_insn *other = ir_at(m->fn, run->at[0].ref);

		if (!run->n || run == but || !may_overlap(area_of(insn), area_of(other)))
			continue;
		if (!same_pointer(insn, other) || overlaps(run, insn->disp, insn->size))
			end_run(m, run);
	}
}

static bool fits_run(const struct merge *m, const struct store_run *run,
		     const struct ir_insn *store)
{
	const struct ir_insn *other = ir_at(m->fn, run->at[0].ref);

	return run->n && run->n < RUN_MOST && same_pointer(store, other) &&
	       store->mem == other->mem && store->flags == other->flags &&
	       !(store->flags & IR_PROBE) &&
	       !overlaps(run, store->disp, store->size);
}

static struct store_run *run_for(struct merge *m, const struct ir_insn *store)
{
	struct store_run *run = NULL;

	for (u32 i = 0; i < RUNS && !run; i++)
		if (fits_run(m, &m->runs[i], store))
			run = &m->runs[i];
	end_reached(m, store, run);
	for (u32 i = 0; i < RUNS && !run; i++)
		if (!m->runs[i].n)
			run = &m->runs[i];
	if (!run) {
		run = &m->runs[m->next_run++ % RUNS];
		end_run(m, run);
	}
	return run;
}

static void note_store(struct merge *m, ir_ref ref)
{
	const struct ir_insn *insn = ir_at(m->fn, ref);
	struct store_run *run = run_for(m, insn);
	u32 i = run->n++;

	for (; i && run->at[i - 1].disp > insn->disp; i--)
		run->at[i] = run->at[i - 1];
	run->at[i] = (struct run_store){ref, insn->disp, insn->size, m->place};
}

/* ---- the walk ---- */

/* What is written: loads of it from here on see another memory. */
static void note_write(struct merge *m, const struct ir_insn *insn)
{
	bool access = ir_flags(insn) & IR_OP_MEM;

	for (u32 area = 0; area < AREA_CNT; area++)
		if (!access || may_overlap(area_of(insn), (enum area)area))
			m->epoch[area] = ++m->next_epoch;
}

static void note_load(struct merge *m, ir_ref ref)
{
	const struct ir_insn *insn = ir_at(m->fn, ref);

	end_reached(m, insn, NULL);
	m->bytes.epoch[ref] = m->epoch[area_of(insn)];
	m->bytes.place[ref] = m->place;
}

static void merge_insn(struct merge *m, ir_ref ref)
{
	const struct ir_insn *insn = ir_at(m->fn, ref);
	u16 flags = ir_flags(insn);

	m->place++;
	if (insn->op == IR_LOAD) {
		note_load(m, ref);
	} else if (insn->op == IR_STORE) {
		note_store(m, ref);
		note_write(m, insn);
	} else if (flags & (IR_OP_READ | IR_OP_WRITE)) {
		end_runs(m);
		note_write(m, insn);
	} else if (flags & IR_OP_PURE) {
		bytes_note(&m->bytes, ref);
		merge_loads(m, ref);
	}
}

static void merge_block(struct merge *m, u32 block)
{
	for (u32 area = 0; area < AREA_CNT; area++)
		m->epoch[area] = ++m->next_epoch;
	ir_each (m->fn, block, ref)
		if (ref < m->bytes.ninsns)
			merge_insn(m, ref);
	end_runs(m);
}

/* Two accesses at least that could be part of a larger one. */
static bool has_parts(const struct ir_fn *fn)
{
	u32 n = 0;

	ir_each_block (fn, b) {
		ir_each (fn, b, ref) {
			const struct ir_insn *insn = ir_at(fn, ref);

			n += (insn->op == IR_LOAD || insn->op == IR_STORE) && insn->size < 8;
			if (n == 2)
				return true;
		}
	}
	return false;
}

bool pass_merge(struct ir_fn *fn)
{
	struct merge m = {.fn = fn};

	if (!has_parts(fn))
		return false;
	ir_count_uses(fn);
	if (bytes_init(&m.bytes, fn)) {
		fn->failed = true;
		return false;
	}
	ir_each_block (fn, b) {
		if (!fn->failed)
			merge_block(&m, b);
	}
	bytes_free(&m.bytes);
	return m.changed;
}
