/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * anybpf verify --complexity: where the explored instructions went, by line of
 * C and by function, so that a person can cut it.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "verify.h"

#define LINES_SHOWN 12

/* What was spent on one line, or in one function. */
struct share {
	const struct bpf_line_info *info; /* of a line; NULL where there is none */
	u32 first;			  /* instruction */
	u64 explored, checkpoints;
};

struct shares {
	VEC(struct share) at;
	u64 total;
};

static bool same_line(const struct bpf_line_info *a, const struct bpf_line_info *b)
{
	return a == b || (a && b && a->file_name_off == b->file_name_off &&
			  a->line_col >> 10 == b->line_col >> 10);
}

static struct share *line_share(struct shares *shares, const struct bpf_line_info *info, u32 insn)
{
	vec_each (&shares->at, share)
		if (same_line(share->info, info))
			return share;
	if (!vec_push(&shares->at, &mem_libc, (struct share){.info = info, .first = insn}))
		return NULL;
	return &shares->at.at[shares->at.len - 1];
}

/* The function's record that an instruction belongs to: its first instruction. */
static u32 function_start(const struct verdict *v, u32 insn)
{
	u32 start = 0;

	for (u32 i = 0; i < v->input.func_info_cnt; i++)
		if (v->input.func_info[i].insn_off <= insn)
			start = v->input.func_info[i].insn_off;
	return start;
}

static struct share *function_share(struct shares *shares, u32 start)
{
	vec_each (&shares->at, share)
		if (share->first == start)
			return share;
	if (!vec_push(&shares->at, &mem_libc, (struct share){.first = start}))
		return NULL;
	return &shares->at.at[shares->at.len - 1];
}

static int by_explored(const void *a, const void *b)
{
	const struct share *x = a, *y = b;

	if (x->explored != y->explored)
		return x->explored < y->explored ? 1 : -1;
	return x->first < y->first ? -1 : x->first > y->first;
}

static bool collect(const struct verdict *v, bool lines, struct shares *shares)
{
	*shares = (struct shares){0};
	for (u32 i = 0; i < v->program->insn_cnt; i++) {
		const struct insn_cost *cost = &v->result->costs[i];
		struct share *share;

		if (!cost->explored)
			continue;
		share = lines ? line_share(shares, explain_line(&v->input, i), i)
			      : function_share(shares, function_start(v, i));
		if (!share)
			return false;
		share->explored += cost->explored;
		share->checkpoints += cost->checkpoints;
		shares->total += cost->explored;
	}
	if (shares->at.len)
		qsort(shares->at.at, shares->at.len, sizeof(*shares->at.at), by_explored);
	return true;
}

static const char *function_name(const struct verdict *v, u32 start)
{
	const struct btf *btf = v->input.btf;

	for (u32 i = 0; btf && i < v->input.func_info_cnt; i++) {
		if (v->input.func_info[i].insn_off == start) {
			const struct btf_type *t =
				btf_type_by_id(btf, v->input.func_info[i].type_id);

			return t ? btf_name(btf, t) : "";
		}
	}
	return anybpf_program_name(v->program);
}

static double percent(u64 part, u64 total)
{
	return total ? 100.0 * (double)part / (double)total : 0;
}

/* ---- text ---- */

static void numbers_text(const struct shares *shares, const struct share *share, struct buf *out)
{
	buf_printf(out, "  %5.1f %% %9" PRIu64 " %7" PRIu64 "  ",
		   percent(share->explored, shares->total), share->explored, share->checkpoints);
}

static void lines_text(const struct verdict *v, const struct shares *shares, struct buf *out)
{
	for (size_t i = 0; i < shares->at.len && i < LINES_SHOWN; i++) {
		const struct share *share = &shares->at.at[i];
		const char *line;

		numbers_text(shares, share, out);
		if (!share->info) {
			buf_printf(out, "instruction %u on\n", share->first);
			continue;
		}
		line = btf_str(v->input.btf, share->info->line_off);
		buf_printf(out, "%s:%u  %s\n",
			   short_path(btf_str(v->input.btf, share->info->file_name_off)),
			   BPF_LINE_INFO_LINE_NUM(share->info->line_col),
			   line + strspn(line, " \t"));
	}
	if (shares->at.len > LINES_SHOWN)
		buf_printf(out, "  ... and %zu more lines\n", shares->at.len - LINES_SHOWN);
}

static void functions_text(const struct verdict *v, const struct shares *shares, struct buf *out)
{
	if (shares->at.len < 2)
		return;
	buf_puts(out, "  by function:\n");
	for (size_t i = 0; i < shares->at.len; i++) {
		numbers_text(shares, &shares->at.at[i], out);
		buf_printf(out, "%s()\n", function_name(v, shares->at.at[i].first));
	}
}

void complexity_text(const struct verdict *v, struct buf *out)
{
	struct shares lines, functions;

	if (collect(v, true, &lines) && collect(v, false, &functions)) {
		buf_printf(out,
			   "complexity: %" PRIu64 " instructions explored of a program of %u\n"
			   "   share   explored  states  where\n",
			   lines.total, v->program->insn_cnt);
		lines_text(v, &lines, out);
		functions_text(v, &functions, out);
		vec_free(&functions.at, &mem_libc);
	}
	vec_free(&lines.at, &mem_libc);
}

/* ---- JSON ---- */

static void share_json(const struct share *share, u64 total, struct json *json)
{
	json_u64(json, "explored", share->explored);
	json_real(json, "percent", percent(share->explored, total), 2);
	json_u64(json, "states", share->checkpoints);
}

static void lines_json(const struct verdict *v, const struct shares *shares, struct json *json)
{
	json_open(json, "lines", '[');
	for (size_t i = 0; i < shares->at.len; i++) {
		const struct share *share = &shares->at.at[i];

		json_open(json, NULL, '{');
		json_u64(json, "insn", share->first);
		if (share->info) {
			json_string(json, "file",
				    short_path(btf_str(v->input.btf, share->info->file_name_off)));
			json_u64(json, "line", BPF_LINE_INFO_LINE_NUM(share->info->line_col));
			json_string(json, "source", btf_str(v->input.btf, share->info->line_off));
		}
		json_string(json, "function", function_name(v, function_start(v, share->first)));
		share_json(share, shares->total, json);
		json_close(json, '}');
	}
	json_close(json, ']');
}

static void functions_json(const struct verdict *v, const struct shares *shares, struct json *json)
{
	json_open(json, "functions", '[');
	for (size_t i = 0; i < shares->at.len; i++) {
		json_open(json, NULL, '{');
		json_string(json, "name", function_name(v, shares->at.at[i].first));
		share_json(&shares->at.at[i], shares->total, json);
		json_close(json, '}');
	}
	json_close(json, ']');
}

void complexity_json(const struct verdict *v, struct json *json)
{
	struct shares lines, functions;

	if (collect(v, true, &lines) && collect(v, false, &functions)) {
		json_open(json, "complexity", '{');
		json_u64(json, "explored", lines.total);
		lines_json(v, &lines, json);
		functions_json(v, &functions, json);
		json_close(json, '}');
		vec_free(&functions.at, &mem_libc);
	}
	vec_free(&lines.at, &mem_libc);
}
