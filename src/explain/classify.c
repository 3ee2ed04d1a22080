/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include "explain/classify.h"

#define MESSAGE_MAX 2048

/* ---- what the conditions ask ---- */

struct span captured(const struct subject *s, const char *name)
{
	for (u32 i = 0; i < s->capture_cnt; i++)
		if (span_is(s->captures[i].name, name))
			return s->captures[i].text;
	return (struct span){"", 0};
}

bool captured_number(const struct subject *s, const char *name, s64 *number)
{
	return span_number(captured(s, name), number);
}

bool step_reg(const struct subject *s, u32 step, u32 reg, struct span *value)
{
	return step < s->path.cnt && vlog_reg(s->log, step, s->path.frame[step], reg, value);
}

static const struct bpf_func_info *function_of(const struct subject *s, u32 insn, bool exactly)
{
	const struct bpf_func_info *best = NULL;

	for (u32 i = 0; s->in->btf && i < s->in->func_info_cnt; i++)
		if (s->in->func_info[i].insn_off <= insn)
			best = &s->in->func_info[i];
	return best && (!exactly || best->insn_off == insn) ? best : NULL;
}

static const struct btf_type *function_type(const struct subject *s, u32 insn, bool exactly)
{
	const struct bpf_func_info *info = function_of(s, insn, exactly);
	const struct btf_type *t = info ? btf_type_by_id(s->in->btf, info->type_id) : NULL;

	return t && btf_kind(t) == BTF_KIND_FUNC ? t : NULL;
}

bool parameter_name(const struct subject *s, u32 insn, u32 reg, struct span *name)
{
	const struct btf_type *t = function_type(s, insn, false);
	const struct btf_param *params;
	const char *text;

	t = t ? btf_type_by_id(s->in->btf, t->type) : NULL;
	if (!t || btf_kind(t) != BTF_KIND_FUNC_PROTO || !reg || reg > btf_vlen(t))
		return false;
	params = btf_tail(t);
	text = btf_str(s->in->btf, params[reg - 1].name_off);
	*name = (struct span){text, strlen(text)};
	return name->len > 0;
}

/* "call bpf_foo#12" */
static bool name_in_call(struct span text, struct span *name)
{
	size_t start = strlen("call "), end;

	if (!span_starts(text, "call ") || span_starts(text, "call pc"))
		return false;
	for (end = start; end < text.len && text.at[end] != '#'; end++)
		;
	*name = (struct span){text.at + start, end - start};
	return name->len > 0;
}

/* Of a kernel function that the log does not name: "f" of "f(x)". */
static bool name_in_source(const struct subject *s, u32 insn, struct span *name)
{
	struct explain_place place;
	struct span expr;
	const char *open;

	if (!source_place(s->in, insn, EXPR_VALUE, &place) || !place_expression(&place, &expr))
		return false;
	open = memchr(expr.at, '(', expr.len);
	if (!open || expr.at[expr.len - 1] != ')')
		return false;
	*name = (struct span){expr.at, (size_t)(open - expr.at)};
	for (size_t i = 0; i < name->len; i++)
		if (!memchr("abcdefghijklmnopqrstuvwxyz_0123456789", name->at[i], 37))
			return false;
	return name->len > 0;
}

bool insn_call_name(const struct subject *s, u32 insn, struct span *name)
{
	const struct bpf_insn *at = &s->in->insns[insn];
	const struct btf_type *t;
	const char *text;

	if (isa_is_local_call(at)) {
		t = function_type(s, (u32)isa_target(at, insn), true);
		text = t ? btf_name(s->in->btf, t) : "";
		*name = (struct span){text, strlen(text)};
		return name->len > 0;
	}
	for (size_t i = s->log->steps.len; i; i--) {
		if (s->log->steps.at[i - 1].insn != insn)
			continue;
		if (!name_in_call(s->log->steps.at[i - 1].text, name))
			return false;
		return !span_is(*name, "kernel-function") || name_in_source(s, insn, name);
	}
	return false;
}

bool step_call_name(const struct subject *s, u32 step, struct span *name)
{
	return step < s->path.cnt && isa_is_call(path_insn(&s->path, step)) &&
	       insn_call_name(s, s->log->steps.at[step].insn, name);
}

bool find_release(const struct subject *s, u32 *step)
{
	struct span held, id, value, other;

	if (s->trail.origin != ORIGIN_CALL || !step_reg(s, s->trail.step + 1, 0, &held) ||
	    !vlog_attribute(held, "ref_obj_id", &id))
		return false;
	for (u32 i = s->step; i-- > s->trail.step + 1;) {
		if (!isa_is_call(path_insn(&s->path, i)))
			continue;
		for (u32 reg = BPF_REG_1; reg <= BPF_REG_5; reg++) {
			if (step_reg(s, i, reg, &value) &&
			    vlog_attribute(value, "ref_obj_id", &other) && other.len == id.len &&
			    !memcmp(other.at, id.at, id.len)) {
				*step = i;
				return true;
			}
		}
	}
	return false;
}

bool find_invalidation(const struct subject *s, u32 *step)
{
	static const char *const starts[] = {
		"bpf_xdp_adjust_",
		"bpf_skb_change_",
		"bpf_skb_pull_data",
		"bpf_skb_vlan_",
		"bpf_skb_store_bytes",
		"bpf_skb_adjust_room",
		"bpf_l3_csum_replace",
		"bpf_l4_csum_replace",
		"bpf_clone_redirect",
		"bpf_lwt_",
		"bpf_msg_",
		"bpf_skb_set_tunnel",
	};
	struct span name;

	for (u32 i = s->step; has_step(s) && i-- > s->trail.step;) {
		if (!step_call_name(s, i, &name))
			continue;
		for (u32 k = 0; k < ARRAY_SIZE(starts); k++) {
			if (span_starts(name, starts[k])) {
				*step = i;
				return true;
			}
		}
	}
	return false;
}

bool find_index(const struct subject *s, u32 *step, u32 *reg)
{
	const struct trail *t = &s->trail;
	struct span value;

	for (u32 i = 0; i < t->arith_cnt; i++) {
		const struct bpf_insn *insn = path_insn(&s->path, t->arith[i]);
		u32 number = insn->src_reg;

		if (BPF_SRC(insn->code) != BPF_X)
			continue;
		/* the one of the two that is no pointer */
		if (step_reg(s, t->arith[i], number, &value) &&
		    !span_is(vlog_type(value), "scalar"))
			number = insn->dst_reg;
		*step = t->arith[i];
		*reg = number;
		return true;
	}
	/* an instruction that is itself the addition */
	if (has_step(s)) {
		const struct bpf_insn *insn = path_insn(&s->path, s->step);

		if (BPF_CLASS(insn->code) == BPF_ALU64 && BPF_SRC(insn->code) == BPF_X) {
			*step = s->step;
			*reg = insn->src_reg;
			if (step_reg(s, s->step, insn->src_reg, &value) &&
			    !span_is(vlog_type(value), "scalar"))
				*reg = insn->dst_reg;
			return true;
		}
	}
	return false;
}

/* ---- conditions ---- */

static bool when_any(const struct subject *s)
{
	return true || s;
}

static bool when_in_global(const struct subject *s)
{
	return s->log->function.len && s->trail.origin == ORIGIN_ARGUMENT;
}

static bool when_is_zero(const struct subject *s)
{
	struct span value;
	s64 number;

	if (s->reg < 0 || !step_reg(s, s->step, (u32)s->reg, &value))
		return false;
	if (value.len && *value.at == 'P')
		value = (struct span){value.at + 1, value.len - 1};
	return span_number(value, &number) && !number;
}

static bool when_was_reference(const struct subject *s)
{
	u32 step;

	return has_step(s) && find_release(s, &step);
}

/* The type of the value where it came from. */
static struct span origin_type(const struct subject *s)
{
	struct span value;

	if (s->trail.origin == ORIGIN_UNKNOWN || s->trail.reg > BPF_REG_FP ||
	    !step_reg(s, s->trail.step + 1, s->trail.reg, &value))
		return (struct span){"", 0};
	return vlog_type(value);
}

static bool when_was_packet(const struct subject *s)
{
	struct span type = origin_type(s);

	return span_is(type, "pkt") || span_is(type, "pkt_meta") || span_is(type, "pkt_end");
}

static bool when_was_pointer(const struct subject *s)
{
	struct span type = origin_type(s);

	return type.len && !span_is(type, "scalar") && s->trail.arith_cnt;
}

static bool when_is_tracing(const struct subject *s)
{
	static const char *const types[] = {
		"kprobe",  "tracepoint", "raw_tracepoint", "raw_tracepoint_writable", "perf_event",
		"tracing", "lsm",
	};

	for (u32 i = 0; s->in->type && i < ARRAY_SIZE(types); i++)
		if (!strcmp(s->in->type, types[i]))
			return s->trail.origin == ORIGIN_LOAD || s->trail.origin == ORIGIN_CALL;
	return false;
}

static bool when_no_range(const struct subject *s)
{
	s64 range;

	return captured_number(s, "range", &range) && !range;
}

static bool when_is_exit(const struct subject *s)
{
	return has_step(s) && isa_is_exit(path_insn(&s->path, s->step));
}

static bool when_was_clobbered(const struct subject *s)
{
	return s->trail.origin == ORIGIN_CLOBBERED;
}

/* The call that the message's reference came from begins with one of the names. */
static bool acquired_by(const struct subject *s, const char *start, const char *end)
{
	struct span name;
	s64 insn;
	size_t len = strlen(end);

	return captured_number(s, "insn", &insn) && insn >= 0 && insn < s->in->insn_cnt &&
	       insn_call_name(s, (u32)insn, &name) && span_starts(name, start) && name.len >= len &&
	       !memcmp(name.at + name.len - len, end, len);
}

static bool when_holds_ringbuf(const struct subject *s)
{
	return acquired_by(s, "bpf_ringbuf_reserve", "reserve");
}

static bool when_holds_dynptr(const struct subject *s)
{
	return acquired_by(s, "bpf_ringbuf_reserve_dynptr", "");
}

static bool when_holds_iterator(const struct subject *s)
{
	return acquired_by(s, "bpf_iter_", "_new");
}

static bool when_is_missing_kfunc(const struct subject *s)
{
	s64 id;

	return captured_number(s, "id", &id) && id >= 2000000000;
}

static bool when_arg_wants_map(const struct subject *s)
{
	return span_is(captured(s, "expected"), "map_ptr");
}

static bool when_arg_wants_memory(const struct subject *s)
{
	return span_starts(captured(s, "expected"), "fp");
}

static bool when_is_store(const struct subject *s)
{
	u8 class;

	if (s->insn < 0)
		return false;
	class = BPF_CLASS(s->in->insns[s->insn].code);
	return class == BPF_ST || class == BPF_STX;
}

static bool when_takes_lock(const struct subject *s)
{
	struct span name;

	return step_call_name(s, s->step, &name) && span_is(name, "bpf_spin_lock");
}

/* Memory that a function may use, but of which nothing was stored to yet. */
static bool when_within_stack(const struct subject *s)
{
	s64 off, size;

	return captured_number(s, "off", &off) && captured_number(s, "size", &size) &&
	       off >= -MAX_BPF_STACK && size > 0 && size <= MAX_BPF_STACK && off + size <= 0;
}

static bool when_is_call(const struct subject *s)
{
	return has_step(s) && isa_is_call(path_insn(&s->path, s->step));
}

static bool when_is_negative(const struct subject *s)
{
	s64 number;

	return captured_number(s, "n", &number) && number < 0;
}

/* An operation other than addition and subtraction. */
static bool when_is_no_sum(const struct subject *s)
{
	const struct bpf_insn *insn = has_step(s) ? path_insn(&s->path, s->step) : NULL;

	return insn && (BPF_CLASS(insn->code) == BPF_ALU64 || BPF_CLASS(insn->code) == BPF_ALU) &&
	       BPF_OP(insn->code) != BPF_ADD && BPF_OP(insn->code) != BPF_SUB;
}

static const struct class classes[] = {
#define CLASS(id, when, show, pattern, headline, label, remedy)                                    \
	{id, pattern, headline, label, remedy, when_##when, show},
#include "explain/class.def"
#undef CLASS
};

/* ---- patterns ---- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || c == 'x';
}

static size_t number_len(const char *text)
{
	size_t i = *text == '-';
	bool hex = text[i] == '0' && text[i + 1] == 'x';

	if (!is_digit(text[i]))
		return 0;
	while (hex ? is_hex(text[i]) : is_digit(text[i]))
		i++;
	return i;
}

static size_t reg_len(const char *text)
{
	size_t i = 1;

	if (*text != 'R' && *text != 'r')
		return 0;
	while (is_digit(text[i]))
		i++;
	return i > 1 ? i : 0;
}

static bool match(struct subject *s, const char *pattern, const char *text);

static bool take_capture(struct subject *s, struct span name, const char *text, size_t len,
			 const char *rest)
{
	u32 cnt = s->capture_cnt;

	if (cnt == CAPTURES)
		return false;
	s->captures[s->capture_cnt++] = (struct capture){name, {text, len}};
	if (match(s, rest, text + len))
		return true;
	s->capture_cnt = cnt;
	return false;
}

static bool match_capture(struct subject *s, const char *pattern, const char *text)
{
	const char *close = strchr(pattern, '}');
	struct span name = {pattern + 1, (size_t)(close - pattern) - 1};
	size_t len;

	if (span_is(name, "reg")) {
		len = reg_len(text);
		return len && take_capture(s, name, text, len, close + 1);
	}
	if (*name.at == '#') {
		len = number_len(text);
		return len && take_capture(s, (struct span){name.at + 1, name.len - 1}, text, len,
					   close + 1);
	}
	for (len = 0;; len++) {
		if (take_capture(s, name, text, len, close + 1))
			return true;
		if (!text[len] || text[len] == '\n')
			return false;
	}
}

/* Of a whole line, or of as many as the pattern has. */
static bool match(struct subject *s, const char *pattern, const char *text)
{
	for (;; pattern++, text++) {
		if (!*pattern)
			return !*text || *text == '\n';
		if (*pattern == '*' && !pattern[1])
			return true;
		if (*pattern == '{')
			return match_capture(s, pattern, text);
		if (*pattern != *text)
			return false;
	}
}

static bool match_lines(struct subject *s, const struct class *class)
{
	for (const char *line = s->message; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		s->capture_cnt = 0;
		if (match(s, class->pattern, line))
			return true;
	}
	return false;
}

/* ---- the subject ---- */

static const char *join_message(struct subject *s)
{
	struct buf text;
	const char *joined;

	buf_init(&text, s->arena->mem);
	for (size_t i = 0; i < s->log->message.len; i++) {
		struct span line = s->log->message.at[i];

		if (text.len + line.len > MESSAGE_MAX)
			break;
		buf_printf(&text, "%s%.*s", text.len ? "\n" : "", SPAN_ARGS(line));
	}
	if (!text.len && s->in->message)
		buf_puts(&text, s->in->message);
	joined = buf_error(&text) ? NULL : arena_strdup(s->arena, buf_str(&text));
	buf_free(&text);
	return joined;
}

static s32 captured_reg(const struct subject *s)
{
	struct span reg = captured(s, "reg");
	s64 number;

	if (reg.len > 1 && span_number((struct span){reg.at + 1, reg.len - 1}, &number) &&
	    number <= BPF_REG_FP)
		return (s32)number;
	if (s->class->show & SHOW_VALUE)
		return BPF_REG_0;
	/* "arg#1" counts from 0, as the first of the registers r1 to r5 does */
	if (captured_number(s, "zero", &number) && number >= 0 && number < 5)
		return (s32)number + 1;
	return -1;
}

static s32 packet_arg(const struct subject *s)
{
	struct span value;

	for (s32 reg = BPF_REG_1; reg <= BPF_REG_5 && !strcmp(s->class->id, "packet-helper"); reg++)
		if (step_reg(s, s->step, (u32)reg, &value) && span_is(vlog_type(value), "pkt"))
			return reg;
	return -1;
}

/* The register through which memory is accessed, where the message names none. */
static s32 address_reg(const struct subject *s)
{
	const struct bpf_insn *insn = has_step(s) ? path_insn(&s->path, s->step) : NULL;

	if (!insn || !(s->class->show & SHOW_ORIGIN))
		return -1;
	switch (BPF_CLASS(insn->code)) {
	case BPF_LDX:
		return insn->src_reg;
	case BPF_ST:
	case BPF_STX:
		return insn->dst_reg;
	default:
		return isa_is_call(insn) ? packet_arg(s) : -1;
	}
}

/* The instruction that the message names, where it is not the last of the path. */
static bool names_insn(const struct subject *s, s64 *insn)
{
	return !(s->class->show & SHOW_ACQUIRE) && captured_number(s, "insn", insn) && *insn >= 0 &&
	       *insn < s->in->insn_cnt;
}

enum expr_role role_of(const struct bpf_insn *insn)
{
	const struct isa_row *row = isa_row(insn);

	if (row && row->kind == ISA_KIND_IF)
		return EXPR_CONDITION;
	if (BPF_CLASS(insn->code) == BPF_ST || BPF_CLASS(insn->code) == BPF_STX)
		return EXPR_STORE;
	return EXPR_VALUE;
}

static void find_place(struct subject *s)
{
	s64 named;

	s->step = s->path.cnt;
	s->insn = -1;
	if (s->class && names_insn(s, &named)) {
		s->insn = named;
		if (!path_last(&s->path, s->path.cnt, (u32)named, &s->step))
			s->step = s->path.cnt;
	} else if (s->path.cnt && s->path.cnt == s->log->steps.len) {
		s->step = s->path.cnt - 1;
		s->insn = s->log->steps.at[s->step].insn;
	}
	s->place = (struct explain_place){.insn = -1, .text = ""};
	if (s->insn >= 0)
		source_place(s->in, (u32)s->insn, role_of(&s->in->insns[s->insn]), &s->place);
}

/* Looks at a row that matched: where it points, and whether its condition holds. */
static bool fits(struct subject *s, const struct class *class)
{
	s->class = class;
	find_place(s);
	s->reg = captured_reg(s);
	if (s->reg < 0)
		s->reg = address_reg(s);
	s->trail = (struct trail){.origin = ORIGIN_UNKNOWN};
	if (s->reg >= 0 && has_step(s))
		trail_follow(&s->path, s->step, (u32)s->reg, &s->trail);
	return class->when(s);
}

int classify(struct subject *s)
{
	int err = path_init(&s->path, s->in, s->log, s->arena);

	if (err)
		return err;
	s->message = join_message(s);
	if (!s->message)
		return -ENOMEM;
	for (u32 i = 0; i < ARRAY_SIZE(classes); i++)
		if (match_lines(s, &classes[i]) && fits(s, &classes[i]))
			return 0;
	s->class = NULL;
	s->capture_cnt = 0;
	s->reg = -1;
	s->trail = (struct trail){.origin = ORIGIN_UNKNOWN};
	find_place(s);
	return 0;
}
