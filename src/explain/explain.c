/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include "explain/classify.h"

static int fill_known(struct subject *s, struct explanation *e)
{
	e->id = s->class->id;
	e->headline = expand(s, s->class->headline);
	e->label = expand(s, s->class->label);
	e->remedy = expand(s, s->class->remedy);
	if (!e->headline || !e->label || !e->remedy)
		return -ENOMEM;
	return add_notes(s, e);
}

/* What has no row: Linux's own words, and the place. */
static int fill_other(struct subject *s, struct explanation *e)
{
	size_t len = strcspn(s->message, "\n");

	e->id = "other";
	e->headline = len ? arena_printf(s->arena, "%.*s", (int)len, s->message)
			  : "the program is not accepted, and no reason was given";
	e->label = e->remedy = "";
	return e->headline ? 0 : -ENOMEM;
}

static int fill(struct subject *s, struct explanation *e)
{
	int err = classify(s);

	if (err)
		return err;
	e->place = s->place;
	err = s->class ? fill_known(s, e) : fill_other(s, e);
	if (err)
		return err;
	e->reg = s->reg;
	e->by_loader = !s->log->message.len;
	e->linux_message = s->message;
	e->processed = s->log->stats.processed;
	e->insn = "";
	if (has_step(s)) {
		struct span text = s->log->steps.at[s->step].text;

		e->insn = arena_printf(s->arena, "%.*s", SPAN_ARGS(text));
	}
	return e->insn ? 0 : -ENOMEM;
}

int explain(const struct explain_input *in, struct explanation *e)
{
	const struct mem *mem = in->mem ? in->mem : &mem_libc;
	struct vlog log;
	struct subject s = {.in = in, .log = &log, .arena = &e->arena};
	int err;

	*e = (struct explanation){.reg = -1};
	arena_init(&e->arena, mem);
	err = vlog_parse(&log, mem, in->log ? in->log : "");
	if (!err)
		err = fill(&s, e);
	vlog_free(&log);
	if (err)
		arena_free(&e->arena);
	return err;
}

void explanation_free(struct explanation *e)
{
	arena_free(&e->arena);
}
