/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "explain/source.h"

/* ---- a little lexing of one line of C ---- */

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_ident(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

static size_t skip_space(struct span s, size_t i)
{
	while (i < s.len && is_space(s.at[i]))
		i++;
	return i;
}

static size_t back_space(struct span s, size_t i)
{
	while (i && is_space(s.at[i - 1]))
		i--;
	return i;
}

static char other_bracket(char c)
{
	return c == '(' ? ')' : c == '[' ? ']' : c == ')' ? '(' : '[';
}

/* Behind the bracket that closes the one at @i, or 0. */
static size_t match_right(struct span s, size_t i)
{
	char open = s.at[i], close = other_bracket(open);
	u32 depth = 0;

	for (; i < s.len; i++) {
		if (s.at[i] == open)
			depth++;
		else if (s.at[i] == close && !--depth)
			return i + 1;
	}
	return 0;
}

/* The bracket that is closed by the one before @i, or SIZE_MAX. */
static size_t match_left(struct span s, size_t i)
{
	char close = s.at[i - 1], open = other_bracket(close);
	u32 depth = 0;

	while (i--) {
		if (s.at[i] == close)
			depth++;
		else if (s.at[i] == open && !--depth)
			return i;
	}
	return SIZE_MAX;
}

static bool follows(struct span s, size_t i, const char *text)
{
	return i <= s.len && span_starts((struct span){s.at + i, s.len - i}, text);
}

/* Where "->" or "." stands before @i, its own start; SIZE_MAX without. */
static size_t member_before(struct span s, size_t i)
{
	i = back_space(s, i);
	if (i >= 2 && s.at[i - 2] == '-' && s.at[i - 1] == '>')
		return i - 2;
	if (i >= 1 && s.at[i - 1] == '.')
		return i - 1;
	return SIZE_MAX;
}

static bool word_before(struct span s, size_t i, const char *word)
{
	size_t len = strlen(word);

	i = back_space(s, i);
	return i >= len && !memcmp(s.at + i - len, word, len) &&
	       (i == len || !is_ident(s.at[i - len - 1]));
}

/* The start of the postfix expression that ends before @end: "a->b[i].c(d)"; @end when none. */
static size_t postfix_start(struct span s, size_t end)
{
	size_t i = back_space(s, end), start = end, member;

	for (;;) {
		while (i && (s.at[i - 1] == ')' || s.at[i - 1] == ']')) {
			size_t open = match_left(s, i);

			if (open == SIZE_MAX)
				return start;
			start = open;
			i = back_space(s, open);
			if (word_before(s, i, "if") || word_before(s, i, "while") ||
			    word_before(s, i, "return"))
				return start;
		}
		if (i && is_ident(s.at[i - 1])) {
			while (i && is_ident(s.at[i - 1]))
				i--;
			start = i;
		}
		member = member_before(s, start);
		if (member == SIZE_MAX)
			return start;
		i = back_space(s, member);
	}
}

/* Behind calls and subscripts at @i; with @members behind "->x" as well. */
static size_t postfix_end(struct span s, size_t i, bool members)
{
	for (;;) {
		size_t next = skip_space(s, i);

		if (next >= s.len)
			return i;
		if (s.at[next] == '(' || s.at[next] == '[') {
			size_t end = match_right(s, next);

			if (!end)
				return i;
			i = end;
		} else if (members && (follows(s, next, "->") || s.at[next] == '.')) {
			i = skip_space(s, next + (s.at[next] == '.' ? 1 : 2));
			while (i < s.len && is_ident(s.at[i]))
				i++;
		} else {
			return i;
		}
	}
}

/* Behind the operand that starts at @i: unary operators, casts, a postfix expression. */
static size_t operand_end(struct span s, size_t i)
{
	for (;;) {
		i = skip_space(s, i);
		if (i >= s.len)
			return i;
		if (strchr("*&!~-+", s.at[i])) {
			i++;
			continue;
		}
		if (s.at[i] != '(')
			break;
		size_t end = match_right(s, i), next;

		if (!end)
			return s.len;
		next = skip_space(s, end);
		if (next >= s.len || !(is_ident(s.at[next]) || strchr("(*&", s.at[next])))
			return postfix_end(s, end, true);
		i = end; /* a cast */
	}
	while (i < s.len && is_ident(s.at[i]))
		i++;
	return postfix_end(s, i, true);
}

/* Whether the operator at @i has no operand before it. */
static bool is_prefix(struct span s, size_t i)
{
	i = back_space(s, i);
	if (!i || word_before(s, i, "return"))
		return true;
	if (s.at[i - 1] == ')') {
		/* "(u8 *)*p": what looks like a cast */
		size_t open = match_left(s, i);

		return open != SIZE_MAX && i >= 2 && s.at[back_space(s, i - 1) - 1] == '*';
	}
	return !is_ident(s.at[i - 1]) && s.at[i - 1] != ']';
}

/* ---- the extent of what stands at a column ---- */

struct extent {
	size_t start, end;
};

/* To the left or right up to what binds less than a comparison does. */
static struct extent comparison(struct span s, size_t i)
{
	struct extent x = {i, i};
	int depth = 0;

	while (x.start) {
		char c = s.at[x.start - 1], before = x.start > 1 ? s.at[x.start - 2] : 0;

		if (c == ')' || c == ']')
			depth++;
		else if ((c == '(' || c == '[') && --depth < 0)
			break;
		if (!depth &&
		    (c == ';' || c == ',' || c == '?' || c == '{' ||
		     ((c == '&' || c == '|') && before == c) ||
		     (c == '=' && !strchr("=!<>", before)) || word_before(s, x.start, "return")))
			break;
		x.start--;
	}
	x.start = skip_space(s, x.start);
	for (depth = 0; x.end < s.len; x.end++) {
		char c = s.at[x.end], after = x.end + 1 < s.len ? s.at[x.end + 1] : 0;

		if (c == '(' || c == '[')
			depth++;
		else if ((c == ')' || c == ']') && --depth < 0)
			break;
		if (!depth && (c == ';' || c == ',' || c == '?' || c == '{' ||
			       ((c == '&' || c == '|') && after == c)))
			break;
	}
	x.end = back_space(s, x.end);
	return x;
}

/* Up to the end of the statement or argument. */
static size_t statement_end(struct span s, size_t i)
{
	int depth = 0;

	for (; i < s.len; i++) {
		if (s.at[i] == '(' || s.at[i] == '[')
			depth++;
		else if ((s.at[i] == ')' || s.at[i] == ']') && --depth < 0)
			break;
		else if (!depth && (s.at[i] == ';' || s.at[i] == ','))
			break;
	}
	return back_space(s, i);
}

static struct extent keyword(struct span s, size_t i, size_t end)
{
	static const char *const conditions[] = {"if", "while", "for", "switch"};
	struct extent x = {i, end};

	for (u32 k = 0; k < ARRAY_SIZE(conditions); k++) {
		if (end - i == strlen(conditions[k]) && follows(s, i, conditions[k])) {
			size_t open = skip_space(s, end);

			x.end = open < s.len && s.at[open] == '(' ? match_right(s, open) : end;
			if (!x.end)
				x.end = back_space(s, s.len);
			return x;
		}
	}
	if (end - i == 6 && follows(s, i, "return"))
		x.end = statement_end(s, end);
	return x;
}

static bool is_keyword(struct span s, size_t i, size_t end)
{
	static const char *const words[] = {"if",     "while", "for", "switch",
					    "return", "else",  "do",  "case"};

	for (u32 k = 0; k < ARRAY_SIZE(words); k++)
		if (end - i == strlen(words[k]) && follows(s, i, words[k]))
			return true;
	return false;
}

static bool at_keyword(struct span s, size_t i)
{
	size_t end = i;

	while (end < s.len && is_ident(s.at[end]))
		end++;
	return is_keyword(s, i, end);
}

static struct extent identifier(struct span s, size_t i, enum expr_role role)
{
	struct extent x = {i, i};
	size_t member, next;

	while (x.end < s.len && is_ident(s.at[x.end]))
		x.end++;
	if (is_keyword(s, i, x.end))
		return keyword(s, i, x.end);
	x.end = postfix_end(s, x.end, true);
	next = skip_space(s, x.end);
	/* "u8 *p = ...": the place of a declaration's value is its name */
	if (role == EXPR_VALUE && next < s.len && s.at[next] == '=' && !follows(s, next, "=="))
		x.end = statement_end(s, next);
	member = member_before(s, i);
	if (member != SIZE_MAX)
		x.start = postfix_start(s, member);
	return x;
}

static struct extent operator_at(struct span s, size_t i, enum expr_role role)
{
	size_t width = 1, left = postfix_start(s, i);
	char c = s.at[i], next = i + 1 < s.len ? s.at[i + 1] : 0;

	if ((c == '+' || c == '-') && next == c) {
		if (is_prefix(s, i))
			return (struct extent){i, operand_end(s, i + 2)};
		return (struct extent){left, i + 2};
	}
	if (strchr("*&!~-+", c) && next != '=' && is_prefix(s, i))
		return (struct extent){i, operand_end(s, i)};
	if ((c == '=' && next == '=') || (c == '!' && next == '=') || c == '<' || c == '>') {
		if (next != c || c == '=')
			return comparison(s, i);
	}
	if (c == '?')
		return comparison(s, i ? i - 1 : i);
	while (i + width < s.len && width < 3 && strchr("=<>", s.at[i + width]))
		width++;
	if (s.at[i + width - 1] == '=') { /* an assignment */
		/* "*p = x": the star belongs to it */
		while (left && s.at[back_space(s, left) ? back_space(s, left) - 1 : 0] == '*' &&
		       is_prefix(s, back_space(s, left) - 1))
			left = back_space(s, left) - 1;
		if (role == EXPR_STORE)
			return (struct extent){left, back_space(s, i)};
		return (struct extent){left, statement_end(s, i + width)};
	}
	return (struct extent){left, operand_end(s, i + width)};
}

static struct extent expression_at(struct span s, size_t i, enum expr_role role)
{
	char c = s.at[i];

	if (role == EXPR_CONDITION && !at_keyword(s, i))
		return comparison(s, i);
	if (is_ident(c))
		return identifier(s, i, role);
	if (c == '(' || c == '[') {
		struct extent x = {i, operand_end(s, i)};

		return x;
	}
	if (strchr("*&!~-+=<>/%|^?", c))
		return operator_at(s, i, role);
	return (struct extent){i, i + 1};
}

/* ---- places ---- */

const struct bpf_line_info *explain_line(const struct explain_input *in, u32 insn)
{
	return in->btf ? btf_find_line(in->line_info, in->line_info_cnt, insn) : NULL;
}

bool source_place(const struct explain_input *in, u32 insn, enum expr_role role,
		  struct explain_place *place)
{
	const struct bpf_line_info *info = explain_line(in, insn);
	struct extent x;
	struct span text;

	*place = (struct explain_place){.insn = insn, .text = ""};
	if (!info || !BPF_LINE_INFO_LINE_NUM(info->line_col))
		return false;
	place->file = btf_str(in->btf, info->file_name_off);
	place->line = BPF_LINE_INFO_LINE_NUM(info->line_col);
	place->text = btf_str(in->btf, info->line_off);
	place->column = BPF_LINE_INFO_LINE_COL(info->line_col);
	text = (struct span){place->text, strlen(place->text)};
	if (!place->column || place->column > text.len || is_space(text.at[place->column - 1])) {
		place->column = 0;
		return true;
	}
	x = expression_at(text, place->column - 1, role);
	if (x.end <= x.start || x.end > text.len)
		x = (struct extent){place->column - 1, place->column};
	place->column = (u32)x.start + 1;
	place->end_column = (u32)x.end + 1;
	return true;
}

bool place_is_line(const struct explain_place *place)
{
	static const char *const words[] = {"asm", "__asm", "__asm__"};
	struct span expr;

	if (!place->file)
		return false;
	if (!place_expression(place, &expr))
		return true;
	for (u32 i = 0; i < ARRAY_SIZE(words); i++)
		if (span_is(expr, words[i]))
			return false;
	return true;
}

bool place_expression(const struct explain_place *place, struct span *expr)
{
	if (!place->file || !place->column)
		return false;
	*expr = (struct span){place->text + place->column - 1, place->end_column - place->column};
	return true;
}

bool place_pointer(const struct explain_place *place, struct span *pointer)
{
	struct span expr;
	size_t i;

	if (!place_expression(place, &expr))
		return false;
	if (*expr.at == '*') {
		i = skip_space(expr, 1);
		*pointer = (struct span){expr.at + i, expr.len - i};
		return pointer->len && is_ident(*pointer->at) &&
		       postfix_start(*pointer, pointer->len) == 0;
	}
	if (!is_ident(*expr.at))
		return false;
	if (expr.at[expr.len - 1] == ']') {
		i = match_left(expr, expr.len);
		*pointer = (struct span){expr.at, i == SIZE_MAX ? 0 : i};
		return pointer->len > 0;
	}
	for (i = expr.len; i && is_ident(expr.at[i - 1]); i--)
		;
	if (i < 2 || expr.at[i - 1] != '>' || expr.at[i - 2] != '-')
		return false;
	*pointer = (struct span){expr.at, i - 2};
	return true;
}

/* ---- what an expression is assigned to ---- */

/* Only casts and spaces in [i, end). */
static bool only_casts(struct span s, size_t i, size_t end)
{
	while ((i = skip_space(s, i)) < end) {
		size_t close = s.at[i] == '(' ? match_right(s, i) : 0;

		if (!close)
			return false;
		i = close;
	}
	return true;
}

/* The operand left of the plain "=" that is the last before @end. */
static bool assigned_before(struct span s, size_t end, struct span *variable)
{
	size_t start;

	for (size_t i = end; i-- > 1;) {
		if (s.at[i] != '=' || strchr("=!<>+-*/%&|^", s.at[i - 1]) || follows(s, i, "=="))
			continue;
		if (!only_casts(s, i + 1, end))
			return false;
		start = postfix_start(s, i);
		*variable = (struct span){s.at + start, back_space(s, i) - start};
		return variable->len && is_ident(*variable->at);
	}
	return false;
}

/* A declaration or assignment whose value begins on the next line: "x =" */
static bool assigned_line_before(const struct explain_input *in, const struct explain_place *place,
				 struct span *variable)
{
	const char *line;
	struct span s;

	if (!in->source_line || place->line < 2)
		return false;
	line = in->source_line(in->arg, place->file, place->line);
	if (!line || strcmp(line, place->text))
		return false;
	line = in->source_line(in->arg, place->file, place->line - 1);
	if (!line)
		return false;
	s = (struct span){line, strlen(line)};
	s.len = back_space(s, s.len);
	return s.len && s.at[s.len - 1] == '=' && assigned_before(s, s.len, variable);
}

bool place_variable(const struct explain_input *in, const struct explain_place *place,
		    struct span *variable)
{
	struct span s = {place->text, strlen(place->text)};
	size_t start = place->column - 1, end = place->end_column - 1, next;

	if (!place->file || !place->column || at_keyword(s, start))
		return false;
	next = skip_space(s, end);
	if (next < s.len && !strchr(";,)", s.at[next]))
		return false;
	/* the expression may be the whole of "x = value" */
	for (size_t i = start; i < end; i++)
		if (s.at[i] == '=' && !follows(s, i, "==") && i > start &&
		    !strchr("=!<>+-*/%&|^", s.at[i - 1]))
			return assigned_before(s, i + 1, variable);
	if (assigned_before(s, start, variable))
		return true;
	return skip_space(s, 0) >= start && assigned_line_before(in, place, variable);
}

bool place_argument(const struct explain_place *place, u32 n, struct span *argument)
{
	struct span s, expr;
	size_t i, start;
	int depth = 0;

	if (!place_expression(place, &expr) || !is_ident(*expr.at) || expr.at[expr.len - 1] != ')')
		return false;
	s = expr;
	for (i = 0; i < s.len && s.at[i] != '('; i++)
		;
	start = ++i;
	for (; i < s.len; i++) {
		char c = s.at[i];

		if (c == '(' || c == '[' || c == '{')
			depth++;
		if ((c == ',' && !depth) || i + 1 == s.len) {
			if (!--n) {
				start = skip_space(s, start);
				*argument = (struct span){s.at + start, back_space(s, i) - start};
				return argument->len && argument->len < 60;
			}
			start = i + 1;
		}
		if (c == ')' || c == ']' || c == '}')
			depth--;
	}
	return false;
}
