/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Jumps and other things that depend on where code stands. Everything is
 * written as one word with a note (struct a64_site) of it. When the function
 * is complete, those that do not reach are marked until no more are found, the
 * code is moved apart for the words that they need, and the distances are
 * filled in. Functions of less than 32 KiB never need that.
 */
#include <errno.h>

#include "base/bytes.h"
#include "jit/arm64/arm64.h"

/* Calls within a program, and jumps, reach no farther. */
#define MAX_CODE (127u << 20)
/* After so many rounds, all that might not reach is marked. */
#define ROUNDS 8

u32 a64_label(struct a64 *e)
{
	if (!vec_push(&e->labels, e->mem, (struct a64_label){0})) {
		e->code->failed = true;
		return 0; /* the entry's; nobody jumps */
	}
	return (u32)e->labels.len - 1;
}

void a64_bind(struct a64 *e, u32 label)
{
	e->labels.at[label] =
		(struct a64_label){.at = code_at(e->code), .sites = (u32)e->sites.len};
}

void a64_site(struct a64 *e, u8 kind, u32 word, u32 target)
{
	struct a64_site site = {.kind = kind, .at = code_at(e->code), .target = target};

	if (!vec_push(&e->sites, e->mem, site))
		e->code->failed = true;
	a64_put(e->code, word);
}

void a64_pool(struct a64 *e, u8 rt, u32 sym)
{
	a64_site(e, SITE_POOL, A64_ADRP | rt, code_pool(e->code, &e->fn->syms[sym]));
	a64_put(e->code, A64_LDR_PAGE | (u32)rt << 5 | rt);
}

/* ---- what does not reach ---- */

/* How many bits a site has for its distance in words. */
static u32 reach_bits(const struct a64_site *site)
{
	switch (site->kind) {
	case SITE_COND:
		return 19;
	case SITE_BIT:
		return 14;
	default:
		return 26;
	}
}

/* Bytes that the long form takes more. */
static u32 far_bytes(const struct a64_site *site)
{
	return site->far ? 4 : 0;
}

/* By site: how much those before it take more; one more entry than sites. */
static void sum_growth(const struct a64 *e, u32 *before)
{
	before[0] = 0;
	for (u32 i = 0; i < e->sites.len; i++)
		before[i + 1] = before[i] + far_bytes(&e->sites.at[i]);
}

static u32 label_offset(const struct a64 *e, const u32 *before, u32 label)
{
	return e->labels.at[label].at + before[e->labels.at[label].sites];
}

static bool reaches(s64 distance, u32 bits)
{
	s64 limit = 4ll << (bits - 1);

	return distance >= -limit && distance < limit;
}

static bool is_far(const struct a64 *e, const u32 *before, u32 i)
{
	const struct a64_site *site = &e->sites.at[i];
	s64 at = (s64)site->at + before[i];

	switch (site->kind) {
	case SITE_COND:
	case SITE_BIT:
		return !reaches(label_offset(e, before, site->target) - at, reach_bits(site));
	default:
		return false;
	}
}

static bool lengthen_round(struct a64 *e, const u32 *before, bool all)
{
	bool any = false;

	for (u32 i = 0; i < e->sites.len; i++) {
		struct a64_site *site = &e->sites.at[i];
		bool may = reach_bits(site) < 26;

		if (site->far || !may || !(all || is_far(e, before, i)))
			continue;
		site->far = any = true;
	}
	return any;
}

static void find_far(struct a64 *e, u32 *before)
{
	for (u32 i = 0; lengthen_round(e, before, i == ROUNDS); i++)
		sum_growth(e, before);
}

/* ---- moving apart ---- */

static bool move_code(struct a64 *e, const u32 *before)
{
	u32 end = code_at(e->code);
	u8 *code;

	if (!before[e->sites.len])
		return true;
	buf_add_zero(&e->code->buf, before[e->sites.len]);
	if (e->code->buf.failed)
		return false;
	code = e->code->buf.data;
	for (u32 i = (u32)e->sites.len; i-- > 0;) {
		u32 at = e->sites.at[i].at, rest = at + 4;

		memmove(code + rest + before[i + 1], code + rest, end - rest);
		memmove(code + at + before[i], code + at, 4);
		end = at;
	}
	return true;
}

/* What the code before an offset takes more; asked with growing offsets. */
struct growth {
	const struct a64 *e;
	const u32 *before;
	u32 site;
};

static u32 moved(struct growth *g, u32 at)
{
	while (g->site < g->e->sites.len && g->e->sites.at[g->site].at < at)
		g->site++;
	return at + g->before[g->site];
}

static void move_notes(struct a64 *e, const u32 *before)
{
	struct growth lines = {.e = e, .before = before}, fixups = lines, frames = lines;

	if (!before[e->sites.len])
		return;
	for (size_t i = e->first_line; i < e->code->lines.len; i++)
		e->code->lines.at[i].offset = moved(&lines, e->code->lines.at[i].offset);
	for (size_t i = e->first_frame; i < e->code->frames.len; i++)
		e->code->frames.at[i].offset = moved(&frames, e->code->frames.at[i].offset);
	for (size_t i = e->first_fixup; i < e->code->fixups.len; i++) {
		struct fault_fixup *fixup = &e->code->fixups.at[i];

		fixup->at = moved(&fixups, fixup->at);
		fixup->resume = moved(&fixups, fixup->resume);
	}
}

/* ---- filling in ---- */

static u32 get_word(const struct jit_code *code, u32 at)
{
	u32 word = 0;

	for (u32 i = 0; i < 4; i++)
		word |= (u32)code->buf.data[at + i] << (8 * i);
	return word;
}

static void put_word(struct jit_code *code, u32 at, u32 word)
{
	for (u32 i = 0; i < 4; i++)
		code->buf.data[at + i] = (u8)(word >> (8 * i));
}

/* @word with its way of @bits, of which the lowest is bit 0 or 5. */
static u32 with_distance(u32 word, u32 bits, u32 distance)
{
	return word | (distance >> 2 & (BIT(bits) - 1)) << (bits == 26 ? 0 : 5);
}

/* The other condition over a jump that reaches. */
static void put_far_jump(struct a64 *e, const struct a64_site *site, u32 at, u32 target)
{
	u32 word = get_word(e->code, at);
	bool flags = (word & 0xff000000) == A64_B_COND;

	put_word(e->code, at, with_distance(word ^ (flags ? 1 : 1u << 24), reach_bits(site), 8));
	put_word(e->code, at + 4, with_distance(A64_B, 26, target - (at + 4)));
}

static void put_near(struct a64 *e, const struct a64_site *site, u32 at, u32 target)
{
	u32 word = get_word(e->code, at);

	put_word(e->code, at, with_distance(word, reach_bits(site), target - at));
}

static void put_site(struct a64 *e, const struct a64_site *site, u32 at, const u32 *before)
{
	u32 target;

	switch (site->kind) {
	case SITE_JUMP:
	case SITE_COND:
	case SITE_BIT:
		target = label_offset(e, before, site->target);
		if (site->far)
			put_far_jump(e, site, at, target);
		else
			put_near(e, site, at, target);
		break;
	case SITE_CALL:
		put_near(e, site, at,
			 (u32)(e->calls.at[site->target] - ptr_to_u64(e->code->at_base)));
		break;
	case SITE_LINK:
		code_link(e->code, at, site->target);
		break;
	case SITE_POOL:
		code_pool_use(e->code, at, site->target);
		break;
	}
}

int a64_finish(struct a64 *e)
{
	u32 *before, code_size = code_at(e->code);
	int ret = -ENOMEM;

	if (e->code->failed)
		return -ENOMEM;
	before = mem_zalloc_array(e->mem, e->sites.len + 1, sizeof(*before));
	if (!before)
		return -ENOMEM;
	find_far(e, before);
	if (code_size > MAX_CODE || before[e->sites.len] > MAX_CODE - code_size) {
		ret = err_set(e->code->unit->err, -E2BIG, "machine code of more than 127 MiB");
	} else if (move_code(e, before)) {
		move_notes(e, before);
		for (u32 i = 0; i < e->sites.len && !buf_error(&e->code->buf); i++)
			put_site(e, &e->sites.at[i], e->sites.at[i].at + before[i], before);
		ret = e->code->failed ? -ENOMEM : buf_error(&e->code->buf);
	}
	mem_free(e->mem, before);
	return ret;
}

void a64_link(struct jit_code *code, u32 at, u32 target)
{
	put_word(code, at, with_distance(A64_BL, 26, target - at));
}

void a64_link_pool(u8 *code, u64 at, u64 target)
{
	u32 pages = (u32)((target >> 12) - (at >> 12));
	u32 adrp = get_le32(code), load = get_le32(code + 4);

	put_le32(code, adrp | (pages & 3) << 29 | (pages >> 2 & (BIT(19) - 1)) << 5);
	put_le32(code + 4, load | (u32)(target >> 3 & 511) << 10);
}
