/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the parts of a BPF program are in its machine code, in the shape in
 * which Linux tells it: a range of code per subprogram, an address per record
 * of line information. Linux's own code keeps subprograms apart and their lines
 * in order; ours builds subprograms into others and moves code about. Who reads
 * these tables (libbpf's bpf_prog_linfo, bpftool) relies on the shape:
 *
 * - A subprogram that is part of its callers has the range where its code is
 *   first found in one of them. What became no code at all has none.
 * - The first line of a subprogram is where its code starts, and the others
 *   follow in order: as many as possible where their own code is. Those that
 *   would go back or have no code are where the next one is, which readers take
 *   for an address; behind the last one, at the last byte.
 */
#include <errno.h>

#include "jit/image.h"

/* ---- subprograms ---- */

/* What @line of the code comes from; subprog_cnt: from no instruction. */
static u32 subprog_of(const struct prog *prog, const struct jit_line *line)
{
	return line->pc < prog->insn_cnt ? prog->subprog_of_insn[line->pc] : prog->subprog_cnt;
}

static u32 line_end(const struct jit_image *image, u32 i)
{
	return i + 1 < image->line_cnt ? image->lines[i + 1].offset : image->size;
}

/* The end of the function that @offset is in. */
static u32 func_end(const struct jit_image *image, u32 offset)
{
	for (u32 f = 0; f < image->func_cnt; f++)
		if (offset >= image->funcs[f].start && offset < image->funcs[f].end)
			return image->funcs[f].end;
	return image->size;
}

/* From line @i on, as long as the lines are those of the same subprogram. */
static struct jit_range built_in(const struct prog *prog, u32 i)
{
	const struct jit_image *image = prog->jit;
	u32 subprog = subprog_of(prog, &image->lines[i]);
	u32 start = image->lines[i].offset, limit = func_end(image, start), end = start;

	for (; i < image->line_cnt && image->lines[i].offset < limit; i++) {
		if (subprog_of(prog, &image->lines[i]) != subprog)
			break;
		end = line_end(image, i);
	}
	if (end > limit)
		end = limit;
	return (struct jit_range){.start = start, .size = end - start};
}

bool jit_ranges(const struct prog *prog, struct jit_range *ranges)
{
	const struct jit_image *image = prog->jit;

	memset(ranges, 0, prog->subprog_cnt * sizeof(*ranges));
	if (!image)
		return false;
	for (u32 f = 0; f < image->func_cnt; f++) {
		const struct jit_func *func = &image->funcs[f];

		ranges[func->subprog] =
			(struct jit_range){.start = func->start, .size = func->end - func->start};
	}
	for (u32 i = 0; i < image->line_cnt; i++) {
		u32 subprog = subprog_of(prog, &image->lines[i]);

		if (subprog < prog->subprog_cnt && !ranges[subprog].size)
			ranges[subprog] = built_in(prog, i);
	}
	return true;
}

/* ---- lines ---- */

#define NOWHERE UINT32_MAX

/* The record of line information that instruction @pc is under; line_info_cnt: none. */
static u32 record_of(const struct prog *prog, u32 pc)
{
	u32 lo = 0, hi = prog->line_info_cnt;

	while (lo < hi) {
		u32 mid = lo + (hi - lo) / 2;

		if (prog->line_info[mid].insn_off <= pc)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo ? lo - 1 : prog->line_info_cnt;
}

/* Each record's first code within its subprogram's range. */
static void find_first(const struct prog *prog, const struct jit_range *ranges, u32 *offsets)
{
	const struct jit_image *image = prog->jit;

	for (u32 i = 0; i < prog->line_info_cnt; i++)
		offsets[i] = NOWHERE;
	for (u32 i = 0; i < image->line_cnt; i++) {
		const struct jit_line *line = &image->lines[i];
		u32 subprog = subprog_of(prog, line), record = record_of(prog, line->pc);

		if (subprog == prog->subprog_cnt || record == prog->line_info_cnt)
			continue;
		if (offsets[record] == NOWHERE &&
		    line->offset - ranges[subprog].start < ranges[subprog].size)
			offsets[record] = line->offset;
	}
}

/* The records of one subprogram: @n offsets of code and, for each length, what a chain ends with.
 */
struct chain {
	u32 *offsets, *ends, *before;
	u32 n, len;
};

/* The number of chains whose end is not behind @offset. */
static u32 chains_before(const struct chain *c, u32 offset)
{
	u32 lo = 0, hi = c->len;

	while (lo < hi) {
		u32 mid = lo + (hi - lo) / 2;

		if (c->offsets[c->ends[mid]] <= offset)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/*
 * The longest chain of records that goes up, by what the shortest of each
 * length end with; all others are moved to the next in the chain, or to @end's
 * last byte, where no instruction starts.
 */
static void put_in_order(struct chain *c, u32 end)
{
	u32 last, next = end - 1;

	c->len = 0;
	for (u32 i = 0; i < c->n; i++) {
		u32 at;

		if (c->offsets[i] == NOWHERE)
			continue;
		at = chains_before(c, c->offsets[i]);
		c->before[i] = at ? c->ends[at - 1] : NOWHERE;
		c->ends[at] = i;
		if (at == c->len)
			c->len++;
	}
	/* The first record is where the subprogram starts, so that there is a chain. */
	last = c->ends[c->len - 1];
	for (u32 i = c->n; i-- > 0;) {
		if (i == last) {
			next = c->offsets[i];
			last = c->before[i];
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
		c.offsets[0] = range->start;
		put_in_order(&c, range->start + range->size);
		for (u32 i = 0; i < c.n; i++)
			addresses[first + i] =
				range->size ? ptr_to_u64(prog->jit->code) + c.offsets[i] : 0;
		c.offsets += c.n;
	}
	mem_free(mem, memory);
	return 0;
}
