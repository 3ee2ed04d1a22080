/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Jumps and other things that depend on where code stands. Everything is
 * written as one word with a note (struct jit_site) of it. When the function
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

void a64_site(struct a64 *e, u8 kind, u32 word, u32 target)
{
	sites_add(&e->sites,
		  (struct jit_site){.kind = kind, .at = code_at(e->code), .target = target});
	a64_put(e->code, word);
}

void a64_pool(struct a64 *e, u8 rt, u32 sym)
{
	a64_site(e, SITE_POOL, A64_ADRP | rt, code_pool(e->code, &e->fn->syms[sym]));
	a64_put(e->code, A64_LDR_PAGE | (u32)rt << 5 | rt);
}

/* ---- what does not reach ---- */

/* How many bits a site has for its distance in words. */
static u32 reach_bits(const struct jit_site *site)
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

static bool reaches(s64 distance, u32 bits)
{
	s64 limit = 4ll << (bits - 1);

	return distance >= -limit && distance < limit;
}

static bool is_far(const struct jit_sites *s, u32 i)
{
	const struct jit_site *site = &s->all.at[i];

	return !reaches((s64)sites_label_at(s, site->target) - sites_at(s, i), reach_bits(site));
}

static bool lengthen_round(struct jit_sites *s, bool all)
{
	bool any = false;

	for (u32 i = 0; i < s->all.len; i++) {
		struct jit_site *site = &s->all.at[i];
		bool may = site->kind == SITE_COND || site->kind == SITE_BIT;

		if (!may || site->grows || !(all || is_far(s, i)))
			continue;
		site->grows = 4;
		any = true;
	}
	return any;
}

static void find_far(struct jit_sites *s)
{
	for (u32 i = 0; lengthen_round(s, i == ROUNDS); i++)
		sites_sum(s);
}

/* ---- moving apart ---- */

static bool move_code(struct jit_sites *s)
{
	const u32 *before = s->before;
	u32 end = code_at(s->code);
	u8 *code;

	if (!before[s->all.len])
		return true;
	buf_add_zero(&s->code->buf, before[s->all.len]);
	if (s->code->buf.failed)
		return false;
	code = s->code->buf.data;
	for (u32 i = (u32)s->all.len; i-- > 0;) {
		u32 at = s->all.at[i].at, rest = at + 4;

		memmove(code + rest + before[i + 1], code + rest, end - rest);
		memmove(code + at + before[i], code + at, 4);
		end = at;
	}
	return true;
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
static void put_far_jump(struct a64 *e, const struct jit_site *site, u32 at, u32 target)
{
	u32 word = get_word(e->code, at);
	bool flags = (word & 0xff000000) == A64_B_COND;

	put_word(e->code, at, with_distance(word ^ (flags ? 1 : 1u << 24), reach_bits(site), 8));
	put_word(e->code, at + 4, with_distance(A64_B, 26, target - (at + 4)));
}

static void put_near(struct a64 *e, const struct jit_site *site, u32 at, u32 target)
{
	u32 word = get_word(e->code, at);

	put_word(e->code, at, with_distance(word, reach_bits(site), target - at));
}

static void put_site(struct a64 *e, const struct jit_site *site, u32 at)
{
	u32 target;

	switch (site->kind) {
	case SITE_JUMP:
	case SITE_COND:
	case SITE_BIT:
		target = sites_label_at(&e->sites, site->target);
		if (site->grows)
			put_far_jump(e, site, at, target);
		else
			put_near(e, site, at, target);
		break;
	case SITE_CALL:
		put_near(e, site, at,
			 (u32)(e->sites.calls.at[site->target] - ptr_to_u64(e->code->at_base)));
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
	struct jit_sites *s = &e->sites;

	if (e->code->failed || !sites_complete(s))
		return -ENOMEM;
	find_far(s);
	if (code_at(e->code) > MAX_CODE || s->before[s->all.len] > MAX_CODE - code_at(e->code))
		return err_set(e->code->unit->err, -E2BIG, "machine code of more than 127 MiB");
	if (!move_code(s))
		return -ENOMEM;
	sites_move_notes(s);
	for (u32 i = 0; i < s->all.len && !buf_error(&e->code->buf); i++)
		put_site(e, &s->all.at[i], sites_at(s, i));
	return e->code->failed ? -ENOMEM : buf_error(&e->code->buf);
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
