/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers and context fields of packet programs by scripts.txt: each case is
 * a short script that becomes a program, which is run on a packet here and in
 * the kernel. Results of the steps and the packet afterwards must be what the
 * file says, in both places. ANYBPF_PRINT=1 prints what the kernel (else this
 * library) gives, in the file's form.
 */
#include "tap.h"

#include "hook/pair.h"

#define MAX_PACKET 256
#define MAX_OUT	   4096
#define MAX_STEPS  24

struct packet {
	char name[32];
	u8 data[MAX_PACKET];
	u32 len;
};

struct script {
	char name[128];
	enum bpf_prog_type type;
	const struct packet *packet;
	struct pair_prog prog;
	u32 results;
	bool flag_complete; /* BPF_F_TEST_SKB_CHECKSUM_COMPLETE */
};

struct outcome {
	int error;
	u64 results[PAIR_RESULTS];
	u8 out[MAX_OUT];
	u32 len;
};

static struct packet packets[32];
static u32 packet_cnt;
static struct host *compiled, *interpreted;
static bool with_kernel;

/* ---- words of a line ---- */

static const char *word(const char **at)
{
	static char buf[1024];
	size_t n = 0;

	while (**at == ' ')
		(*at)++;
	while (**at && **at != ' ' && n < sizeof(buf) - 1)
		buf[n++] = *(*at)++;
	buf[n] = 0;
	return buf;
}

static u32 parse_hex(const char *s, u8 *data, u32 max)
{
	u32 n = 0;

	for (; s[0] && s[1] && n < max; s += 2) {
		char two[3] = {s[0], s[1], 0};

		data[n++] = (u8)strtoul(two, NULL, 16);
	}
	return n;
}

static const struct packet *find_packet(const char *name)
{
	for (u32 i = 0; i < packet_cnt; i++) {
		if (!strcmp(packets[i].name, name))
			return &packets[i];
	}
	return NULL;
}

/* ---- from script to program ---- */

#define RESULTS	 9
#define BYTES_AT -64  /* what a helper reads */
#define OUT_AT	 -128 /* what it writes */

static void add_result(struct script *s, u8 reg)
{
	PAIR_ADD(&s->prog, STORE(BPF_DW, RESULTS, s->results * 8, reg));
	s->results++;
}

/* @hex: those bytes on the stack. &N: N bytes that the helper fills. Else a number. */
static bool add_argument(struct script *s, u8 reg, const char *arg)
{
	u8 bytes[64];
	u32 n;

	if (*arg == '&') {
		PAIR_ADD(&s->prog, STORE_IMM(BPF_DW, 10, OUT_AT, 0), MOV_REG(reg, 10),
			 ALU_IMM(BPF_ADD, reg, OUT_AT));
		return true;
	}
	if (*arg != '@') {
		pair_add_imm(&s->prog, reg, strtoull(arg, NULL, 0));
		return false;
	}
	n = parse_hex(arg + 1, bytes, sizeof(bytes));
	for (u32 i = 0; i < n; i++)
		PAIR_ADD(&s->prog, STORE_IMM(BPF_B, 10, BYTES_AT + (int)i, bytes[i]));
	PAIR_ADD(&s->prog, MOV_REG(reg, 10), ALU_IMM(BPF_ADD, reg, BYTES_AT));
	return false;
}

/* call HELPER ARGUMENTS: the context goes first without being named. */
static void add_call(struct script *s, const char *at)
{
	int id = helper_id_by_name(word(&at));
	const struct verify_env_info info = {.type = s->type, .caps = HOST_CAP_ALL};
	const struct helper_proto *proto =
		id < 0 ? NULL : rules_helper(hook_find(s->type)->rules, &info, (u32)id);
	bool out = false;
	u8 reg = 1;

	if (!proto) {
		tap_fail("no such helper");
		return;
	}
	if (ARG_BASE(proto->arg[0]) == ARG_PTR_TO_CTX)
		PAIR_ADD(&s->prog, MOV_REG(reg++, PAIR_CTX));
	for (const char *arg = word(&at); *arg && reg <= 5; arg = word(&at))
		out |= add_argument(s, reg++, arg);
	PAIR_ADD(&s->prog, CALL(id));
	add_result(s, 0);
	if (out) {
		PAIR_ADD(&s->prog, LOAD(BPF_DW, 0, 10, OUT_AT));
		add_result(s, 0);
	}
}

static const struct ctx_field *field_of(struct script *s, const char *name)
{
	const struct prog_rules *rules = hook_find(s->type)->rules;

	for (u32 i = 0; i < rules->field_cnt; i++) {
		if (!strcmp(rules->fields[i].name, name))
			return &rules->fields[i];
	}
	tap_fail("no field %s", name);
	return NULL;
}

/* read FIELD [SIZE [OFFSET]] and write FIELD VALUE [SIZE [OFFSET]] */
static void add_access(struct script *s, const char *at, bool write)
{
	const struct ctx_field *field = field_of(s, word(&at));
	u64 value = write ? strtoull(word(&at), NULL, 0) : 0;
	u32 size = (u32)strtoul(word(&at), NULL, 0);
	u32 off = (u32)strtoul(word(&at), NULL, 0);

	if (!field)
		return;
	size = size ? size : field->elem;
	off += field->off;
	if (write) {
		pair_add_imm(&s->prog, 1, value);
		PAIR_ADD(&s->prog, STORE(pair_size_code(size), PAIR_CTX, off, 1));
		return;
	}
	PAIR_ADD(&s->prog, LOAD(pair_size_code(size), 0, PAIR_CTX, off));
	add_result(s, 0);
}

/* abs SIZE OFFSET: the classic load, which ends the program when it fails */
static void add_abs(struct script *s, const char *at)
{
	u32 size = (u32)strtoul(word(&at), NULL, 0);
	s32 off = (s32)strtol(word(&at), NULL, 0);

	PAIR_ADD(&s->prog, INSN(BPF_LD | BPF_ABS | pair_size_code(size), 0, 0, 0, off));
	add_result(s, 0);
}

static void add_step(struct script *s, const char *line)
{
	const char *at = line;
	const char *verb = word(&at);

	if (!strcmp(verb, "call"))
		add_call(s, at);
	else if (!strcmp(verb, "read"))
		add_access(s, at, false);
	else if (!strcmp(verb, "write"))
		add_access(s, at, true);
	else if (!strcmp(verb, "abs"))
		add_abs(s, at);
	else if (!strcmp(verb, "complete"))
		s->flag_complete = true;
	else
		tap_fail("no such step: %s", line);
}

/* ---- running ---- */

/* @host NULL: in the kernel. */
static void run(const struct script *s, struct host *host, struct outcome *o)
{
	static char log[65536];
	union bpf_attr attr;

	memset(o, 0, sizeof(*o));
	memset(&attr, 0, sizeof(attr));
	attr.test.data_in = ptr_to_u64(s->packet->data);
	attr.test.data_size_in = s->packet->len;
	attr.test.data_out = ptr_to_u64(o->out);
	attr.test.data_size_out = sizeof(o->out);
	attr.test.flags = s->flag_complete ? BPF_F_TEST_SKB_CHECKSUM_COMPLETE : 0;
	o->error = !host ? pair_run_kernel(&s->prog, o->results, &attr, log, sizeof(log))
			 : pair_run_here(host, &s->prog, o->results, &attr, log, sizeof(log));
	o->len = attr.test.data_size_out;
	if (o->error && log[0])
		tap_fail("%s: %s", host ? "this library" : "the kernel", log);
}

static void format(const struct script *s, const struct outcome *o, char *text, size_t size)
{
	size_t n = 0;

	if (o->error) {
		snprintf(text, size, "error %d", o->error);
		return;
	}
	n += (size_t)snprintf(text, size, "=");
	for (u32 i = 0; i < s->results && n < size; i++) {
		s64 v = (s64)o->results[i];

		/* Small negative numbers are errors, and read as such. */
		n += (size_t)snprintf(text + n, size - n, v < 0 && v > -4096 ? " %lld" : " 0x%llx",
				      (long long)v);
	}
	n += (size_t)snprintf(text + n, size - n, " / ");
	for (u32 i = 0; i < o->len && i < MAX_OUT && n < size; i++)
		n += (size_t)snprintf(text + n, size - n, "%02x", o->out[i]);
}

static void check_outcome(const struct script *s, struct host *host, const char *who,
			  const char *want)
{
	static char got[16384];
	struct outcome o;

	run(s, host, &o);
	format(s, &o, got, sizeof(got));
	if (getenv("ANYBPF_PRINT") && host == (with_kernel ? NULL : compiled))
		printf("# %s\n%s\n", s->name, got);
	if (strcmp(got, want))
		tap_fail("%s gives %.300s", who, got);
}

static void finish(struct script *s, const char *want)
{
	PAIR_ADD(&s->prog, MOV_IMM(0, 0), EXIT());
	check_outcome(s, compiled, "the compiled program", want);
	check_outcome(s, interpreted, "the interpreter", want);
	if (with_kernel)
		check_outcome(s, NULL, "the kernel", want);
	tap_end();
}

/* case TYPE PACKET NAME */
static bool begin(struct script *s, const char *at)
{
	const char *type;

	memset(s, 0, sizeof(*s));
	type = word(&at);
	s->type = !strcmp(type, "xdp")		   ? BPF_PROG_TYPE_XDP
		  : !strcmp(type, "sched_cls")	   ? BPF_PROG_TYPE_SCHED_CLS
		  : !strcmp(type, "socket_filter") ? BPF_PROG_TYPE_SOCKET_FILTER
						   : BPF_PROG_TYPE_UNSPEC;
	s->prog.type = s->type;
	s->packet = find_packet(word(&at));
	snprintf(s->name, sizeof(s->name), "%s:%s", hook_find(s->type)->name, at);
	tap_begin(s->name);
	if (!s->packet)
		tap_fail("no such packet");
	PAIR_ADD(&s->prog, MOV_REG(PAIR_CTX, 1));
	pair_add_results(&s->prog, RESULTS);
	return s->packet;
}

static void read_line(struct script *s, const char *line)
{
	const char *at = line;
	const char *first = word(&at);

	if (!strcmp(first, "packet")) {
		struct packet *p = &packets[packet_cnt++];

		snprintf(p->name, sizeof(p->name), "%s", word(&at));
		p->len = parse_hex(word(&at), p->data, MAX_PACKET);
	} else if (!strcmp(first, "case")) {
		if (!begin(s, at))
			abort();
	} else if (line[0] == '=' || !strcmp(first, "error")) {
		finish(s, line);
	} else {
		add_step(s, line);
	}
}

static void read_file(void)
{
	static struct script script;
	char path[512];
	static char line[16384];
	FILE *file;

	snprintf(path, sizeof(path), "%s/scripts.txt", getenv("ANYBPF_TEST_DATA"));
	file = fopen(path, "r");
	if (!file)
		abort();
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = 0;
		if (line[0] && line[0] != '#')
			read_line(&script, line);
	}
	fclose(file);
}

int main(void)
{
	struct host_options opts;

	host_options_init(&opts);
	if (host_new(&opts, &compiled))
		abort();
	opts.interpret = true;
	if (host_new(&opts, &interpreted))
		abort();
	with_kernel = kernel_usable();
	tap_begin("the kernel agrees");
	if (!with_kernel)
		tap_skip("bpf() is refused");
	tap_end();
	read_file();
	host_free(compiled);
	host_free(interpreted);
	return tap_done();
}
