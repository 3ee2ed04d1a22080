/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What each pass makes of small functions. pass/NAME.txt holds the cases of
 * pass NAME:
 *
 *	== what is shown
 *	b0:
 *		%1 = param 0
 *		...
 *	=>
 *	the same as it must be afterwards
 *
 * in the text form of the intermediate form (jit/ir/print.c). The pass runs
 * once, then what is left over is cleaned up, as always after a pass. `== title
 * | fold` runs the passes named there before the one of the file, `| fold jump
 * !` these instead of it. Values and blocks may have any numbers: they are
 * compared by the order in which they come. The range of a result, and the
 * line with the function's number, count where the expected text has them.
 *
 * With ANYBPF_TEST_UPDATE set, the texts that came out are written instead.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>

#include "base/arena.h"
#include "jit/pass/pass.h"
#include "tap.h"

static pass_fn pass_named(const char *name, size_t len)
{
	for (u32 i = 0; i < JIT_PASS_CNT; i++)
		if (strlen(jit_pass_names[i]) == len && !strncmp(jit_pass_names[i], name, len))
			return pass_functions[i];
	return NULL;
}

/* ---- running passes ---- */

struct scene {
	struct arena arena;
	struct jit_options options;
	struct jit_unit unit;
	struct ir_fn fn;
	struct err err;
};

static void scene_open(struct scene *s)
{
	*s = (struct scene){.options.passes = JIT_PASSES_ALL};
	arena_init(&s->arena, &mem_libc);
	s->unit = (struct jit_unit){.options = &s->options, .mem = &mem_libc, .err = &s->err};
}

static void run_pass(struct scene *s, pass_fn pass)
{
	if (pass(&s->fn)) {
		ir_clean(&s->fn);
		ir_cfg(&s->fn);
	}
	/* The check orders blocks anew. */
	if (pass != pass_functions[JIT_PASS_LAYOUT] && ir_check(&s->fn, &s->err))
		tap_fail("after the pass: %s", s->err.text);
}

/* Those that the title names, and that of the file. */
static void run_passes(struct scene *s, const char *title, const char *name)
{
	const char *names = strchr(title, '|');
	bool alone = names && strchr(names, '!');

	for (; names && *names; names += strcspn(names, " ")) {
		pass_fn pass;

		names += strspn(names, "| !");
		pass = pass_named(names, strcspn(names, " "));
		if (pass)
			run_pass(s, pass);
		else if (*names)
			tap_fail("no pass '%s'", names);
	}
	if (!alone)
		run_pass(s, pass_named(name, strlen(name)));
}

/* The text after the passes, or NULL. */
static char *transform(const char *title, const char *name, const char *before)
{
	struct buf out;
	struct scene s;
	char *text = NULL;

	scene_open(&s);
	buf_init(&out, &mem_libc);
	if (ir_fn_init(&s.fn, &s.unit, &s.arena, 0) || ir_parse(&s.fn, before, &s.err)) {
		tap_fail("before: %s", s.err.text);
	} else {
		ir_clean(&s.fn);
		ir_cfg(&s.fn);
		if (ir_check(&s.fn, &s.err)) {
			tap_fail("before: %s", s.err.text);
		} else {
			run_passes(&s, title, name);
			ir_print(&out, &s.fn);
			text = buf_take(&out);
		}
	}
	buf_free(&out);
	arena_free(&s.arena);
	return text;
}

/* ---- comparing texts ---- */

/* New numbers for the values and blocks of a text, by their first appearance. */
struct names {
	u32 values[1024], blocks[1024];
	u32 nvalues, nblocks;
};

static u32 rename_one(u32 *table, u32 *n, unsigned long old)
{
	u32 i = 0;

	while (i < *n && table[i] != old)
		i++;
	if (i == *n && *n < 1024)
		table[(*n)++] = (u32)old;
	return i;
}

/* One line with new numbers; without what is not in need of comparing. */
static void add_line(struct buf *out, struct names *names, const char *line, size_t len,
		     bool ranges)
{
	for (size_t i = 0; i < len;) {
		bool value = line[i] == '%';
		bool block = line[i] == 'b' && (!i || !isalnum((unsigned char)line[i - 1])) &&
			     isdigit((unsigned char)line[i + 1]);
		char *end;
		unsigned long old;

		if (!ranges && line[i] == '{') {
			i += strcspn(line + i, "}") + 1;
			while (out->len && out->data[out->len - 1] == ' ')
				out->len--;
			continue;
		}
		if (!value && !block) {
			buf_putc(out, line[i++]);
			continue;
		}
		old = strtoul(line + i + 1, &end, 10);
		buf_printf(out, "%c%u", line[i],
			   value ? 1 + rename_one(names->values, &names->nvalues, old)
				 : rename_one(names->blocks, &names->nblocks, old));
		i = (size_t)(end - line);
	}
	buf_putc(out, '\n');
}

static size_t line_len(const char *text)
{
	return strcspn(text, "\n");
}

static const char *next_line(const char *text)
{
	text += line_len(text);
	return text + (*text == '\n');
}

static void skip_header(const char **text, const char *other)
{
	if (!strncmp(*text, "fn ", 3) && strncmp(other, "fn ", 3))
		*text = next_line(*text);
}

static bool same_text(const char *got, const char *want, struct buf *got_out, struct buf *want_out)
{
	struct names got_names = {0}, want_names = {0};

	skip_header(&got, want);
	while (*got || *want) {
		bool ranges = memchr(want, '{', line_len(want)) != NULL;

		if (*got)
			add_line(got_out, &got_names, got, line_len(got), ranges);
		if (*want)
			add_line(want_out, &want_names, want, line_len(want), true);
		got = next_line(got);
		want = next_line(want);
	}
	return !strcmp(buf_str(got_out), buf_str(want_out));
}

/* The text as it is to be written down: ranges and the first line only if @want has such. */
static void add_update(struct buf *out, const char *got, const char *want)
{
	struct names names = {0};

	skip_header(&got, want);
	for (; *got; got = next_line(got))
		add_line(out, &names, got, line_len(got), strchr(want, '{'));
}

static void print_diagnostic(const char *what, const char *text)
{
	printf("# ---- %s\n", what);
	for (; *text; text = next_line(text)) {
		fputs("# ", stdout);
		fwrite(text, 1, line_len(text), stdout);
		putchar('\n');
	}
}

static void compare(const char *got, const char *want)
{
	struct buf got_out, want_out;

	buf_init(&got_out, &mem_libc);
	buf_init(&want_out, &mem_libc);
	if (!same_text(got, want, &got_out, &want_out)) {
		tap_fail("another text came out");
		print_diagnostic("expected", buf_str(&want_out));
		print_diagnostic("got", buf_str(&got_out));
	}
	buf_free(&got_out);
	buf_free(&want_out);
}

/* ---- files ---- */

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "r");
	struct buf text;
	char block[4096];
	size_t n;

	if (!file)
		return NULL;
	buf_init(&text, &mem_libc);
	while ((n = fread(block, 1, sizeof(block), file)) > 0)
		buf_add(&text, block, n);
	fclose(file);
	return buf_take(&text);
}

/* One case; @text starts at its title and holds nothing behind it. The new text goes to @out. */
static void run_case(char *text, const char *name, struct buf *out)
{
	char title[200], *got, *arrow = strstr(text, "\n=>\n");
	const char *before = next_line(text);

	snprintf(title, sizeof(title), "%s: %.*s", name, (int)line_len(text), text);
	tap_begin(title);
	if (!arrow) {
		tap_fail("no => in the case");
		tap_end();
		return;
	}
	arrow[1] = '\0';
	got = transform(title, name, before);
	if (got)
		compare(got, arrow + 4);
	buf_printf(out, "== %s=>\n", text);
	add_update(out, got ? got : arrow + 4, arrow + 4);
	buf_putc(out, '\n');
	mem_free(&mem_libc, got);
	tap_end();
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

static void run_file(const char *folder, const char *file)
{
	char path[512], name[64];
	struct buf out;
	char *text, *at;
	bool at_all = false;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(file, "."), file);
	snprintf(path, sizeof(path), "%s/%s", folder, file);
	buf_init(&out, &mem_libc);
	text = read_file(path);
	at = text ? strstr(text, "== ") : NULL;
	if (at)
		buf_add(&out, text, (size_t)(at - text));
	at_all = at && pass_named(name, strlen(name));
	if (at_all) {
		for (at += 3; at;) {
			char *next = cut_case(at);

			run_case(at, name, &out);
			at = next;
		}
	} else {
		tap_begin(file);
		tap_fail("no cases, or no pass of this name");
		tap_end();
	}
	if (at_all && getenv("ANYBPF_TEST_UPDATE")) {
		FILE *to = fopen(path, "w");

		if (to && out.len)
			fwrite(out.data, 1, out.len - 1, to);
		if (to)
			fclose(to);
	}
	mem_free(&mem_libc, text);
	buf_free(&out);
}

/* ---- the choice of passes ---- */

static void test_parse(void)
{
	u64 passes = JIT_PASSES_ALL;
	struct err err = {0};

	check_eq(jit_passes_parse("-fold", &passes, &err), 0);
	check_eq(passes, JIT_PASSES_ALL & ~BIT_ULL(JIT_PASS_FOLD));
	check_eq(jit_passes_parse("none,+fold,inline", &passes, &err), 0);
	check_eq(passes, BIT_ULL(JIT_PASS_FOLD) | BIT_ULL(JIT_PASS_INLINE));
	check_eq(jit_passes_parse("all", &passes, &err), 0);
	check_eq(passes, JIT_PASSES_ALL);
	check_eq(jit_passes_parse("all,-folds", &passes, &err), -EINVAL);
	check_str(err.text, "no pass of the compiler is called 'folds'");
	check_eq(passes, JIT_PASSES_ALL);
}

int main(void)
{
	char folder[400];
	struct dirent **files;
	int n;

	run_test(test_parse);
	snprintf(folder, sizeof(folder), "%s/pass", getenv("ANYBPF_TEST_DATA"));
	n = scandir(folder, &files, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		if (strstr(files[i]->d_name, ".txt"))
			run_file(folder, files[i]->d_name);
		free(files[i]);
	}
	if (n >= 0)
		free(files);
	return tap_done();
}
