/* SPDX-License-Identifier: BSD-2-Clause */
/* The chain: earlier steps of the path that led to a rejection, each with its line of C. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "explain/classify.h"

struct notes {
	const struct subject *s;
	struct {
		u32 step;
		bool keep; /* also where the rejection itself is */
		const char *text;
	} at[EXPLAIN_NOTES];
	u32 cnt;
	bool failed;
};

static void add(struct notes *n, u32 step, const char *text)
{
	if (!text)
		n->failed = true;
	for (u32 i = 0; i < n->cnt; i++)
		if (n->at[i].step == step)
			return;
	if (text && n->cnt < EXPLAIN_NOTES && step < n->s->path.cnt) {
		n->at[n->cnt].step = step;
		n->at[n->cnt].keep = false;
		n->at[n->cnt++].text = text;
	}
}

static bool is_condition(const struct subject *s, u32 step)
{
	const struct isa_row *row = isa_row(path_insn(&s->path, step));

	return row && row->kind == ISA_KIND_IF;
}

static bool step_place(const struct subject *s, u32 step, struct explain_place *place)
{
	enum expr_role role = is_condition(s, step) ? EXPR_CONDITION : EXPR_VALUE;

	return source_place(s->in, s->log->steps.at[step].insn, role, place);
}

/*
 * "`name`", or what to call it otherwise. Where it has that name only after
 * it was calculated with, what came from the origin is something else.
 */
static const char *subject_name(const struct subject *s, u32 step, u32 reg,
				const struct trail *trail)
{
	struct span name;

	if (variable_of_origin(s, trail, &name))
		return arena_printf(s->arena, "`%.*s`", SPAN_ARGS(name));
	if (!variable_of(s, step, reg, trail, &name))
		return trail->arith_cnt ? "a part of the value" : "the value";
	return arena_printf(s->arena,
			    trail->arith_cnt ? "what `%.*s` is calculated from" : "`%.*s`",
			    SPAN_ARGS(name));
}

/* The same of a number that is added to a pointer: the text of the subscript may name it. */
static const char *index_name(const struct subject *s, const struct trail *trail)
{
	const char *index;
	struct span name;

	if (variable_of_origin(s, trail, &name))
		return arena_printf(s->arena, "`%.*s`", SPAN_ARGS(name));
	index = name_text(s, (struct span){"index", 5});
	if (!index)
		return trail->arith_cnt ? "a part of the index" : "the index";
	return arena_printf(s->arena, trail->arith_cnt ? "what `%s` is calculated from" : "`%s`",
			    index);
}

/* ---- where a value came from ---- */

static const char *call_words(const struct subject *s, const char *name, u32 step)
{
	struct span call, map, value;

	if (!step_call_name(s, step, &call))
		return arena_printf(s->arena, "%s comes from this call", name);
	if (step_reg(s, step, BPF_REG_1, &value) && span_is(vlog_type(value), "map_ptr") &&
	    vlog_attribute(value, "map", &map))
		return arena_printf(s->arena, "%s is the result of %.*s() on map `%.*s`", name,
				    SPAN_ARGS(call), SPAN_ARGS(map));
	return arena_printf(s->arena, "%s is the result of %.*s()", name, SPAN_ARGS(call));
}

static const char *load_words(const struct subject *s, const char *name, u32 step)
{
	const struct bpf_insn *insn = path_insn(&s->path, step);
	struct span value, map, type;

	if (!step_reg(s, step, insn->src_reg, &value))
		return arena_printf(s->arena, "%s is read here", name);
	type = vlog_type(value);
	if (span_is(type, "ctx"))
		return arena_printf(s->arena, "%s is read from the context", name);
	if (span_is(type, "pkt"))
		return arena_printf(s->arena, "%s is read from the packet", name);
	if (span_is(type, "map_value") && vlog_attribute(value, "map", &map))
		return arena_printf(s->arena, "%s is read from a value of map `%.*s`", name,
				    SPAN_ARGS(map));
	return arena_printf(s->arena, "%s is read from memory", name);
}

static const char *origin_words(const struct subject *s, const char *name,
				const struct trail *trail)
{
	switch (trail->origin) {
	case ORIGIN_CALL:
		return call_words(s, name, trail->step);
	case ORIGIN_CLOBBERED:
		return "this call leaves nothing in r1 to r5";
	case ORIGIN_LOAD:
		return load_words(s, name, trail->step);
	default:
		return arena_printf(s->arena, "%s is an argument of the function", name);
	}
}

/* Constants and addresses often have the place of another instruction: nothing is said of them. */
static bool has_words(const struct trail *trail)
{
	return trail->origin == ORIGIN_CALL || trail->origin == ORIGIN_CLOBBERED ||
	       trail->origin == ORIGIN_LOAD || trail->origin == ORIGIN_ARGUMENT;
}

static void show_origin(struct notes *n)
{
	const struct subject *s = n->s;

	struct explain_place place;

	if (s->reg < 0 || !has_words(&s->trail))
		return;
	/* of an argument only the function's opening line tells something */
	if (s->trail.origin == ORIGIN_ARGUMENT &&
	    (!step_place(s, s->trail.step, &place) || place.column))
		return;
	add(n, s->trail.step,
	    origin_words(s, subject_name(s, s->step, (u32)s->reg, &s->trail), &s->trail));
}

static void show_arith(struct notes *n)
{
	const struct trail *t = &n->s->trail;

	for (u32 i = 0; i < t->arith_cnt && i < 2; i++)
		add(n, t->arith[i], "it is calculated with here");
}

/* Of the number itself, which may be an index times an element's size. */
static const char *range_words(const struct subject *s, u32 step, u32 reg)
{
	struct span value, text;
	s64 low = INT64_MIN, high = INT64_MAX;

	if (!step_reg(s, step, reg, &value) || !span_is(vlog_type(value), "scalar"))
		return NULL;
	if (!memchr(value.at, '(', value.len)) /* a known number */
		return NULL;
	if (vlog_attribute(value, "smin", &text))
		span_number(text, &low);
	if (vlog_attribute(value, "smax", &text))
		span_number(text, &high);
	if (low == INT64_MIN && high == INT64_MAX)
		return "any number may be added here";
	if (low == INT64_MIN)
		return arena_printf(s->arena, "any number up to %" PRId64 " may be added here",
				    high);
	if (high == INT64_MAX)
		return arena_printf(s->arena, "any number from %" PRId64 " on may be added here",
				    low);
	return arena_printf(s->arena, "anything from %" PRId64 " to %" PRId64 " may be added here",
			    low, high);
}

static void show_index(struct notes *n)
{
	const struct subject *s = n->s;
	struct trail trail;
	const char *range;
	u32 step, reg;

	if (!find_index(s, &step, &reg))
		return;
	trail_follow(&s->path, step, reg, &trail);
	if (has_words(&trail))
		add(n, trail.step, origin_words(s, index_name(s, &trail), &trail));
	range = range_words(s, step, reg);
	if (!range)
		return;
	add(n, step, range);
	if (n->cnt && n->at[n->cnt - 1].step == step)
		n->at[n->cnt - 1].keep = true;
}

static void show_value(struct notes *n)
{
	const struct subject *s = n->s;

	if (has_words(&s->trail))
		add(n, s->trail.step, origin_words(s, "what is returned", &s->trail));
}

/* ---- checks and branches ---- */

/* A packet is checked by a comparison with its end, in whichever register. */
static bool compares_packet_end(const struct subject *s, u32 step)
{
	const struct bpf_insn *insn = path_insn(&s->path, step);
	struct span value;

	if (BPF_SRC(insn->code) != BPF_X)
		return false;
	return (step_reg(s, step, insn->src_reg, &value) && span_is(vlog_type(value), "pkt_end")) ||
	       (step_reg(s, step, insn->dst_reg, &value) && span_is(vlog_type(value), "pkt_end"));
}

static void show_check(struct notes *n)
{
	const struct subject *s = n->s;
	s64 range;

	if (captured_number(s, "range", &range)) {
		for (u32 i = s->step; has_step(s) && i-- > 0;) {
			if (is_condition(s, i) && compares_packet_end(s, i)) {
				add(n, i, "the packet's length is checked here");
				return;
			}
		}
	} else if (s->trail.check_cnt) {
		add(n, s->trail.checks[0], "it is compared here");
	}
}

/* The last branches of the path, which lead where nothing else would have. */
static void show_branch(struct notes *n)
{
	const struct subject *s = n->s;
	struct explain_place place, next;
	u32 shown = 0, first = 0;
	s64 insn;

	if (captured_number(s, "insn", &insn) && insn >= 0 &&
	    path_last(&s->path, s->path.cnt, (u32)insn, &first))
		first++;
	for (u32 i = s->path.cnt; shown < 2 && i-- > first;) {
		if (!is_condition(s, i) || i + 1 >= s->path.cnt || !step_place(s, i, &place))
			continue;
		if (step_place(s, i + 1, &next) && next.line != place.line)
			add(n, i,
			    arena_printf(s->arena,
					 "from this condition the path goes on in line %u",
					 next.line));
		else
			add(n, i, "the path depends on this condition");
		shown++;
	}
}

/* ---- references, locks, loops ---- */

static void show_acquire(struct notes *n)
{
	const struct subject *s = n->s;
	struct span held = {"it", 2};
	const char *name;
	u32 step;
	s64 insn;

	if (!captured_number(s, "insn", &insn) || insn < 0 ||
	    !path_last(&s->path, s->path.cnt, (u32)insn, &step))
		return;
	name = name_text(s, (struct span){"held", 4});
	if (name)
		held = (struct span){name, strlen(name)};
	add(n, step,
	    arena_printf(s->arena, name ? "`%.*s` is taken here" : "%.*s is taken here",
			 SPAN_ARGS(held)));
}

static void show_release(struct notes *n)
{
	struct span call;
	u32 step;

	if (has_step(n->s) && find_release(n->s, &step) && step_call_name(n->s, step, &call))
		add(n, step,
		    arena_printf(n->s->arena, "%.*s() gives it back here", SPAN_ARGS(call)));
}

static void show_invalidated(struct notes *n)
{
	struct span call;
	u32 step;

	if (find_invalidation(n->s, &step) && step_call_name(n->s, step, &call))
		add(n, step,
		    arena_printf(n->s->arena,
				 "%.*s() may move the packet: pointers into it are void from here",
				 SPAN_ARGS(call)));
}

static void show_lock(struct notes *n)
{
	struct span call;

	for (u32 i = n->s->path.cnt; i-- > 0;) {
		if (i != n->s->step && step_call_name(n->s, i, &call) &&
		    span_is(call, "bpf_spin_lock")) {
			add(n, i, "the lock is taken here");
			return;
		}
	}
}

/* The conditions of one round of a loop. */
static void show_loop(struct notes *n)
{
	const struct subject *s = n->s;

	for (u32 i = s->path.cnt; has_step(s) && i-- > s->step;) {
		if (is_condition(s, i)) {
			add(n, i, "this decides whether the loop goes on");
			return;
		}
	}
}

static const struct {
	u32 flag;
	void (*show)(struct notes *n);
} shows[] = {
	{SHOW_ORIGIN, show_origin},   {SHOW_INDEX, show_index},
	{SHOW_ARITH, show_arith},     {SHOW_CHECK, show_check},
	{SHOW_ACQUIRE, show_acquire}, {SHOW_RELEASE, show_release},
	{SHOW_LOCK, show_lock},	      {SHOW_INVALIDATED, show_invalidated},
	{SHOW_VALUE, show_value},     {SHOW_LOOP, show_loop},
	{SHOW_BRANCH, show_branch},
};

static bool same_spot(const struct explain_place *a, const struct explain_place *b)
{
	return a->line == b->line && a->column == b->column && a->file && b->file &&
	       !strcmp(a->file, b->file);
}

static const char *step_text(const struct subject *s, u32 step)
{
	return arena_printf(s->arena, "%.*s", SPAN_ARGS(s->log->steps.at[step].text));
}

/* In the order of the path, without what is where the rejection is. */
static void place_notes(const struct notes *n, struct explanation *e)
{
	u32 last = 0;

	for (u32 k = 0; k < n->cnt; k++) {
		struct explain_note note;
		u32 best = n->cnt;

		for (u32 i = 0; i < n->cnt; i++)
			if (n->at[i].step >= last &&
			    (best == n->cnt || n->at[i].step < n->at[best].step))
				best = i;
		if (best == n->cnt)
			return;
		last = n->at[best].step + 1;
		note.text = n->at[best].text;
		note.insn = step_text(n->s, n->at[best].step);
		step_place(n->s, n->at[best].step, &note.place);
		if ((n->at[best].keep || n->at[best].step != n->s->step) && note.insn &&
		    (n->at[best].keep || !place_is_line(&note.place) ||
		     !same_spot(&note.place, &e->place)))
			e->notes[e->note_cnt++] = note;
	}
}

int add_notes(const struct subject *s, struct explanation *e)
{
	struct notes n = {.s = s};

	for (u32 i = 0; i < ARRAY_SIZE(shows); i++)
		if (s->class->show & shows[i].flag)
			shows[i].show(&n);
	place_notes(&n, e);
	return n.failed ? -ENOMEM : 0;
}
