/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "explain/vlog.h"

/* ---- scanning ---- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Takes a literal off the front. */
static bool take(struct span *s, const char *text)
{
	size_t len = strlen(text);

	if (!span_starts(*s, text))
		return false;
	s->at += len;
	s->len -= len;
	return true;
}

static bool take_number(struct span *s, u64 *number)
{
	u64 n = 0;
	size_t i = 0;

	while (i < s->len && i < 18 && is_digit(s->at[i]))
		n = n * 10 + (u64)(s->at[i++] - '0');
	if (!i)
		return false;
	s->at += i;
	s->len -= i;
	*number = n;
	return true;
}

static void skip_spaces(struct span *s)
{
	while (s->len && *s->at == ' ') {
		s->at++;
		s->len--;
	}
}

bool span_number(struct span s, s64 *number)
{
	bool negative = take(&s, "-"), hex = take(&s, "0x");
	u64 n = 0;

	if (!s.len || s.len > 20)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.at[i];
		u64 digit;

		if (is_digit(c))
			digit = (u64)(c - '0');
		else if (hex && c >= 'a' && c <= 'f')
			digit = (u64)(c - 'a' + 10);
		else
			return false;
		n = n * (hex ? 16 : 10) + digit;
	}
	*number = (s64)(negative ? 0 - n : n);
	return true;
}

/* ---- lines ---- */

/* Lines about how precision was tracked and where calls went. */
static bool is_noise(struct span line)
{
	static const char *const starts[] = {
		"mark_precise:",
		"last_idx ",
		"regs=",
		"parent didn't have ",
		"parent already had ",
		"cur state:",
		"old state:",
		"caller:",
		"callee:",
		"returning from callee:",
		"to caller at ",
		"propagating ",
		"Func#",
	};

	for (u32 i = 0; i < ARRAY_SIZE(starts); i++)
		if (span_starts(line, starts[i]))
			return true;
	return false;
}

/* A state: "R1=ctx() ...", "frame1: R1=...", "fp-8=..."; the frame's number is taken off. */
static bool take_state(struct span line, struct span *state, u32 *frame)
{
	u64 n = 0;

	skip_spaces(&line);
	*frame = 0;
	if (take(&line, "frame")) {
		if (!take_number(&line, &n) || !take(&line, ":"))
			return false;
		*frame = (u32)n;
		skip_spaces(&line);
	}
	*state = line;
	if (take(&line, "fp-"))
		return true;
	return take(&line, "R") && take_number(&line, &n);
}

static int add_state(struct vlog *log, struct span text)
{
	struct vlog_state state = {.step = (u32)log->steps.len};

	if (!take_state(text, &state.text, &state.frame))
		return 0;
	return vec_push(&log->states, log->mem, state) ? 0 : -ENOMEM;
}

/*
 * Where the text of an instruction ends: at the "; " of its effect, which
 * stands behind two spaces or more, or where the state of a path that goes on
 * was put behind a jump ("goto pc+4 17: R0=...").
 */
static size_t insn_text_end(struct span text)
{
	for (size_t i = 1; i < text.len; i++) {
		struct span rest = {text.at + i, text.len - i}, state;
		u32 frame;
		u64 n;

		if (text.at[i - 1] != ' ')
			continue;
		if (i >= 2 && text.at[i - 2] == ' ' && span_starts(rest, "; "))
			return i;
		if (take_number(&rest, &n) && take(&rest, ": ") && take_state(rest, &state, &frame))
			return i;
	}
	return text.len;
}

/* "12: (85) call bpf_foo#1    ; R0=..." behind the number and the colon. */
static int add_step(struct vlog *log, u64 insn, struct span text)
{
	size_t end = insn_text_end(text);
	struct span rest = {text.at + end, text.len - end};
	struct vlog_step step = {.insn = (u32)insn};
	u64 n;

	while (end && text.at[end - 1] == ' ')
		end--;
	step.text = (struct span){text.at, end};
	if (end > 5 && text.at[3] == ')') {
		step.text.at += 5;
		step.text.len -= 5;
	}
	if (!vec_push(&log->steps, log->mem, step))
		return -ENOMEM;
	log->message.len = 0;
	if (take(&rest, "; ") || (take_number(&rest, &n) && take(&rest, ": ")))
		return add_state(log, rest);
	return 0;
}

/*
 * "from 12 to 20: ...": the path goes back to where it was put off. What was
 * put off last is taken up first, so it is the last step of that number that
 * was not gone back to yet.
 */
static void go_back(struct vlog *log, u64 insn)
{
	size_t i = log->steps.len;

	while (i && (log->steps.at[i - 1].insn != insn || log->steps.at[i - 1].branched))
		i--;
	if (!i)
		return;
	log->steps.at[i - 1].branched = true;
	log->steps.len = i;
	while (log->states.len && log->states.at[log->states.len - 1].step > i)
		log->states.len--;
}

/* The rest of a line "from A to B: ..." */
static int parse_from(struct vlog *log, struct span rest)
{
	u64 from, to;

	if (!take_number(&rest, &from) || !take(&rest, " to ") || !take_number(&rest, &to))
		return 0;
	take(&rest, " (speculative execution)");
	if (!take(&rest, ":") || span_starts(rest, " safe"))
		return 0;
	log->message.len = 0;
	go_back(log, from);
	return add_state(log, rest);
}

/* A line that begins with an instruction's number: 1 when it was one, 0, -ENOMEM. */
static int parse_numbered(struct vlog *log, struct span line)
{
	struct span state;
	u32 frame;
	u64 insn;
	int err;

	if (!take_number(&line, &insn) || insn > UINT32_MAX || !take(&line, ": "))
		return 0;
	if (span_is(line, "safe"))
		return 1;
	if (span_starts(line, "("))
		err = add_step(log, insn, line);
	else if (take_state(line, &state, &frame))
		err = add_state(log, line);
	else
		return 0;
	return err ? err : 1;
}

/* " name number" of the statistics' line. */
static void parse_stat(struct span line, const char *name, u64 *value)
{
	size_t len = strlen(name);

	for (size_t i = 0; i + len < line.len; i++) {
		struct span rest = {line.at + i, line.len - i};

		if (take(&rest, name)) {
			take_number(&rest, value);
			return;
		}
	}
}

static bool parse_stats(struct vlog *log, struct span line)
{
	if (span_starts(line, "verification time ") || span_starts(line, "stack depth ") ||
	    span_starts(line, "insns processed "))
		return true;
	if (!span_starts(line, "processed "))
		return false;
	parse_stat(line, "processed ", &log->stats.processed);
	parse_stat(line, "(limit ", &log->stats.limit);
	parse_stat(line, "max_states_per_insn ", &log->stats.max_states_per_insn);
	parse_stat(line, "total_states ", &log->stats.total_states);
	parse_stat(line, "peak_states ", &log->stats.peak_states);
	return true;
}

/* "Validating name() func#1..." */
static bool parse_function(struct vlog *log, struct span line)
{
	const char *end;

	if (!take(&line, "Validating "))
		return false;
	end = memchr(line.at, '(', line.len);
	log->function = (struct span){line.at, end ? (size_t)(end - line.at) : line.len};
	log->steps.len = 0;
	log->states.len = 0;
	return true;
}

static int parse_line(struct vlog *log, struct span line)
{
	struct span rest = line, state;
	u32 frame;
	int ret;

	if (!line.len || *line.at == ';' || is_noise(line) || parse_stats(log, line) ||
	    parse_function(log, line))
		return 0;
	if (take(&rest, "from "))
		return parse_from(log, rest);
	ret = parse_numbered(log, line);
	if (ret)
		return ret < 0 ? ret : 0;
	if (*line.at == ' ' && take_state(line, &state, &frame))
		return add_state(log, line);
	return vec_push(&log->message, log->mem, line) ? 0 : -ENOMEM;
}

int vlog_parse(struct vlog *log, const struct mem *mem, const char *text)
{
	*log = (struct vlog){.mem = mem};
	while (*text) {
		size_t len = strcspn(text, "\n");
		int err = parse_line(log, (struct span){text, len});

		if (err)
			return err;
		text += len;
		text += *text == '\n';
	}
	return 0;
}

void vlog_free(struct vlog *log)
{
	vec_free(&log->steps, log->mem);
	vec_free(&log->states, log->mem);
	vec_free(&log->message, log->mem);
}

/* ---- registers ---- */

/* The value of one item of a state: up to the space that is in no parentheses. */
static struct span item_value(struct span rest)
{
	size_t i = 0;
	int depth = 0;

	for (; i < rest.len; i++) {
		if (rest.at[i] == '(')
			depth++;
		else if (rest.at[i] == ')')
			depth--;
		else if (rest.at[i] == ' ' && depth <= 0)
			break;
	}
	return (struct span){rest.at, i};
}

/* Finds "NAME=", "NAME_w=" among the items of a state. */
static bool find_item(struct span state, const char *name, struct span *value)
{
	struct span rest = state;

	while (rest.len) {
		struct span item = item_value(rest), mark = item;

		if (take(&mark, name)) {
			if (take(&mark, "_"))
				while (mark.len && *mark.at != '=')
					mark.at++, mark.len--;
			if (take(&mark, "=")) {
				*value = mark;
				return true;
			}
		}
		rest.at += item.len;
		rest.len -= item.len;
		skip_spaces(&rest);
	}
	return false;
}

static bool find_named(const struct vlog *log, u32 step, u32 frame, const char *name,
		       struct span *value)
{
	for (size_t i = log->states.len; i; i--) {
		const struct vlog_state *state = &log->states.at[i - 1];

		if (state->step <= step && state->frame == frame &&
		    find_item(state->text, name, value))
			return true;
	}
	return false;
}

bool vlog_reg(const struct vlog *log, u32 step, u32 frame, u32 reg, struct span *value)
{
	char name[16];

	snprintf(name, sizeof(name), "R%u", reg);
	return find_named(log, step, frame, name, value);
}

bool vlog_slot(const struct vlog *log, u32 step, u32 frame, s32 off, struct span *value)
{
	char name[16];

	snprintf(name, sizeof(name), "fp%d", off);
	return find_named(log, step, frame, name, value);
}

struct span vlog_type(struct span value)
{
	static const char scalar[] = "scalar";
	struct span type = value, number;
	const char *open = memchr(value.at, '(', value.len);
	s64 n;

	if (open)
		type.len = (size_t)(open - value.at);
	if (type.len > 1 && *type.at == 'P' && type.at[1] != 'T')
		take(&type, "P");
	if (take(&type, "fp"))
		return (struct span){type.at - 2, 2};
	number = type;
	take(&number, "inv"); /* Linux before 5.18 */
	if (!number.len || span_number(number, &n))
		return (struct span){scalar, strlen(scalar)};
	return type;
}

bool vlog_attribute(struct span value, const char *name, struct span *attribute)
{
	size_t len = strlen(name);

	for (size_t i = 1; i + len + 1 < value.len; i++) {
		struct span rest = {value.at + i, value.len - i};

		if ((value.at[i - 1] != ',' && value.at[i - 1] != '(' && value.at[i - 1] != '=') ||
		    !take(&rest, name) || !take(&rest, "="))
			continue;
		/* bounds of equal value share it: "smax=umax=255" */
		for (;;) {
			size_t n = 0;

			while (n < rest.len && !memchr(",)=", rest.at[n], 3))
				n++;
			if (n == rest.len || rest.at[n] != '=') {
				*attribute = (struct span){rest.at, n};
				return true;
			}
			rest.at += n + 1;
			rest.len -= n + 1;
		}
	}
	return false;
}
