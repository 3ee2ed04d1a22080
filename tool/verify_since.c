/* SPDX-License-Identifier: BSD-2-Clause */
/* anybpf verify --profile linux-X.Y: what a program uses that Linux X.Y has not yet. */
#include <string.h>

#include "helper/helper.h"
#include "isa/isa.h"
#include "verify.h"

#define VERSION(major, minor) ((u16)((major) << 8 | (minor)))

struct last_of {
	u16 version;
	u16 last;
};

static const struct last_of helper_versions[] = {
#define HELPERS(major, minor, last) {VERSION(major, minor), last},
#define MAPS(major, minor, last)
#define FEATURE(major, minor, test, what)
#include "since.def"
#undef HELPERS
#undef MAPS
#undef FEATURE
};

static const struct last_of map_versions[] = {
#define HELPERS(major, minor, last)
#define MAPS(major, minor, last) {VERSION(major, minor), last},
#define FEATURE(major, minor, test, what)
#include "since.def"
#undef HELPERS
#undef MAPS
#undef FEATURE
};

/* ---- instructions ---- */

static bool is_jump32(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_JMP32 && BPF_OP(insn->code) != BPF_JA;
}

static bool is_global_data(const struct bpf_insn *insn)
{
	return isa_is_map_ref(insn) &&
	       (insn->src_reg == BPF_PSEUDO_MAP_VALUE || insn->src_reg == BPF_PSEUDO_MAP_IDX_VALUE);
}

static bool is_loop(const struct bpf_insn *insn)
{
	return isa_is_jump(insn) && isa_offset(insn) < 0;
}

static bool is_new_atomic(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_STX && BPF_MODE(insn->code) == BPF_ATOMIC &&
	       insn->imm != BPF_ADD;
}

static bool is_v4(const struct bpf_insn *insn)
{
	u8 class = BPF_CLASS(insn->code), op = BPF_OP(insn->code);
	bool alu = class == BPF_ALU || class == BPF_ALU64;

	if (class == BPF_LDX)
		return BPF_MODE(insn->code) == BPF_MEMSX;
	if (alu && op == BPF_MOV)
		return insn->off == 8 || insn->off == 16 || insn->off == 32;
	if (alu && (op == BPF_DIV || op == BPF_MOD))
		return insn->off;
	return insn->code == (BPF_ALU64 | BPF_END) || insn->code == (BPF_JMP32 | BPF_JA);
}

static bool is_cast(const struct bpf_insn *insn)
{
	const struct isa_row *row = isa_row(insn);

	return row && row->kind == ISA_KIND_CAST;
}

static const struct {
	u16 version;
	bool (*test)(const struct bpf_insn *insn);
	const char *what;
} features[] = {
#define HELPERS(major, minor, last)
#define MAPS(major, minor, last)
#define FEATURE(major, minor, test, what) {VERSION(major, minor), test, what},
#include "since.def"
#undef HELPERS
#undef MAPS
#undef FEATURE
};

/* The version with the first row that reaches as far; 0: not known. */
static u16 version_of(const struct last_of *rows, size_t n, u32 number)
{
	for (size_t i = 0; i < n; i++)
		if (number <= rows[i].last)
			return rows[i].version;
	return 0;
}

/* ---- what one program needs ---- */

static u32 map_type_of(const struct anybpf_program *p, const struct bpf_insn *insn)
{
	for (u32 i = 0; isa_is_map_ref(insn) && i < p->object->map_cnt; i++)
		if (p->object->maps[i].fd == insn->imm)
			return p->object->maps[i].spec->type;
	return 0;
}

/* The newest thing that an instruction uses; its text goes to @what. */
static u16 insn_needs(const struct anybpf_program *p, const struct bpf_insn *insn, char *what,
		      size_t size)
{
	u16 version = 0;

	for (u32 i = 0; i < ARRAY_SIZE(features); i++) {
		if (features[i].test(insn) && features[i].version > version) {
			version = features[i].version;
			snprintf(what, size, "%s", features[i].what);
		}
	}
	if (isa_is_helper_call(insn)) {
		const char *name = helper_name((u32)insn->imm);

		version = version_of(helper_versions, ARRAY_SIZE(helper_versions), (u32)insn->imm);
		snprintf(what, size, "bpf_%s()", name ? name : "?");
	}
	if (isa_is_map_ref(insn)) {
		u16 map = version_of(map_versions, ARRAY_SIZE(map_versions), map_type_of(p, insn));

		if (map > version) {
			version = map;
			snprintf(what, size, "a map of type %s",
				 map_type_name(map_type_of(p, insn)));
		}
	}
	return version;
}

typedef void (*need_fn)(const struct verdict *v, u32 insn, u16 version, const char *what,
			void *arg);

/* Each thing that is newer than the profile's version, once. */
static u32 each_need(const struct verdict *v, need_fn fn, void *arg)
{
	const struct anybpf_program *p = v->program;
	u16 limit = v->opts->linux_version;
	char seen[32][80];
	u32 cnt = 0;

	for (u32 i = 0; limit && i < p->insn_cnt; i += isa_slots(&p->insns[i])) {
		char what[80] = "";
		u16 version = insn_needs(p, &p->insns[i], what, sizeof(what));
		bool known = version <= limit || cnt == ARRAY_SIZE(seen);

		for (u32 k = 0; k < cnt && !known; k++)
			known = !strcmp(seen[k], what);
		if (known)
			continue;
		memcpy(seen[cnt++], what, sizeof(what));
		if (fn)
			fn(v, i, version, what, arg);
	}
	return cnt;
}

bool needs_newer(const struct verdict *v)
{
	return v->opts->linux_version && !v->rejected && each_need(v, NULL, NULL);
}

static void need_text(const struct verdict *v, u32 insn, u16 version, const char *what, void *arg)
{
	const struct bpf_line_info *info = explain_line(&v->input, insn);
	struct buf *out = arg;

	if (info)
		buf_printf(out, "  %s:%u: ", short_path(btf_str(v->input.btf, info->file_name_off)),
			   BPF_LINE_INFO_LINE_NUM(info->line_col));
	else
		buf_printf(out, "  instruction %u: ", insn);
	buf_printf(out, "%s needs Linux %u.%u\n", what, version >> 8, version & 0xff);
}

void needs_text(const struct verdict *v, struct buf *out)
{
	u16 limit = v->opts->linux_version;

	buf_printf(out, "too new for Linux %u.%u:\n", limit >> 8, limit & 0xff);
	each_need(v, need_text, out);
}

static void need_json(const struct verdict *v, u32 insn, u16 version, const char *what, void *arg)
{
	const struct bpf_line_info *info = explain_line(&v->input, insn);
	struct json *json = arg;
	char text[16];

	json_open(json, NULL, '{');
	json_string(json, "what", what);
	snprintf(text, sizeof(text), "%u.%u", version >> 8, version & 0xff);
	json_string(json, "since", text);
	json_u64(json, "insn", insn);
	if (info) {
		json_string(json, "file", short_path(btf_str(v->input.btf, info->file_name_off)));
		json_u64(json, "line", BPF_LINE_INFO_LINE_NUM(info->line_col));
	}
	json_close(json, '}');
}

void needs_json(const struct verdict *v, struct json *json)
{
	json_open(json, "needs", '[');
	each_need(v, need_json, json);
	json_close(json, ']');
}
