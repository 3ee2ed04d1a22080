/* SPDX-License-Identifier: BSD-2-Clause */
/* An explanation as text for a terminal. */
#include <inttypes.h>
#include <string.h>

#include "explain/explain.h"

enum color {
	COLOR_ERROR,
	COLOR_NOTE,
	COLOR_REMEDY,
	COLOR_GUTTER,
	COLOR_BOLD,
};

static const char *const codes[] = {
	[COLOR_ERROR] = "\033[1;31m",  [COLOR_NOTE] = "\033[1;36m", [COLOR_REMEDY] = "\033[1;32m",
	[COLOR_GUTTER] = "\033[1;34m", [COLOR_BOLD] = "\033[1m",
};

struct printer {
	const struct explain_input *in;
	const struct explain_style *style;
	struct buf *out;
	int width; /* of the gutter's numbers */
};

static void start(struct printer *p, enum color color)
{
	if (p->style->color)
		buf_puts(p->out, codes[color]);
}

static void end(struct printer *p)
{
	if (p->style->color)
		buf_puts(p->out, "\033[0m");
}

static void gutter(struct printer *p, u32 line)
{
	start(p, COLOR_GUTTER);
	if (line)
		buf_printf(p->out, "%*u |", p->width, line);
	else
		buf_printf(p->out, "%*s |", p->width, "");
	end(p);
}

/* A line of source; tabs become eight columns, so that marks fit beneath. */
static void source_text(struct printer *p, const char *text)
{
	u32 column = 0;

	buf_putc(p->out, ' ');
	for (; *text; text++) {
		u8 c = (u8)*text;

		if (c == '\t') {
			do
				buf_putc(p->out, ' ');
			while (++column % 8);
		} else {
			buf_putc(p->out, (char)(c < 0x20 || c == 0x7f ? '?' : c));
			column += (c & 0xc0) != 0x80; /* UTF-8: not what continues a character */
		}
	}
	while (p->out->len && p->out->data && p->out->data[p->out->len - 1] == ' ')
		p->out->data[--p->out->len] = 0;
	buf_putc(p->out, '\n');
}

/* Where byte @n of a line stands on the screen. */
static u32 screen_column(const char *text, u32 n)
{
	u32 column = 0;

	for (u32 i = 0; i < n && text[i]; i++) {
		if (text[i] == '\t')
			column = (column / 8 + 1) * 8;
		else
			column += ((u8)text[i] & 0xc0) != 0x80;
	}
	return column;
}

static void marks(struct printer *p, const struct explain_place *place, const char *label,
		  enum color color, char mark)
{
	u32 from = screen_column(place->text, place->column - 1);
	u32 to = screen_column(place->text, place->end_column - 1);

	gutter(p, 0);
	buf_printf(p->out, " %*s", (int)from, "");
	start(p, color);
	for (u32 i = from; i < to; i++)
		buf_putc(p->out, mark);
	if (*label)
		buf_printf(p->out, " %s", label);
	end(p);
	buf_putc(p->out, '\n');
}

/* A neighbouring line from the file on disk, when the file is the one that was compiled. */
static void neighbours(struct printer *p, const struct explain_place *place, s32 from, s32 to)
{
	const struct explain_input *in = p->in;

	for (s32 i = from; in->source_line && i <= to; i++) {
		s64 number = (s64)place->line + i;
		const char *line;

		if (number < 1)
			continue;
		line = in->source_line(in->arg, place->file, place->line);
		if (!line || strcmp(line, place->text))
			return;
		line = in->source_line(in->arg, place->file, (u32)number);
		if (!line)
			return;
		gutter(p, (u32)number);
		source_text(p, line);
	}
}

static void snippet(struct printer *p, const struct explain_place *place, const char *label,
		    enum color color, u32 context)
{
	neighbours(p, place, -(s32)context, -1);
	gutter(p, place->line);
	source_text(p, place->text);
	if (place->column) {
		marks(p, place, label, color, color == COLOR_ERROR ? '^' : '-');
	} else if (*label) {
		gutter(p, 0);
		start(p, color);
		buf_printf(p->out, " %s", label);
		end(p);
		buf_putc(p->out, '\n');
	}
	neighbours(p, place, 1, (s32)context);
}

static void place_line(struct printer *p, const struct explain_place *place)
{
	const char *file = place->file;

	if (p->style->short_path)
		file = p->style->short_path(file);
	start(p, COLOR_GUTTER);
	buf_printf(p->out, "%*s-->", p->width, "");
	end(p);
	buf_printf(p->out, " %s:%u", file, place->line);
	if (place->column)
		buf_printf(p->out, ":%u", place->column);
	buf_putc(p->out, '\n');
}

static void headline(struct printer *p, const struct explanation *e)
{
	start(p, COLOR_ERROR);
	buf_printf(p->out, "error[%s]", e->id);
	end(p);
	start(p, COLOR_BOLD);
	buf_printf(p->out, ": %s", e->headline);
	end(p);
	buf_putc(p->out, '\n');
}

static void print_note(struct printer *p, const struct explain_note *note)
{
	if (place_is_line(&note->place)) {
		snippet(p, &note->place, note->text, COLOR_NOTE, 0);
		return;
	}
	buf_printf(p->out, "%*s = instruction %" PRId64 ": %s\n%*s   ", p->width, "",
		   note->place.insn, note->insn, p->width, "");
	start(p, COLOR_NOTE);
	buf_puts(p->out, note->text);
	end(p);
	buf_putc(p->out, '\n');
}

/* Lines after a word, the later ones beneath the first. */
static void paragraph(struct printer *p, const char *word, enum color color, const char *text)
{
	for (bool first = true; *text; first = false) {
		size_t len = strcspn(text, "\n");

		if (first) {
			start(p, color);
			buf_printf(p->out, "%s:", word);
			end(p);
			buf_putc(p->out, ' ');
		} else {
			buf_printf(p->out, "%*s", (int)strlen(word) + 2, "");
		}
		buf_printf(p->out, "%.*s\n", (int)len, text);
		text += len + (text[len] == '\n');
	}
}

static int digits(u32 n)
{
	int d = 1;

	while (n /= 10)
		d++;
	return d;
}

static int number_width(const struct explanation *e, const struct explain_style *style)
{
	int width = e->place.file ? digits(e->place.line + style->context) : 1;

	for (u32 i = 0; i < e->note_cnt; i++) {
		int d = digits(e->notes[i].place.line);

		width = d > width ? d : width;
	}
	return width;
}

void explain_print(const struct explain_input *in, const struct explanation *e,
		   const struct explain_style *style, struct buf *out)
{
	struct printer p = {.in = in, .style = style, .out = out, .width = number_width(e, style)};

	headline(&p, e);
	if (e->place.file) {
		place_line(&p, &e->place);
		snippet(&p, &e->place, e->label, COLOR_ERROR, style->context);
	}
	if (*e->insn)
		buf_printf(out, "%*s = instruction %" PRId64 ": %s\n", p.width, "", e->place.insn,
			   e->insn);
	if (e->note_cnt) {
		start(&p, COLOR_NOTE);
		buf_puts(out, "how it came to this:");
		end(&p);
		buf_putc(out, '\n');
	}
	for (u32 i = 0; i < e->note_cnt; i++)
		print_note(&p, &e->notes[i]);
	paragraph(&p, e->by_loader ? "the loader says" : "the verifier says", COLOR_BOLD,
		  e->linux_message);
	paragraph(&p, "help", COLOR_REMEDY, e->remedy);
}
