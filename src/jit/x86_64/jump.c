/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Jumps and other things that depend on where code stands. Everything is
 * written in its longest form with a note (struct jit_site) of it. When the
 * function is complete, jumps that reach their label with one byte are marked
 * until no more are found, the code is moved together over the bytes saved,
 * and the distances are filled in. Marking only brings things closer, so any
 * number of rounds gives correct code, and a few give nearly all.
 */
#include <errno.h>

#include "base/bytes.h"
#include "jit/x86_64/x86_64.h"

#define ROUNDS 4

void x86_bind(struct x86 *e, u32 label)
{
	sites_bind(&e->sites, label);
	e->flags.reg = X86_NO_REG;
}

void x86_site(struct x86 *e, u8 kind, u32 target)
{
	sites_add(&e->sites,
		  (struct jit_site){.kind = kind, .at = code_at(e->code) - 4, .target = target});
}

void x86_jump(struct x86 *e, u8 cc, u32 label)
{
	sites_add(&e->sites,
		  (struct jit_site){
			  .kind = SITE_JUMP, .cc = cc, .at = code_at(e->code), .target = label});
	if (cc == CC_ALWAYS)
		x86_put(e->code, 0xe9, 5);
	else
		x86_put(e->code, 0x800fu | (u32)cc << 8, 6);
}

/* ---- shortening ---- */

static u32 long_size(const struct jit_site *site)
{
	return site->cc == CC_ALWAYS ? 5 : 6;
}

static bool shorten(struct jit_site *site, u32 at, u32 target)
{
	u32 size = long_size(site);

	if (target == at + size) { /* to what follows: not needed */
		site->grows = (s8)-size;
		return true;
	}
	/* Ahead, the label comes closer together with the end of the jump. */
	if (target > at ? target - (at + size) <= INT8_MAX : at + 2 - target <= 128) {
		site->grows = (s8)(2 - size);
		return true;
	}
	return false;
}

static bool shorten_round(struct jit_sites *s)
{
	bool any = false;

	for (u32 i = 0; i < s->all.len; i++) {
		struct jit_site *site = &s->all.at[i];

		if (site->kind == SITE_JUMP && !site->grows)
			any |= shorten(site, sites_at(s, i), sites_label_at(s, site->target));
	}
	return any;
}

/* ---- moving together ---- */

static void move_code(struct jit_sites *s)
{
	u8 *code = s->code->buf.data;
	u32 end = code_at(s->code);

	for (u32 i = 0; i < s->all.len; i++) {
		const struct jit_site *site = &s->all.at[i];
		u32 next = i + 1 < s->all.len ? s->all.at[i + 1].at : end;
		u32 from = site->at;

		/* Bytes of a jump are written anew, of its short form and of none as well. */
		if (site->kind == SITE_JUMP)
			from += long_size(site);
		memmove(code + (u32)(from + s->before[i + 1]), code + from, next - from);
	}
	s->code->buf.len = (u32)(end + s->before[s->all.len]);
}

/* ---- filling in ---- */

static void put_at(struct x86 *e, u32 at, u64 bytes, u32 n)
{
	for (u32 i = 0; i < n; i++)
		e->code->buf.data[at + i] = (u8)(bytes >> (8 * i));
}

static void put_jump(struct x86 *e, const struct jit_site *site, u32 at, u32 target)
{
	bool always = site->cc == CC_ALWAYS;
	s32 grows = site->grows;
	u32 size = long_size(site) + (u32)grows;
	u32 distance = target - (at + size);

	if (size == 2)
		put_at(e, at, (always ? 0xebu : 0x70u | site->cc) | distance << 8, 2);
	else if (size && always)
		put_at(e, at, 0xe9 | (u64)distance << 8, 5);
	else if (size)
		put_at(e, at, 0x800fu | (u32)site->cc << 8 | (u64)distance << 16, 6);
}

static void put_site(struct x86 *e, const struct jit_site *site, u32 at)
{
	const struct jit_sites *s = &e->sites;

	switch (site->kind) {
	case SITE_JUMP:
		put_jump(e, site, at, sites_label_at(s, site->target));
		break;
	case SITE_CALL:
		put_at(e, at, s->calls.at[site->target] - ptr_to_u64(e->code->at_base) - at - 4, 4);
		break;
	case SITE_LINK:
		code_link(e->code, at, site->target);
		break;
	case SITE_POOL:
		code_pool_use(e->code, at, site->target);
		break;
	}
}

int x86_finish(struct x86 *e)
{
	struct jit_sites *s = &e->sites;

	if (e->code->failed)
		return -ENOMEM;
	if (code_at(e->code) > INT32_MAX / 2)
		return err_set(e->code->unit->err, -E2BIG, "machine code of more than 1 GiB");
	if (!sites_complete(s))
		return -ENOMEM;
	for (u32 i = 0; i < ROUNDS && shorten_round(s); i++)
		sites_sum(s);
	move_code(s);
	sites_move_notes(s);
	for (u32 i = 0; i < s->all.len && !e->code->failed; i++)
		put_site(e, &s->all.at[i], sites_at(s, i));
	return e->code->failed ? -ENOMEM : 0;
}

void x86_link(struct jit_code *code, u32 at, u32 target)
{
	x86_link_pool(code->buf.data + at, at, target);
}

void x86_link_pool(u8 *code, u64 at, u64 target)
{
	put_le32(code, (u32)(target - at - 4));
}
