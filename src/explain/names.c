/* SPDX-License-Identifier: BSD-2-Clause */
/* The words of an explanation: what the names in class.def's texts stand for. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "explain/classify.h"

const char *arena_printf(struct arena *arena, const char *fmt, ...)
{
	struct buf text;
	const char *copy;
	va_list args;

	buf_init(&text, arena->mem);
	va_start(args, fmt);
	buf_vprintf(&text, fmt, args);
	va_end(args);
	copy = buf_error(&text) ? NULL : arena_strdup(arena, buf_str(&text));
	buf_free(&text);
	return copy;
}

static const char *copy_span(const struct subject *s, struct span span)
{
	return span.len ? arena_printf(s->arena, "%.*s", SPAN_ARGS(span)) : NULL;
}

/* ---- variables ---- */

static bool is_name(struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
		      (i && c >= '0' && c <= '9')))
			return false;
	}
	return text.len > 0;
}

/*
 * Whether the place of an instruction is its own: an instruction without a
 * place has that of the one before it. So the first one that loads or calls
 * is taken for what the expression says, and nothing else.
 */
static bool owns_place(const struct subject *s, u32 insn)
{
	const struct explain_input *in = s->in;
	u8 class = BPF_CLASS(in->insns[insn].code);
	const struct bpf_line_info *place = btf_find_line(in->line_info, in->line_info_cnt, insn);

	for (u32 i = place ? place->insn_off : 0; i < insn; i++)
		if (BPF_CLASS(in->insns[i].code) == class)
			return false;
	return true;
}

/* From where the value came: the variable it was assigned to, or the parameter. */
bool variable_of_origin(const struct subject *s, const struct trail *trail, struct span *name)
{
	struct explain_place place;
	struct span variable;
	const char *copy;
	u32 insn;

	if (trail->origin == ORIGIN_UNKNOWN || trail->origin == ORIGIN_CLOBBERED)
		return false;
	insn = s->log->steps.at[trail->step].insn;
	if (trail->origin == ORIGIN_ARGUMENT)
		return parameter_name(s, insn, trail->reg, name);
	if ((trail->origin != ORIGIN_LOAD && trail->origin != ORIGIN_CALL) || !owns_place(s, insn))
		return false;
	if (!source_place(s->in, insn, EXPR_VALUE, &place) ||
	    !place_variable(s->in, &place, &variable))
		return false;
	/* it may be in a line that is about to go */
	copy = copy_span(s, variable);
	*name = (struct span){copy, copy ? strlen(copy) : 0};
	return copy;
}

static bool is_call_argument(const struct subject *s, u32 step, u32 reg)
{
	return step < s->path.cnt && isa_is_call(path_insn(&s->path, step)) && reg >= BPF_REG_1 &&
	       reg <= BPF_REG_5;
}

bool variable_of(const struct subject *s, u32 step, u32 reg, const struct trail *trail,
		 struct span *name)
{
	struct explain_place place;

	if (variable_of_origin(s, trail, name))
		return true;
	if (step >= s->path.cnt)
		return false;
	if (!source_place(s->in, s->log->steps.at[step].insn, role_of(path_insn(&s->path, step)),
			  &place))
		return false;
	if (is_call_argument(s, step, reg))
		return place_argument(&place, reg, name) && is_name(*name);
	return place_pointer(&place, name);
}

static const char *text_name(const struct subject *s)
{
	struct span name;

	if (s->reg < 0 || !variable_of(s, s->step, (u32)s->reg, &s->trail, &name))
		return NULL;
	return copy_span(s, name);
}

static const char *text_arg(const struct subject *s)
{
	struct span argument;

	if (s->reg < 0 || !is_call_argument(s, s->step, (u32)s->reg) ||
	    !place_argument(&s->place, (u32)s->reg, &argument))
		return NULL;
	return copy_span(s, argument);
}

static const char *text_argno(const struct subject *s)
{
	return s->reg > 0 ? arena_printf(s->arena, "%d", s->reg) : NULL;
}

/* ---- calls ---- */

static const char *text_call(const struct subject *s, u32 step)
{
	struct span name;

	return step_call_name(s, step, &name) ? arena_printf(s->arena, "%.*s()", SPAN_ARGS(name))
					      : NULL;
}

static const char *text_from(const struct subject *s)
{
	return s->trail.origin == ORIGIN_CALL ? text_call(s, s->trail.step) : NULL;
}

static const char *text_helper(const struct subject *s)
{
	return text_call(s, s->step);
}

static const char *text_releaser(const struct subject *s)
{
	u32 step;

	return has_step(s) && find_release(s, &step) ? text_call(s, step) : NULL;
}

static const char *text_invalidator(const struct subject *s)
{
	u32 step;

	return find_invalidation(s, &step) ? text_call(s, step) : NULL;
}

static bool acquiring_step(const struct subject *s, u32 *step)
{
	s64 insn;

	return captured_number(s, "insn", &insn) && insn >= 0 &&
	       path_last(&s->path, s->path.cnt, (u32)insn, step);
}

static const char *text_acquirer(const struct subject *s)
{
	u32 step;

	return acquiring_step(s, &step) ? text_call(s, step) : NULL;
}

static const char *text_held(const struct subject *s)
{
	const struct trail trail = {.origin = ORIGIN_CALL};
	struct trail at = trail;
	struct span name;

	return acquiring_step(s, &at.step) && variable_of_origin(s, &at, &name) ? copy_span(s, name)
										: NULL;
}

static const char *text_release_hint(const struct subject *s)
{
	static const struct {
		const char *start, *hint;
	} hints[] = {
		{"bpf_sk_lookup_", "bpf_sk_release()"},
		{"bpf_skc_lookup_", "bpf_sk_release()"},
		{"bpf_task_", "bpf_task_release()"},
		{"bpf_cgroup_", "bpf_cgroup_release()"},
		{"bpf_obj_new", "bpf_obj_drop()"},
		{"bpf_refcount_acquire", "bpf_obj_drop()"},
		{"bpf_percpu_obj_new", "bpf_percpu_obj_drop()"},
		{"bpf_cpumask_", "bpf_cpumask_release()"},
		{"bpf_lookup_", "bpf_key_put()"},
		{"bpf_skb_ct_", "bpf_ct_release()"},
		{"bpf_xdp_ct_", "bpf_ct_release()"},
		{"bpf_get_task_exe_file", "bpf_put_file()"},
	};
	struct span name;
	u32 step;

	if (!acquiring_step(s, &step) || !step_call_name(s, step, &name))
		return NULL;
	for (u32 i = 0; i < ARRAY_SIZE(hints); i++)
		if (span_starts(name, hints[i].start))
			return hints[i].hint;
	return NULL;
}

/* ---- values ---- */

static bool reg_attribute(const struct subject *s, u32 step, u32 reg, const char *name,
			  struct span *attribute)
{
	struct span value;

	return step_reg(s, step, reg, &value) && vlog_attribute(value, name, attribute);
}

static const char *text_map(const struct subject *s)
{
	struct span name;
	bool found = s->reg >= 0 && reg_attribute(s, s->step, (u32)s->reg, "map", &name);

	if (!found && s->trail.origin == ORIGIN_CALL)
		found = reg_attribute(s, s->trail.step + 1, 0, "map", &name);
	for (u32 reg = BPF_REG_1;
	     !found && has_step(s) && reg <= BPF_REG_5 && isa_is_call(path_insn(&s->path, s->step));
	     reg++)
		found = reg_attribute(s, s->step, reg, "map", &name);
	return found ? arena_printf(s->arena, "map `%.*s`", SPAN_ARGS(name)) : NULL;
}

static const char *text_expr(const struct subject *s)
{
	struct span expr;

	if (!place_expression(&s->place, &expr) || expr.len > 60)
		return NULL;
	return arena_printf(s->arena, "`%.*s`", SPAN_ARGS(expr));
}

static const char *text_what(const struct subject *s)
{
	const char *name = text_name(s), *from;

	if (name)
		return arena_printf(s->arena, "`%s`", name);
	from = text_from(s);
	if (from)
		return arena_printf(s->arena, "the result of %s", from);
	return "this pointer";
}

static const struct {
	const char *type, *words;
} type_words[] = {
	{"scalar", "a number"},
	{"inv", "a number"},
	{"fp", "a pointer to the stack"},
	{"ctx", "the context"},
	{"map_ptr", "a map"},
	{"map_value", "a pointer to a map's value"},
	{"map_key", "a pointer to a map's key"},
	{"pkt", "a pointer into the packet"},
	{"pkt_meta", "a pointer to the packet's metadata"},
	{"pkt_end", "the end of the packet"},
	{"flow_keys", "the flow keys"},
	{"sock", "a socket"},
	{"sock_common", "a socket"},
	{"tcp_sock", "a TCP socket"},
	{"xdp_sock", "an XDP socket"},
	{"mem", "a pointer to memory"},
	{"alloc_mem", "a pointer to memory"},
	{"buf", "a pointer to a buffer"},
	{"arena", "a pointer into the arena"},
	{"func", "a function"},
	{"dynptr_ptr", "a dynptr"},
	{"percpu_ptr_", "a per-CPU pointer"},
	{"ptr_", "a pointer to a kernel object"},
	{"ringbuf_mem", "a ring buffer record"},
	{"dynptr", "a dynptr"},
	{"timer", "a timer"},
	{"unknown", "nothing"},
};

static void drop_end(struct span *type, const char *end)
{
	size_t len = strlen(end);

	if (type->len >= len && !memcmp(type->at + type->len - len, end, len))
		type->len -= len;
}

/* A type as the log spells it, in words, or as it is. */
static const char *words_of_type(const struct subject *s, struct span type)
{
	static const char *const starts[] = {"rdonly_",	   "user_",    "percpu_", "rcu_",
					     "untrusted_", "trusted_", "P"};
	struct span rest = type;

	if (!type.len)
		return NULL;
	drop_end(&rest, "_or_null");
	drop_end(&rest, "or_null_");
	for (u32 i = 0; i < ARRAY_SIZE(starts); i++)
		if (span_starts(rest, starts[i]) && rest.len > strlen(starts[i]))
			rest = (struct span){rest.at + strlen(starts[i]),
					     rest.len - strlen(starts[i])};
	for (u32 i = 0; i < ARRAY_SIZE(type_words); i++)
		if (span_is(rest, type_words[i].type))
			return type_words[i].words;
	if (span_starts(rest, "ptr_"))
		return arena_printf(s->arena, "a pointer to `struct %.*s`", (int)rest.len - 4,
				    rest.at + 4);
	return arena_printf(s->arena, "`%.*s`", SPAN_ARGS(type));
}

static const char *text_types(const struct subject *s)
{
	struct span type = captured(s, "type"), value;

	if (!type.len && s->reg >= 0 && step_reg(s, s->step, (u32)s->reg, &value))
		type = vlog_type(value);
	return words_of_type(s, type);
}

static const char *text_expects(const struct subject *s)
{
	struct span list = captured(s, "expected");
	const char *comma = memchr(list.at, ',', list.len);
	struct buf text;
	const char *words;

	if (!comma)
		return words_of_type(s, list);
	if (span_starts(list, "fp, "))
		return "a pointer to memory (of the stack, a map, the packet, ...)";
	buf_init(&text, s->arena->mem);
	while (list.len) {
		size_t n = 0;

		while (n < list.len && list.at[n] != ',')
			n++;
		words = words_of_type(s, (struct span){list.at, n});
		buf_printf(&text, "%s%s", text.len ? " or " : "", words ? words : "?");
		while (n < list.len && (list.at[n] == ',' || list.at[n] == ' '))
			n++;
		list = (struct span){list.at + n, list.len - n};
	}
	words = buf_error(&text) ? NULL : arena_strdup(s->arena, buf_str(&text));
	buf_free(&text);
	return words;
}

/* ---- numbers ---- */

static const char *text_end(const struct subject *s)
{
	s64 off, size;

	if (!captured_number(s, "off", &off) || !captured_number(s, "size", &size))
		return NULL;
	return arena_printf(s->arena, "%" PRId64, off + size);
}

static const char *plural(const struct subject *s, const char *name)
{
	s64 n;

	return captured_number(s, name, &n) && n == 1 ? "byte" : "bytes";
}

static const char *text_bytes(const struct subject *s)
{
	return plural(s, "size");
}

static const char *text_ebytes(const struct subject *s)
{
	const char *end = text_end(s);

	return end && !strcmp(end, "1") ? "byte" : "bytes";
}

/* The variable that holds the start of the packet, moved to the end of the access. */
static const char *text_pktcheck(const struct subject *s)
{
	s64 id;
	const char *end = text_end(s);
	struct span name;

	if (!end || !captured_number(s, "id", &id) || id || s->trail.origin != ORIGIN_LOAD ||
	    !variable_of_origin(s, &s->trail, &name))
		return NULL;
	return arena_printf(s->arena, "(void *)%.*s + %s", SPAN_ARGS(name), end);
}

static const char *text_pktend(const struct subject *s)
{
	struct span value, name;

	for (u32 i = s->path.cnt; i-- > 0;) {
		const struct bpf_insn *insn = path_insn(&s->path, i);
		struct trail trail = {.origin = ORIGIN_LOAD, .step = i};

		if (BPF_CLASS(insn->code) == BPF_LDX && i + 1 < s->path.cnt &&
		    step_reg(s, i + 1, insn->dst_reg, &value) &&
		    span_is(vlog_type(value), "pkt_end") && variable_of_origin(s, &trail, &name))
			return arena_printf(s->arena, "(void *)%.*s", SPAN_ARGS(name));
	}
	return "(void *)(long)ctx->data_end";
}

/* What stands in the last brackets of the marked expression, or the added number's variable. */
static const char *text_index(const struct subject *s)
{
	struct span expr, pointer, name;
	struct trail trail;
	u32 step, reg;

	if (place_expression(&s->place, &expr) && place_pointer(&s->place, &pointer) &&
	    expr.at[expr.len - 1] == ']' && expr.len - pointer.len > 2) {
		name = (struct span){pointer.at + pointer.len + 1, expr.len - pointer.len - 2};
		if (name.len < 40)
			return copy_span(s, name);
	}
	if (!find_index(s, &step, &reg))
		return NULL;
	trail_follow(&s->path, step, reg, &trail);
	return variable_of_origin(s, &trail, &name) ? copy_span(s, name) : NULL;
}

/* "smin=2 smax=2", of which either may be missing. */
static bool value_after(struct span values, const char *name, struct span *number)
{
	size_t len = strlen(name);

	for (size_t i = 0; i + len < values.len; i++) {
		if (memcmp(values.at + i, name, len))
			continue;
		*number = (struct span){values.at + i + len, 0};
		while (i + len + number->len < values.len && number->at[number->len] != ' ')
			number->len++;
		return true;
	}
	return false;
}

static const char *text_returned(const struct subject *s)
{
	struct span values = captured(s, "values"), low, high;
	bool has_low = value_after(values, "smin=", &low);
	bool has_high = value_after(values, "smax=", &high);

	if (has_low && has_high && low.len == high.len && !memcmp(low.at, high.at, low.len))
		return arena_printf(s->arena, "%.*s is returned here", SPAN_ARGS(low));
	if (has_low && has_high)
		return arena_printf(s->arena, "anything from %.*s to %.*s may be returned here",
				    SPAN_ARGS(low), SPAN_ARGS(high));
	if (has_low)
		return arena_printf(s->arena, "anything from %.*s on may be returned here",
				    SPAN_ARGS(low));
	if (has_high)
		return arena_printf(s->arena, "anything up to %.*s may be returned here",
				    SPAN_ARGS(high));
	return span_is(values, "unknown scalar value") ? "any value may be returned here" : NULL;
}

/* ---- the program ---- */

static const char *text_ptype(const struct subject *s)
{
	return s->in->type;
}

static const char *text_license(const struct subject *s)
{
	return s->in->license;
}

static const char *text_bail(const struct subject *s)
{
	static const struct {
		const char *type, *statement;
	} bails[] = {
		{"xdp", "return XDP_PASS;"},
		{"sched_cls", "return TC_ACT_OK;"},
		{"sched_act", "return TC_ACT_OK;"},
	};
	bool main = !has_step(s) || !s->path.frame[s->step];

	for (u32 i = 0; main && !s->log->function.len && s->in->type && i < ARRAY_SIZE(bails); i++)
		if (!strcmp(s->in->type, bails[i].type))
			return bails[i].statement;
	return "return 0;";
}

static const char *text_limit_insns(const struct subject *s)
{
	return s->log->stats.limit ? arena_printf(s->arena, "%" PRIu64, s->log->stats.limit) : NULL;
}

/* ---- hints ---- */

/* The operator as C has it. */
static const char *text_sign(const struct subject *s)
{
	static const char *const signs[16] = {
		[BPF_ADD >> 4] = "+",  [BPF_SUB >> 4] = "-",  [BPF_MUL >> 4] = "*",
		[BPF_DIV >> 4] = "/",  [BPF_OR >> 4] = "|",   [BPF_AND >> 4] = "&",
		[BPF_LSH >> 4] = "<<", [BPF_RSH >> 4] = ">>", [BPF_NEG >> 4] = "-",
		[BPF_MOD >> 4] = "%",  [BPF_XOR >> 4] = "^",  [BPF_ARSH >> 4] = ">>",
	};

	return has_step(s) ? signs[path_insn(&s->path, s->step)->code >> 4] : NULL;
}

/* What the pointer that is followed is called: an array's name. */
static const char *text_array(const struct subject *s)
{
	struct span pointer;
	const char *arg = text_arg(s);

	if (arg)
		return is_name((struct span){arg, strlen(arg)}) ? arg : NULL;
	return place_pointer(&s->place, &pointer) ? copy_span(s, pointer) : NULL;
}

/* Bytes from where a pointer to the stack points to the stack's end. */
static const char *text_room(const struct subject *s)
{
	s64 off;

	return captured_number(s, "off", &off) && off < 0 ? arena_printf(s->arena, "%" PRId64, -off)
							  : NULL;
}

/* The bytes by which an index moves a pointer: of its known bits the lowest that may be set. */
static s64 index_stride(const struct subject *s)
{
	struct span value, bits;
	const char *mask;
	s64 known, unknown;
	u32 step, reg;

	if (!find_index(s, &step, &reg) || !step_reg(s, step, reg, &value))
		return 0;
	if (!vlog_attribute(value, "var_off", &bits))
		return 1;
	mask = memchr(bits.at, ';', bits.len);
	if (!mask ||
	    !span_number((struct span){bits.at + 1, (size_t)(mask - bits.at) - 1}, &known) ||
	    !span_number((struct span){mask + 2, bits.len - (size_t)(mask - bits.at) - 2},
			 &unknown) ||
	    known || !unknown)
		return 0;
	return unknown & -unknown;
}

/*
 * How many elements a map's value has, where the access is to an element of
 * an array that is all of the value.
 */
static const char *text_bound(const struct subject *s)
{
	const struct bpf_insn *insn = has_step(s) ? path_insn(&s->path, s->step) : NULL;
	struct span value, attribute;
	s64 size, limit;

	if (!insn || s->reg < 0 || insn->off || BPF_CLASS(insn->code) > BPF_STX ||
	    BPF_CLASS(insn->code) == BPF_LD || !step_reg(s, s->step, (u32)s->reg, &value) ||
	    vlog_attribute(value, "off", &attribute) || !vlog_attribute(value, "vs", &attribute) ||
	    !span_number(attribute, &limit))
		return NULL;
	size = isa_access_size(insn);
	if (index_stride(s) != size || limit % size)
		return NULL;
	return arena_printf(s->arena, "%" PRId64, limit / size);
}

static const char *text_fixed_hint(const struct subject *s)
{
	struct span type = captured(s, "type");

	if (span_is(type, "pkt_end"))
		return "Add to the pointer that is compared with it instead.";
	if (span_is(type, "map_ptr"))
		return "This is the map itself: bpf_map_lookup_elem() gives a pointer to a value.";
	return NULL;
}

static const char *text_readonly_hint(const struct subject *s)
{
	const char *map = text_map(s);

	if (map && strstr(map, ".rodata"))
		return "These are the program's constants. Declare the variable without const.";
	return NULL;
}

/* Names that are made; the text is what a template gets where it insists on one. */
static const struct {
	const char *name;
	const char *(*text)(const struct subject *s);
	const char *otherwise;
} names[] = {
	{"what", text_what, "this pointer"},
	{"name", text_name, "pointer"},
	{"from", text_from, "the call"},
	{"helper", text_helper, "this function"},
	{"map", text_map, "the map"},
	{"arg", text_arg, "the argument"},
	{"argno", text_argno, "?"},
	{"bail", text_bail, "return 0;"},
	{"end", text_end, "?"},
	{"types", text_types, "this"},
	{"expects", text_expects, "something else"},
	{"expr", text_expr, "what is accessed here"},
	{"bytes", text_bytes, "bytes"},
	{"ebytes", text_ebytes, "bytes"},
	{"pktcheck", text_pktcheck, "data + size"},
	{"pktend", text_pktend, "data_end"},
	{"index", text_index, "index"},
	{"releaser", text_releaser, "the call"},
	{"invalidator", text_invalidator, "the call"},
	{"acquirer", text_acquirer, "the call"},
	{"held", text_held, "record"},
	{"release_hint", text_release_hint, ""},
	{"returned", text_returned, ""},
	{"ptype", text_ptype, "this type's"},
	{"license", text_license, "?"},
	{"sign", text_sign, "this operator"},
	{"array", text_array, "array"},
	{"room", text_room, "that"},
	{"bound", text_bound, "..."},
	{"fixed_hint", text_fixed_hint, ""},
	{"readonly_hint", text_readonly_hint, ""},
	{"limit_insns", text_limit_insns, "1000000"},
};

static s32 find_name(struct span name)
{
	for (u32 i = 0; i < ARRAY_SIZE(names); i++)
		if (span_is(name, names[i].name))
			return (s32)i;
	return -1;
}

/* The program's own `name` in a pattern ("{name}#{id}") goes before the variable's. */
const char *name_text(const struct subject *s, struct span name)
{
	s32 i = find_name(name);

	for (u32 k = 0; k < s->capture_cnt; k++)
		if (s->captures[k].name.len == name.len &&
		    !memcmp(s->captures[k].name.at, name.at, name.len))
			return copy_span(s, s->captures[k].text);
	return i < 0 ? NULL : names[i].text(s);
}

/* ---- templates ---- */

/* "{name}" or "{name|otherwise}" at @at; the text, and whether it was known. */
static const char *expand_name(const struct subject *s, const char **at, struct buf *out)
{
	const char *close = strchr(*at, '}');
	struct span name = {*at + 1, (size_t)(close - *at) - 1}, otherwise = {NULL, 0};
	const char *bar = memchr(name.at, '|', name.len), *text;
	s32 i;

	if (bar) {
		otherwise = (struct span){bar + 1, (size_t)(close - bar) - 1};
		name.len = (size_t)(bar - name.at);
	}
	*at = close + 1;
	text = name_text(s, name);
	i = find_name(name);
	if (text)
		buf_puts(out, text);
	else if (otherwise.at)
		buf_printf(out, "%.*s", SPAN_ARGS(otherwise));
	else if (i >= 0)
		buf_puts(out, names[i].otherwise);
	return text;
}

static bool at_end(const char *at, const char *end1, const char *end2)
{
	return !*at || (end1 && !strncmp(at, end1, strlen(end1))) ||
	       (end2 && !strncmp(at, end2, strlen(end2)));
}

/* Up to one of the ends; false when a name was not known. */
static bool expand_part(const struct subject *s, const char **at, const char *end1,
			const char *end2, struct buf *out);

/* "<?text?>" or "<?text<:>other?>" */
static void expand_option(const struct subject *s, const char **at, struct buf *out)
{
	size_t start = out->len;
	bool known;

	*at += 2;
	known = expand_part(s, at, "<:>", "?>", out);
	if (!known && !out->failed && out->data) {
		out->len = start;
		out->data[start] = 0;
	}
	if (!strncmp(*at, "<:>", 3)) {
		struct buf unused;

		*at += 3;
		buf_init(&unused, s->arena->mem);
		expand_part(s, at, "?>", NULL, known ? &unused : out);
		buf_free(&unused);
	}
	if (**at)
		*at += 2;
}

static bool expand_part(const struct subject *s, const char **at, const char *end1,
			const char *end2, struct buf *out)
{
	bool known = true;

	while (!at_end(*at, end1, end2)) {
		if (!strncmp(*at, "<?", 2))
			expand_option(s, at, out);
		else if (**at == '{')
			known &= expand_name(s, at, out) != NULL;
		else
			buf_putc(out, *(*at)++);
	}
	return known;
}

const char *expand(const struct subject *s, const char *template)
{
	struct buf out;
	const char *text;

	buf_init(&out, s->arena->mem);
	expand_part(s, &template, NULL, NULL, &out);
	text = buf_error(&out) ? NULL : arena_strdup(s->arena, buf_str(&out));
	buf_free(&out);
	return text;
}
