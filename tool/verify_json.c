/* SPDX-License-Identifier: BSD-2-Clause */
/* A verdict for editors and CI; docs/verify-json.md describes it. */
#include "verify.h"

static void json_place(struct json *json, const struct explain_place *place)
{
	if (place->insn >= 0)
		json_u64(json, "insn", (u64)place->insn);
	if (!place->file)
		return;
	json_string(json, "file", short_path(place->file));
	json_u64(json, "line", place->line);
	if (place->column) {
		json_u64(json, "column", place->column);
		json_u64(json, "end_column", place->end_column);
	}
	json_string(json, "source", place->text);
}

static void json_chain(struct json *json, const struct explanation *e)
{
	json_open(json, "chain", '[');
	for (u32 i = 0; i < e->note_cnt; i++) {
		json_open(json, NULL, '{');
		json_place(json, &e->notes[i].place);
		json_string(json, "instruction", e->notes[i].insn);
		json_string(json, "text", e->notes[i].text);
		json_close(json, '}');
	}
	json_close(json, ']');
}

static void json_rejection(struct json *json, const struct verdict *v)
{
	const struct explanation *e = &v->explanation;

	json_u64(json, "errno", (u64)-v->program->load_error);
	json_string(json, "id", e->id);
	json_string(json, "headline", e->headline);
	json_string(json, "label", e->label);
	json_place(json, &e->place);
	json_string(json, "instruction", e->insn);
	if (e->reg >= 0)
		json_u64(json, "register", (u64)e->reg);
	json_chain(json, e);
	json_string(json, "message", e->linux_message);
	json_string(json, "remedy", e->remedy);
	json_string(json, "log", anybpf_program_log(v->program));
}

void verdict_json(const struct verdict *v, struct json *json)
{
	const struct anybpf_program *p = v->program;

	json_open(json, NULL, '{');
	json_string(json, "name", anybpf_program_name(p));
	json_string(json, "section", anybpf_program_section(p));
	json_bool(json, "accepted", !v->rejected);
	json_u64(json, "instructions", p->insn_cnt);
	json_u64(json, "processed", v->explanation.processed);
	if (v->rejected)
		json_rejection(json, v);
	if (needs_newer(v))
		needs_json(v, json);
	if (shows_complexity(v))
		complexity_json(v, json);
	if (shows_facts(v))
		facts_json(v, json);
	json_close(json, '}');
}
