/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * docs/coverage.md is what the tables say: every map type, helper, kernel
 * function and program type of Linux 6.12. With --write the page is written.
 */
#include <stdio.h>

#include "base/buf.h"
#include "helper/kfunc.h"
#include "hook/hook.h"
#include "map/map.h"
#include "tap.h"

static const char page[] = "docs/coverage.md";
/* Lines "KIND NAME WORDS": how it was compared with Linux, and why it is not here. */
static const char compared_path[] = "tests/conformance/compared";
static const char unavailable_path[] = "tests/hook/unavailable";

static char compared[1 << 16], unavailable[1 << 16];

static void read_lines(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "r");

	text[file ? fread(text, 1, size - 1, file) : 0] = '\0';
	if (file)
		fclose(file);
}

/* Whether a line begins with the kind and the name, or with what the name begins with and "*". */
static size_t names(const char *line, const char *kind, const char *name)
{
	size_t n = strlen(kind), common = 0;

	if (strncmp(line, kind, n) || line[n] != ' ')
		return 0;
	line += n + 1;
	while (name[common] && line[common] == name[common])
		common++;
	if (line[common] == '*')
		return n + common + 3;
	return !name[common] && line[common] == ' ' ? n + common + 2 : 0;
}

/* What the lines say of @name, "" if nothing; good until the next call. */
static const char *said(const char *lines, const char *kind, const char *name)
{
	static char words[200];

	for (const char *line = lines; *line; line += strcspn(line, "\n") + 1) {
		size_t at = names(line, kind, name);

		if (at) {
			snprintf(words, sizeof(words), "%.*s", (int)strcspn(line + at, "\n"),
				 line + at);
			return words;
		}
		if (!line[strcspn(line, "\n")])
			break;
	}
	return "";
}

/* A row of each table: what runs, what was compared with Linux, or why it does not run. */
static void row(struct buf *out, const char *kind, const char *name, const char *runs)
{
	const char *why;

	buf_printf(out, "| %s | %s |", name, runs);
	buf_printf(out, " %s |", said(compared, kind, name));
	why = *runs ? "" : said(unavailable, kind, name);
	buf_printf(out, " %s |\n", *runs || *why ? why : "not written yet");
}

static void columns(struct buf *out, const char *title, const char *first)
{
	buf_printf(out,
		   "\n## %s\n\n| %s | runs | compared with Linux | does not run because |\n"
		   "|---|---|---|---|\n",
		   title, first);
}

static void head(struct buf *out)
{
	buf_printf(
		out,
		"# Coverage\n\n"
		"What Linux 6.12 has, and what of it runs here. All of it verifies: a program "
		"that uses what\ndoes not run yet is refused when it is loaded for a run, by "
		"name. This page is made from the tables\nin `src/` (`hook.def`, `map.def`, "
		"`helper.def`, `kfunc.def`) by `tests/hook/coverage.c`.\n\n"
		"Compared with Linux were what `tests/conformance/compared` says, in the running "
		"kernel: *calls* of\nhelpers with right and wrong arguments, random *operations* "
		"on "
		"maps, *programs* that check themselves\n(`tests/runs/`); `scripts/conformance "
		"coverage` does so again.\n");
}

struct count {
	u32 runs, all;
};

static void total(struct buf *out, const struct count *n)
{
	buf_printf(out, "\n%u of %u.\n", n->runs, n->all);
}

/* ---- program types ---- */

static const char *way_to_run(const struct hook *hook)
{
	return hook->run_frames ? "on packets, in test runs" : "in test runs";
}

static void program_types(struct buf *out)
{
	struct count n = {0};

	columns(out, "Program types", "type");
	for (u32 type = 1; type < __MAX_BPF_PROG_TYPE; type++) {
		const struct hook *hook = hook_find((enum bpf_prog_type)type);

		n.all++;
		n.runs++;
		row(out, "program", prog_type_name(type), way_to_run(hook));
	}
	total(out, &n);
}

/* ---- map types ---- */

static void map_types(struct buf *out)
{
	struct count n = {0};

	columns(out, "Map types", "type");
	for (u32 type = 1; map_type_name(type); type++) {
		n.all++;
		n.runs += map_type_ops(type) != NULL;
		row(out, "map", map_type_name(type), map_type_ops(type) ? "yes" : "");
	}
	total(out, &n);
}

/* ---- helpers ---- */

/* Of the prototypes that programs of different types get for one number. */
static struct count prototypes(u32 id)
{
	struct count n = {0};

	for (u32 i = 0; i < HELPER_CNT; i++) {
		if (helper_protos[i].id != id)
			continue;
		n.all++;
		n.runs += helper_protos[i].fn != NULL;
	}
	return n;
}

static void helpers(struct buf *out)
{
	struct count n = {0};

	columns(out, "Helpers", "helper");
	for (u32 id = 1; id < __BPF_FUNC_MAX_ID; id++) {
		struct count protos = prototypes(id);
		bool all = protos.runs == protos.all && protos.all;

		n.all++;
		n.runs += protos.runs != 0;
		row(out, "helper", helper_name(id),
		    all		  ? "yes"
		    : protos.runs ? "for some program types"
				  : "");
	}
	total(out, &n);
}

/* ---- kernel functions ---- */

static void kernel_functions(struct buf *out)
{
	struct count n = {0};

	columns(out, "Kernel functions", "function");
	for (u32 id = KFUNC_UNKNOWN + 1; id < KFUNC_IDS; id++) {
		const struct kfunc_row *kfunc = kfunc_row_by_id((enum kfunc_id)id);

		/* A helper that is prepared like one is no function of the kernel. */
		if (!kfunc->hooks || helper_id_by_name(kfunc->name) >= 0)
			continue;
		n.all++;
		n.runs += kfunc->fn != NULL;
		row(out, "kfunc", kfunc->name, kfunc->fn ? "yes" : "");
	}
	total(out, &n);
}

static void make_page(struct buf *out)
{
	head(out);
	program_types(out);
	map_types(out);
	helpers(out);
	kernel_functions(out);
}

static void test_page(const struct buf *want)
{
	static char text[1 << 17];
	FILE *file = fopen(page, "r");
	size_t len = file ? fread(text, 1, sizeof(text), file) : 0;

	if (file)
		fclose(file);
	if (len != want->len || memcmp(text, want->data, len))
		tap_fail("%s is not what the tables say: test-hook-coverage --write", page);
}

static int write_page(const struct buf *out)
{
	FILE *file = fopen(page, "w");
	size_t n = file ? fwrite(out->data, 1, out->len, file) : 0;

	return file && !fclose(file) && n == out->len ? 0 : 1;
}

int main(int argc, char **argv)
{
	bool write = argc > 1 && !strcmp(argv[1], "--write");
	struct buf out;
	int ret;

	read_lines(compared_path, compared, sizeof(compared));
	read_lines(unavailable_path, unavailable, sizeof(unavailable));
	buf_init(&out, &mem_libc);
	make_page(&out);
	if (write) {
		ret = write_page(&out);
	} else {
		tap_begin("the page is what the tables say");
		test_page(&out);
		tap_end();
		ret = tap_done();
	}
	buf_free(&out);
	return ret;
}
