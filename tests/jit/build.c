/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the builder makes of small programs. build/NAME.txt holds cases:
 *
 *	== what is shown
 *	@2 const 5		; what was proven at instruction 2
 *	r0 = 1			; the program
 *	...
 *	=>
 *	the intermediate form of each subprogram that is wanted
 *
 * Of instructions without such a line nothing is known but that they are
 * reached. After the @ and the instruction's number come `const N`, `range MIN
 * MAX`, `taken`, `not-taken`, `mem KIND`, `barrier`, `unseen` or `limit N STATE`
 * (what to mask). A title that ends in `| -NAME` has that step switched off, one
 * in `| limited` executions with a budget.
 * That what is built means the right thing is shown elsewhere, by running it.
 *
 * With ANYBPF_TEST_UPDATE set, the texts that came out are written instead.
 */
#include "jit/build/build.h"

#include <errno.h>

#include "base/buf.h"
#include "engine.h"
#include "helper/helper.h"
#include "isa/asm.h"
#include "jit/ir/text.h"

#define INSNS_MAX 256

static struct host *host;

struct scene {
	struct insn_fact facts[INSNS_MAX];
	struct insn_mask masks[INSNS_MAX];
	struct jit_options options;
	struct prog *prog;
	struct arena arena;
	struct err err;
};

/* ---- reading cases ---- */

static const char *next_line(const char *text)
{
	text += strcspn(text, "\n");
	return text + (*text == '\n');
}

static enum mem_kind mem_named(const char *name)
{
	for (u32 i = 0; i < IR_MEM_CNT; i++)
		if (!strcmp(ir_mem_names[i], name))
			return i;
	tap_fail("no kind of memory is called %s", name);
	return MEM_NONE;
}

static void read_fact(struct scene *s, const char *line)
{
	char *rest, word[32] = "", a[32] = "", b[32] = "";
	unsigned long at = strtoul(line + 1, &rest, 10);
	struct insn_fact *fact = &s->facts[at % INSNS_MAX];

	sscanf(rest, "%31s %31s %31s", word, a, b);
	if (!strcmp(word, "const") || !strcmp(word, "range")) {
		fact->umin = fact->umax = strtoull(a, NULL, 0);
		if (word[0] == 'c')
			fact->flags |= FACT_CONST;
		else
			fact->umax = strtoull(b, NULL, 0);
	} else if (!strcmp(word, "taken")) {
		fact->flags &= (u8)~FACT_NOT_TAKEN;
	} else if (!strcmp(word, "not-taken")) {
		fact->flags &= (u8)~FACT_TAKEN;
	} else if (!strcmp(word, "mem")) {
		fact->mem = (u8)mem_named(a);
	} else if (!strcmp(word, "barrier")) {
		fact->flags |= FACT_BARRIER;
	} else if (!strcmp(word, "limit")) {
		s->masks[at % INSNS_MAX] =
			(struct insn_mask){(u32)strtoul(a, NULL, 0), (u8)strtoul(b, NULL, 0)};
		s->options.masks = s->masks;
	} else {
		tap_fail("unknown fact: %s", word);
	}
}

/* The number of a step that is to be left out. */
static u64 step_named(const char *name, size_t len)
{
	static const char *const names[JIT_PASS_CNT] = {
#define STEP(NAME, text, what)	   [JIT_PASS_##NAME] = text,
#define PASS(NAME, text, fn, what) [JIT_PASS_##NAME] = text,
#include "jit/pass/pass.def"
#undef STEP
#undef PASS
	};

	for (u32 i = 0; i < JIT_PASS_CNT; i++)
		if (strlen(names[i]) == len && !strncmp(names[i], name, len))
			return BIT_ULL(i);
	tap_fail("no step is called %s", name);
	return 0;
}

static int helper_id(void *ctx __unused, const char *name)
{
	return helper_id_by_name(name);
}

/* A call of a helper by its number becomes that of a prototype. */
static void resolve_helpers(struct bpf_insn *insns, u32 cnt)
{
	for (u32 i = 0; i < cnt; i++) {
		const u32 known = HELPER_CNT;
		u32 proto = 0;

		if (insns[i].code != (BPF_JMP | BPF_CALL) || insns[i].src_reg)
			continue;
		while (proto < known && helper_protos[proto].id != (u32)insns[i].imm)
			proto++;
		if (insns[i].imm == BPF_FUNC_tail_call)
			insns[i] = RAW_INSN(BPF_JMP | BPF_TAIL_CALL, 0, 0, 0, 0);
		else
			insns[i].imm = (s32)proto;
	}
}

static bool read_program(struct scene *s, const char *text)
{
	static const struct asm_options options = {.helper_id = helper_id};
	struct bpf_insn *insns;
	u32 cnt;

	for (u32 i = 0; i < INSNS_MAX; i++)
		s->facts[i] = (struct insn_fact){
			.flags = FACT_SEEN | FACT_TAKEN | FACT_NOT_TAKEN,
			.map = FACT_NO_MAP,
			.umax = UINT64_MAX,
		};
	for (; *text == '@'; text = next_line(text))
		read_fact(s, text);
	if (isa_assemble(&mem_libc, text, &options, &insns, &cnt, &s->err) || cnt > INSNS_MAX) {
		tap_fail("%s", s->err.text);
		return false;
	}
	resolve_helpers(insns, cnt);
	s->prog = engine_prog(host, insns, cnt, 16);
	free(s->prog->orig);
	s->prog->orig = insns;
	return true;
}

/* ---- building ---- */

static void build_one(struct scene *s, struct jit_unit *unit, u32 subprog, struct buf *out)
{
	struct ir_fn fn;
	int ret = ir_fn_init(&fn, unit, &s->arena, subprog);

	if (!ret)
		ret = jit_build(unit, subprog, &fn);
	if (!ret)
		ret = ir_check(&fn, &s->err);
	if (ret) {
		tap_fail("%s", s->err.text);
		buf_printf(out, "%s\n", s->err.text);
		return;
	}
	ir_cfg(&fn);
	ir_print(out, &fn);
}

static void build_all(struct scene *s, struct buf *out)
{
	struct jit_unit unit = {
		.prog = s->prog, .options = &s->options, .mem = &mem_libc, .err = &s->err};

	if (unit_analyse(&unit))
		tap_fail("%s", s->err.text);
	for (u32 i = 0; i < s->prog->subprog_cnt; i++)
		if (unit.subs[i].wanted)
			build_one(s, &unit, i, out);
	mem_free(&mem_libc, unit.subs);
}

static void build_text(const char *title, const char *before, struct buf *out)
{
	static struct scene s;
	const char *off = strstr(title, "| -"), *limited = strstr(title, "| limited");

	memset(&s, 0, sizeof(s));
	arena_init(&s.arena, &mem_libc);
	s.options.passes = JIT_PASSES_ALL;
	s.options.facts = s.facts;
	if (off && off < next_line(title))
		s.options.passes &= ~step_named(off + 3, strcspn(off + 3, "\n"));
	s.options.limited = limited && limited < next_line(title);
	if (read_program(&s, before)) {
		build_all(&s, out);
		object_put(&s.prog->obj);
	}
	arena_free(&s.arena);
}

/* ---- files ---- */

static void print_diagnostic(const char *what, const char *text)
{
	printf("# ---- %s\n", what);
	for (; *text; text = next_line(text))
		printf("# %.*s\n", (int)strcspn(text, "\n"), text);
}

/* @text starts at its title and holds nothing behind the case. The new text goes to @out. */
static void run_case(char *text, const char *file, struct buf *out)
{
	char title[200], *arrow = strstr(text, "\n=>\n");
	struct buf got;

	buf_init(&got, &mem_libc);
	snprintf(title, sizeof(title), "%s: %.*s", file, (int)strcspn(text, "\n"), text);
	tap_begin(title);
	if (arrow) {
		arrow[1] = '\0';
		build_text(text, next_line(text), &got);
		buf_printf(out, "== %s=>\n%s\n", text, buf_str(&got));
		if (strcmp(buf_str(&got), arrow + 4)) {
			tap_fail("another text came out");
			print_diagnostic("expected", arrow + 4);
			print_diagnostic("got", buf_str(&got));
		}
	} else {
		tap_fail("no => in the case");
	}
	tap_end();
	buf_free(&got);
}

/* Cuts a case off what follows and off empty lines at its end; where the next one starts. */
static char *cut_case(char *text)
{
	char *next = strstr(text, "\n== "), *end = next ? next + 1 : text + strlen(text);

	while (end > text + 1 && end[-1] == '\n' && end[-2] == '\n')
		end--;
	*end = '\0';
	return next ? next + 4 : NULL;
}

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "r");
	char block[4096];
	struct buf text;
	size_t n;

	buf_init(&text, &mem_libc);
	while (file && (n = fread(block, 1, sizeof(block), file)) > 0)
		buf_add(&text, block, n);
	if (file)
		fclose(file);
	return buf_take(&text);
}

static void write_file(const char *path, struct buf *text)
{
	FILE *file = fopen(path, "w");

	if (!file)
		return;
	fwrite(text->data, 1, text->len, file);
	fclose(file);
}

static void run_file(const char *name)
{
	const char *data = getenv("ANYBPF_TEST_DATA");
	char path[512], *text, *at;
	struct buf out;

	snprintf(path, sizeof(path), "%s/build/%s.txt", data ? data : "tests/jit", name);
	buf_init(&out, &mem_libc);
	text = read_file(path);
	at = text ? strstr(text, "== ") : NULL;
	if (at)
		buf_add(&out, text, (size_t)(at - text));
	for (at = at ? at + 3 : NULL; at;) {
		char *next = cut_case(at);

		run_case(at, name, &out);
		at = next;
	}
	while (out.len > 1 && out.data[out.len - 1] == '\n' && out.data[out.len - 2] == '\n')
		out.len--;
	if (getenv("ANYBPF_TEST_UPDATE") && text)
		write_file(path, &out);
	mem_free(&mem_libc, text);
	buf_free(&out);
}

int main(void)
{
	static const char *const files[] = {"flow", "facts", "inline", "mask"};

	if (host_new(NULL, &host))
		return 1;
	for (u32 i = 0; i < ARRAY_SIZE(files); i++)
		run_file(files[i]);
	host_free(host);
	return tap_done();
}
