/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the parts of a BPF program are in its machine code, in the shape in
 * which Linux tells it: a range of code per subprogram, an address per record
 * of line information. Linux's own code keeps subprograms apart and their lines
 * in order; ours builds subprograms into others and moves code about. Readers of
 * these tables (libbpf's bpf_prog_linfo, bpftool) refuse what has not this shape:
 *
 * - Each subprogram has a range of its own. One that is part of its callers, or
 *   came to nothing, has some bytes that trap, to which nothing goes.
 * - The first line of a subprogram is where its code starts, and each other has
 *   a higher address than the one before: as many as possible where their own
 *   code is. Those that would go back or have no code are right before the next
 *   one, where no instruction starts.
 *
 * Code of a file (aot/) has no such bytes: such subprograms have no range.
 */
#include "jit/locate.h"

#include <errno.h>

#include "jit/image.h"
#include "jit/target.h"

/* ---- subprograms ---- */

/* The first record of line information at instruction @pc or behind. */
static u32 first_record(const struct prog *prog, u32 pc)
{
	return first_from(prog->line_info, prog->line_info_cnt, insn_off, pc);
}

/* What a subprogram needs at least: a byte per line, in whole instructions of any machine. */
static u32 least_size(const struct prog *prog, u32 subprog)
{
	const struct subprog *sub = &prog->subprogs[subprog];
	u32 lines = first_record(prog, sub->end) - first_record(prog, sub->start);

	return ROUND_UP(lines ? lines : 1, 4u);
}

static void put_padding(struct jit_code *code, u32 until)
{
	while (code_at(code) < until && !code->buf.failed)
		buf_putc(&code->buf, (char)code->unit->target->padding);
}

void locate_pad(struct jit_code *code)
{
	struct jit_func *func = &code->funcs.at[code->funcs.len - 1];
	u32 least = least_size(code->unit->prog, func->subprog);

	if (func->end - func->start >= least)
		return;
	put_padding(code, func->start + least);
	func->end = code_at(code);
}

void locate_put_stubs(struct jit_code *code, const bool *done)
{
	const struct prog *prog = code->unit->prog;

	put_padding(code, ROUND_UP(code_at(code), 16u));
	code->stubs_at = code_at(code);
	for (u32 s = 0; s < prog->subprog_cnt; s++)
		if (!done[s])
			put_padding(code, code_at(code) + least_size(prog, s));
}

bool jit_ranges(const struct prog *prog, struct jit_range *ranges)
{
	const struct jit_image *image = prog->jit;
	u32 at;

	memset(ranges, 0, prog->subprog_cnt * sizeof(*ranges));
	if (!image)
		return false;
	for (u32 f = 0; f < image->func_cnt; f++) {
		const struct jit_func *func = &image->funcs[f];

		ranges[func->subprog] =
			(struct jit_range){.start = func->start, .size = func->end - func->start};
	}
	at = image->stubs_at;
	for (u32 s = 0; at && s < prog->subprog_cnt; s++) {
		if (ranges[s].size)
			continue;
		ranges[s] = (struct jit_range){.start = at, .size = least_size(prog, s)};
		at += ranges[s].size;
	}
	return true;
}

/* ---- lines ---- */

#define NOWHERE UINT32_MAX

/* The record of line information that instruction @pc is under; line_info_cnt: none. */
static u32 record_of(const struct prog *prog, u32 pc)
{
	u32 next = first_record(prog, pc + 1);

	return next ? next - 1 : prog->line_info_cnt;
}

/* Each record's first code within its subprogram's range. */
static void find_first(const struct prog *prog, const struct jit_range *ranges, u32 *offsets)
{
	const struct jit_image *image = prog->jit;

	for (u32 i = 0; i < prog->line_info_cnt; i++)
		offsets[i] = NOWHERE;
	for (u32 i = 0; i < image->line_cnt; i++) {
		const struct jit_line *line = &image->lines[i];
		const struct jit_range *range;
		u32 record;

		if (line->pc >= prog->insn_cnt)
			continue;
		record = record_of(prog, line->pc);
		range = &ranges[prog->subprog_of_insn[line->pc]];
		if (record < prog->line_info_cnt && offsets[record] == NOWHERE &&
		    line->offset - range->start < range->size)
			offsets[record] = line->offset;
	}
}

/*
 * The records of one subprogram: @n offsets of code in its range and, for each
 * length, what a chain ends with.
 */
struct chain {
	u32 *offsets, *ends, *before;
	u32 n, len;
	u32 start, end;
};

/* What grows along a chain: so there is a byte for each record between two of it. */
static u32 key(const struct chain *c, u32 i)
{
	return c->offsets[i] - i;
}

/* Whether there is a byte for each record before it, and for each behind. */
static bool may_stay(const struct chain *c, u32 i)
{
	return c->offsets[i] != NOWHERE && c->offsets[i] - c->start >= i &&
	       c->end - c->offsets[i] >= c->n - i;
}

/* The number of chains that record @i may follow. */
static u32 chains_before(const struct chain *c, u32 i)
{
	u32 lo = 0, hi = c->len;

	while (lo < hi) {
		u32 mid = lo + (hi - lo) / 2;

		if (key(c, c->ends[mid]) <= key(c, i))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/*
 * The longest chain of records that goes up, by what the shortest of each
 * length end with; all others go right before the next, the last to the end.
 */
static void put_in_order(struct chain *c)
{
	u32 last = NOWHERE, next = c->end;

	c->len = 0;
	for (u32 i = 0; i < c->n; i++) {
		u32 at;

		if (!may_stay(c, i))
			continue;
		at = chains_before(c, i);
		c->before[i] = at ? c->ends[at - 1] : NOWHERE;
		c->ends[at] = i;
		if (at == c->len)
			c->len++;
	}
	if (c->len)
		last = c->ends[c->len - 1];
	for (u32 i = c->n; i-- > 0;) {
		if (i == last) {
			next = c->offsets[i];
			last = c->before[i];
		} else if (next > c->start) {
			next--; /* or there are more lines than bytes, in code of a file */
		}
		c->offsets[i] = next;
	}
}

/* From @first on, the records of the subprogram of record @first. */
static u32 records_of(const struct prog *prog, u32 first)
{
	u32 end = prog->subprogs[prog->subprog_of_insn[prog->line_info[first].insn_off]].end;
	u32 n = 1;

	while (first + n < prog->line_info_cnt && prog->line_info[first + n].insn_off < end)
		n++;
	return n;
}

int jit_line_addresses(const struct prog *prog, const struct jit_range *ranges, u64 *addresses)
{
	const struct mem *mem = prog->obj.host->mem;
	u32 cnt = prog->line_info_cnt;
	u32 *memory;
	struct chain c;

	if (!cnt)
		return 0;
	memory = mem_zalloc_array(mem, 3ull * cnt, sizeof(u32));
	if (!memory)
		return -ENOMEM;
	c = (struct chain){.offsets = memory, .ends = memory + cnt, .before = memory + 2ull * cnt};
	find_first(prog, ranges, c.offsets);
	for (u32 first = 0; first < cnt; first += c.n) {
		u32 insn = prog->line_info[first].insn_off;
		const struct jit_range *range = &ranges[prog->subprog_of_insn[insn]];

		c.n = records_of(prog, first);
		c.start = range->start;
		c.end = range->start + range->size;
		c.offsets[0] = range->start;
		put_in_order(&c);
		for (u32 i = 0; i < c.n; i++)
			addresses[first + i] =
				range->size ? ptr_to_u64(prog->jit->code) + c.offsets[i] : 0;
		c.offsets += c.n;
	}
	mem_free(mem, memory);
	return 0;
}

u32 jit_code_lines(const struct prog *prog, struct jit_code_line *lines, u32 most)
{
	const struct jit_image *image = prog->jit;
	u32 n = 0;

	for (u32 i = 0; image && i < image->line_cnt && n < most; i++) {
		const struct jit_line *line = &image->lines[i];
		u32 record = record_of(prog, line->pc);

		if (line->pc < prog->insn_cnt && record < prog->line_info_cnt)
			lines[n++] = (struct jit_code_line){
				.address = ptr_to_u64(image->code + line->offset),
				.record = record,
			};
	}
	return n;
}
