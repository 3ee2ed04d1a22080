/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Jumps and other things that depend on where code stands. Everything is
 * written in its longest form with a note (struct x86_site) of it. When the
 * function is complete, jumps that reach their label with one byte are marked
 * until no more are found, the code is moved together over the bytes saved,
 * and the distances are filled in. Marking only brings things closer, so any
 * number of rounds gives correct code, and a few give nearly all.
 */
#include <errno.h>

#include "base/bytes.h"
#include "jit/x86_64/x86_64.h"

#define ROUNDS 4

u32 x86_label(struct x86 *e)
{
	if (!vec_push(&e->labels, e->mem, (struct x86_label){0})) {
		e->code->failed = true;
		return 0; /* the entry's; nobody jumps */
	}
	return (u32)e->labels.len - 1;
}

void x86_bind(struct x86 *e, u32 label)
{
	e->labels.at[label] =
		(struct x86_label){.at = code_at(e->code), .sites = (u32)e->sites.len};
	e->flags.reg = X86_NO_REG;
}

static void add_site(struct x86 *e, struct x86_site site)
{
	if (!vec_push(&e->sites, e->mem, site))
		e->code->failed = true;
}

void x86_site(struct x86 *e, u8 kind, u32 target)
{
	add_site(e, (struct x86_site){.kind = kind, .at = code_at(e->code) - 4, .target = target});
}

void x86_jump(struct x86 *e, u8 cc, u32 label)
{
	add_site(e, (struct x86_site){
			    .kind = SITE_JUMP, .cc = cc, .at = code_at(e->code), .target = label});
	if (cc == CC_ALWAYS)
		x86_put(e->code, 0xe9, 5);
	else
		x86_put(e->code, 0x800fu | (u32)cc << 8, 6);
}

/* ---- shortening ---- */

static u32 long_size(const struct x86_site *site)
{
	return site->cc == CC_ALWAYS ? 5 : 6;
}

/* By site: how much the ones before it save; one more entry than sites. */
static void sum_savings(const struct x86 *e, u32 *before)
{
	before[0] = 0;
	for (u32 i = 0; i < e->sites.len; i++)
		before[i + 1] = before[i] + e->sites.at[i].saved;
}

static u32 label_offset(const struct x86 *e, const u32 *before, u32 label)
{
	return e->labels.at[label].at - before[e->labels.at[label].sites];
}

static bool shorten(struct x86_site *site, u32 at, u32 target)
{
	u32 size = long_size(site);

	if (target == at + size) { /* to what follows: not needed */
		site->saved = (u8)size;
		return true;
	}
	/* Ahead, the label comes closer together with the end of the jump. */
	if (target > at ? target - (at + size) <= INT8_MAX : at + 2 - target <= 128) {
		site->saved = (u8)(size - 2);
		return true;
	}
	return false;
}

static bool shorten_round(struct x86 *e, const u32 *before)
{
	bool any = false;

	for (u32 i = 0; i < e->sites.len; i++) {
		struct x86_site *site = &e->sites.at[i];

		if (site->kind == SITE_JUMP && !site->saved)
			any |= shorten(site, site->at - before[i],
				       label_offset(e, before, site->target));
	}
	return any;
}

/* ---- moving together ---- */

static void move_code(struct x86 *e, const u32 *before)
{
	u8 *code = e->code->buf.data;
	u32 end = code_at(e->code);

	for (u32 i = 0; i < e->sites.len; i++) {
		const struct x86_site *site = &e->sites.at[i];
		u32 next = i + 1 < e->sites.len ? e->sites.at[i + 1].at : end;
		u32 from = site->at;

		/* Bytes of a jump are written anew, of its short form and of none as well. */
		if (site->kind == SITE_JUMP)
			from += long_size(site);
		memmove(code + from - before[i + 1], code + from, next - from);
	}
	e->code->buf.len -= before[e->sites.len];
}

/* What the code before an offset saves; asked with growing offsets. */
struct savings {
	const struct x86 *e;
	const u32 *before;
	u32 site;
};

static u32 moved(struct savings *s, u32 at)
{
	while (s->site < s->e->sites.len && s->e->sites.at[s->site].at < at)
		s->site++;
	return at - s->before[s->site];
}

static void move_notes(struct x86 *e, const u32 *before)
{
	struct savings lines = {.e = e, .before = before}, fixups = lines, frames = lines;

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

static void put_at(struct x86 *e, u32 at, u64 bytes, u32 n)
{
	for (u32 i = 0; i < n; i++)
		e->code->buf.data[at + i] = (u8)(bytes >> (8 * i));
}

static void put_jump(struct x86 *e, const struct x86_site *site, u32 at, u32 target)
{
	bool always = site->cc == CC_ALWAYS;
	u32 size = long_size(site) - site->saved;
	u32 distance = target - (at + size);

	if (size == 2)
		put_at(e, at, (always ? 0xebu : 0x70u | site->cc) | distance << 8, 2);
	else if (size && always)
		put_at(e, at, 0xe9 | (u64)distance << 8, 5);
	else if (size)
		put_at(e, at, 0x800fu | (u32)site->cc << 8 | (u64)distance << 16, 6);
}

static void put_site(struct x86 *e, const struct x86_site *site, u32 at, const u32 *before)
{
	switch (site->kind) {
	case SITE_JUMP:
		put_jump(e, site, at, label_offset(e, before, site->target));
		break;
	case SITE_CALL:
		put_at(e, at, e->calls.at[site->target] - ptr_to_u64(e->code->at_base) - at - 4, 4);
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
	u32 *before;

	if (e->code->failed)
		return -ENOMEM;
	if (code_at(e->code) > INT32_MAX / 2)
		return err_set(e->code->unit->err, -E2BIG, "machine code of more than 1 GiB");
	before = mem_zalloc_array(e->mem, e->sites.len + 1, sizeof(*before));
	if (!before)
		return -ENOMEM;
	for (u32 i = 0; i < ROUNDS && shorten_round(e, before); i++)
		sum_savings(e, before);
	move_code(e, before);
	move_notes(e, before);
	for (u32 i = 0; i < e->sites.len && !e->code->failed; i++)
		put_site(e, &e->sites.at[i], e->sites.at[i].at - before[i], before);
	mem_free(e->mem, before);
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
