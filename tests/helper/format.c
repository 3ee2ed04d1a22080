/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bpf_snprintf() by format.txt, here and, where it may be asked, in the
 * kernel: both must give the text and the length that the file says.
 */
#include "helper/functions.h"
#include "tap.h"

#include "helper/format.h"
#include "helper/kernel.h"
#include "helper/asm.h"

#define MAX_ARGS  12
#define MAX_TEXT  200
#define BAD_ADDR  0xffff800000000000ull /* of nobody, in user space and in the kernel */
#define ARG_BYTES 64

enum arg_kind_here { NUMBER, MEMORY, BAD };

struct arg {
	enum arg_kind_here kind;
	u64 value;
	_Alignas(64) char bytes[ARG_BYTES]; /* strings are read in units of 64 bytes */
};

struct datum {
	char fmt[256];
	struct arg args[MAX_ARGS];
	u32 arg_cnt;
	char want[MAX_TEXT];
	int error;
	u32 size;
};

/* ---- reading the file ---- */

static u8 hex(const char *s)
{
	char two[3] = {s[0], s[1], 0};

	return (u8)strtoul(two, NULL, 16);
}

static void unescape(char *dst, const char *src, const char *end)
{
	for (; src < end; src++) {
		if (*src != '\\') {
			*dst++ = *src;
			continue;
		}
		src++;
		if (*src == 'x') {
			*dst++ = (char)hex(src + 1);
			src += 2;
		} else {
			*dst++ = *src == 'n' ? '\n' : *src == 't' ? '\t' : *src;
		}
	}
	*dst = 0;
}

static const char *parse_arg(struct arg *arg, const char *s)
{
	char *end;

	memset(arg, 0, sizeof(*arg));
	if (*s == '"') {
		const char *quote = strchr(s + 1, '"');

		arg->kind = MEMORY;
		unescape(arg->bytes, s + 1, quote);
		return quote + 1;
	}
	if (*s == '@') {
		arg->kind = MEMORY;
		s++;
		for (u32 i = 0; *s && *s != ' ' && *s != '\t'; s += 2)
			arg->bytes[i++] = (char)hex(s);
		return s;
	}
	if (*s == '!') {
		arg->kind = BAD;
		arg->value = BAD_ADDR;
		return s + 1;
	}
	arg->value = strtoull(s, &end, 0); /* which takes a minus sign, too */
	return end;
}

static const char *column(const char *s, u32 n)
{
	for (; n; n--) {
		s = strchr(s, '\t');
		if (!s)
			return NULL;
		s++;
	}
	return s;
}

static void parse_datum(struct datum *d, const char *line)
{
	const char *args = column(line, 1), *want = column(line, 2), *size = column(line, 3);
	const char *end = size ? size - 1 : want + strlen(want);

	memset(d, 0, sizeof(*d));
	unescape(d->fmt, line, args - 1);
	while (args < want - 1) {
		args = parse_arg(&d->args[d->arg_cnt++], args);
		while (*args == ' ')
			args++;
	}
	unescape(d->want, want, end);
	d->size = size ? (u32)atoi(size) : MAX_TEXT;
	if (!strcmp(d->want, "EINVAL"))
		d->error = -EINVAL;
}

/* ---- here ---- */

static int read_memory(void *ctx, void *dst, u64 addr, size_t size)
{
	(void)ctx;
	if (!addr || addr >= BAD_ADDR)
		return -EFAULT;
	memcpy(dst, u64_to_ptr(addr), size);
	return 0;
}

static struct host host = {.env = {.read_memory = read_memory}};
static struct run run = {.host = &host};

static void check_text(const struct datum *d, const char *text, s64 ret, const char *who)
{
	u64 len = 0;

	if (d->error) {
		if (ret != d->error)
			tap_fail("%s gives %lld, not %d", who, (long long)ret, d->error);
		return;
	}
	if (strcmp(text, d->want))
		tap_fail("%s gives \"%s\"", who, text);
	/* The length is that of the whole text, which only uncut rows show. */
	len = strlen(d->want) + 1;
	if (d->size == MAX_TEXT ? (u64)ret != len : ret < (s64)len)
		tap_fail("%s returns %lld for \"%s\"", who, (long long)ret, text);
}

static s64 run_here(const struct datum *d, char *text)
{
	u64 args[MAX_ARGS];

	for (u32 i = 0; i < d->arg_cnt; i++)
		args[i] =
			d->args[i].kind == MEMORY ? ptr_to_u64(d->args[i].bytes) : d->args[i].value;
	return (s64)helper_snprintf(ptr_to_u64(text), d->size, ptr_to_u64(d->fmt), ptr_to_u64(args),
				    d->arg_cnt * 8, &run);
}

/* ---- in the kernel ---- */

struct kernel_value { /* of the array that the program works in */
	s64 ret;
	u64 args[MAX_ARGS];
	char text[MAX_TEXT];
	char bytes[MAX_ARGS][ARG_BYTES];
};

static u32 write_program(const struct datum *d, int value_fd, int fmt_fd, struct bpf_insn *insns)
{
	u32 n = 0;
	struct bpf_insn start[] = {LOAD_IMM64(6, BPF_PSEUDO_MAP_VALUE, value_fd, 0)};
	struct bpf_insn call[] = {
		MOV_REG(1, 6),
		ALU_IMM(BPF_ADD, 1, offsetof(struct kernel_value, text)),
		MOV_IMM(2, d->size),
		LOAD_IMM64(3, BPF_PSEUDO_MAP_VALUE, fmt_fd, 0),
		MOV_REG(4, 6),
		ALU_IMM(BPF_ADD, 4, offsetof(struct kernel_value, args)),
		MOV_IMM(5, d->arg_cnt * 8),
		CALL(BPF_FUNC_snprintf),
		STORE(BPF_DW, 6, 0, 0),
		MOV_IMM(0, 0),
		EXIT(),
	};

	memcpy(insns, start, sizeof(start));
	n = ARRAY_SIZE(start);
	for (u32 i = 0; i < d->arg_cnt; i++) {
		size_t at = offsetof(struct kernel_value, bytes) + i * ARG_BYTES;

		if (d->args[i].kind != MEMORY)
			continue;
		insns[n++] = MOV_REG(7, 6);
		insns[n++] = ALU_IMM(BPF_ADD, 7, at);
		insns[n++] = STORE(BPF_DW, 6, offsetof(struct kernel_value, args) + i * 8, 7);
	}
	memcpy(insns + n, call, sizeof(call));
	return n + (u32)ARRAY_SIZE(call);
}

static int kernel_test(int prog_fd)
{
	u8 data[64] = {0};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (u32)prog_fd;
	attr.test.data_in = ptr_to_u64(data);
	attr.test.data_size_in = sizeof(data);
	return kernel_bpf(BPF_PROG_TEST_RUN, &attr);
}

static s64 run_kernel(const struct datum *d, struct kernel_value *value)
{
	struct bpf_insn insns[64];
	int value_fd = kernel_array(sizeof(*value), 0);
	int fmt_fd = kernel_array(sizeof(d->fmt), BPF_F_RDONLY_PROG);
	int prog_fd = -1, error;

	memset(value, 0, sizeof(*value));
	for (u32 i = 0; i < d->arg_cnt; i++) {
		value->args[i] = d->args[i].value;
		memcpy(value->bytes[i], d->args[i].bytes, ARG_BYTES);
	}
	error = kernel_array_write(value_fd, value);
	if (!error)
		error = kernel_array_write(fmt_fd, d->fmt);
	if (!error)
		error = kernel_freeze(fmt_fd);
	if (!error) {
		u32 cnt = write_program(d, value_fd, fmt_fd, insns);

		prog_fd = kernel_load(BPF_PROG_TYPE_SCHED_CLS, insns, cnt, NULL, 0);
		error = prog_fd < 0 ? prog_fd : kernel_test(prog_fd);
	}
	if (!error)
		error = kernel_array_read(value_fd, value);
	close(value_fd);
	close(fmt_fd);
	if (prog_fd >= 0)
		close(prog_fd);
	return error ? error : value->ret;
}

static void test_datum(const struct datum *d, const char *line, bool kernel)
{
	struct kernel_value value;
	char text[MAX_TEXT] = "";
	char name[256];
	s64 ret;

	snprintf(name, sizeof(name), "snprintf %.200s", line);
	/* TAP takes # as the start of a directive. */
	for (char *p = name; *p; p++)
		*p = *p == '#' ? '_' : *p;
	tap_begin(name);
	check_eq(format_check(d->fmt, sizeof(d->fmt), d->arg_cnt), d->error);
	ret = run_here(d, text);
	check_text(d, text, ret, "here");
	if (kernel) {
		ret = run_kernel(d, &value);
		check_text(d, value.text, ret, "the kernel");
	}
	tap_end();
}

static void test_file(bool kernel)
{
	char path[512], line[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/format.txt", getenv("ANYBPF_TEST_DATA"));
	file = fopen(path, "r");
	if (!file) {
		tap_begin(path);
		tap_fail("cannot open it");
		tap_end();
		return;
	}
	while (fgets(line, sizeof(line), file)) {
		struct datum d;

		line[strcspn(line, "\n")] = 0;
		if (line[0] == '#')
			continue;
		parse_datum(&d, line);
		test_datum(&d, line, kernel);
	}
	fclose(file);
}

/* ---- what the file cannot say ---- */

static void test_pointers_hide(void)
{
	char a[40], b[40], c[40];
	u64 one[] = {0x12345678}, other[] = {0x12345679};

	helper_snprintf(ptr_to_u64(a), 40, ptr_to_u64("%p"), ptr_to_u64(one), 8, &run);
	helper_snprintf(ptr_to_u64(b), 40, ptr_to_u64("%pK"), ptr_to_u64(one), 8, &run);
	helper_snprintf(ptr_to_u64(c), 40, ptr_to_u64("%p"), ptr_to_u64(other), 8, &run);
	check_eq(strlen(a), 16);
	check_str(a, b);
	check(strcmp(a, c) != 0);
	check(strcmp(a, "0000000012345678") != 0);
}

static void test_argument_sizes(void)
{
	char text[8];
	u64 args[13] = {0}, t = ptr_to_u64(text), fmt = ptr_to_u64("x");

	check_eq(helper_snprintf(t, 8, fmt, ptr_to_u64(args), 96, &run), 2);
	check_eq(helper_snprintf(t, 8, fmt, ptr_to_u64(args), 104, &run), (u64)-EINVAL);
	check_eq(helper_snprintf(t, 8, fmt, ptr_to_u64(args), 9, &run), (u64)-EINVAL);
	check_eq(helper_snprintf(t, 8, fmt, 0, 8, &run), (u64)-EINVAL);
	check_eq(helper_snprintf(t, 8, fmt, 0, 0, &run), 2);
	check_eq(helper_snprintf(0, 0, fmt, 0, 0, &run), 2);
}

/* 512 bytes for everything that is fetched: 63 eights are 504, the next string gets 7 letters. */
static void test_fetch_budget(void)
{
	static _Alignas(64) char long_text[640];
	char text[700];
	u64 args[] = {ptr_to_u64(long_text), 0, 5};
	u64 t = ptr_to_u64(text);

	memset(long_text, 'a', 600);
	long_text[600] = 0;
	check_eq(helper_snprintf(t, 700, ptr_to_u64("%s"), ptr_to_u64(args), 8, &run), 512);
	check_eq(strlen(text), 511);
	check_eq(helper_snprintf(t, 700, ptr_to_u64("%s%d"), ptr_to_u64(args), 16, &run),
		 (u64)-ENOSPC);
	check_eq(helper_snprintf(t, 700, ptr_to_u64("%s%s"), ptr_to_u64(args), 16, &run),
		 (u64)-ENOSPC);
	check_eq(helper_snprintf(t, 700, ptr_to_u64("%s%c"), ptr_to_u64(args), 16, &run),
		 (u64)-ENOSPC);
	check_eq(helper_snprintf(t, 700, ptr_to_u64("%s%pI4"), ptr_to_u64(args), 16, &run),
		 (u64)-ENOSPC);
	args[0] = ptr_to_u64(long_text + 600 - 500);
	args[1] = ptr_to_u64(long_text);
	check_eq(helper_snprintf(t, 700, ptr_to_u64("%s%s"), ptr_to_u64(args), 16, &run),
		 500 + 10 + 1);
}

/* A width that no buffer holds is counted, not written. */
static void test_wide_field(void)
{
	char text[8];
	u64 args[] = {1};

	check_eq(helper_snprintf(ptr_to_u64(text), 8, ptr_to_u64("%99999999999d"), ptr_to_u64(args),
				 8, &run),
		 (1u << 23));
	check_str(text, "       ");
}

static char printed[2000];
static size_t printed_len;

static void printk(void *ctx, const char *text, size_t len)
{
	(void)ctx;
	memcpy(printed, text, len);
	printed[len] = 0;
	printed_len = len;
}

static void test_trace_printk(void)
{
	static const char fmt[] = "%d %s %x\n";
	static const _Alignas(64) char two[64] = "two";
	static const char unended[] = {'a', 'b'};
	char long_text[1100];

	host.env.printk = printk;
	check_eq(helper_trace_printk(ptr_to_u64(fmt), sizeof(fmt), (u64)-3, ptr_to_u64(two), 255,
				     &run),
		 10);
	check_str(printed, "-3 two ff\n");
	check_eq(helper_trace_printk(ptr_to_u64(unended), 2, 0, 0, 0, &run), (u64)-EINVAL);
	memset(long_text, 'x', sizeof(long_text));
	long_text[sizeof(long_text) - 1] = 0;
	check_eq(helper_trace_printk(ptr_to_u64(long_text), sizeof(long_text), 0, 0, 0, &run),
		 sizeof(long_text) - 1);
	check_eq(printed_len, FORMAT_MAX_TEXT - 1);
}

static void test_trace_vprintk(void)
{
	static const char fmt[] = "%d %d %d %d";
	u64 args[] = {1, 2, 3, 4};

	host.env.printk = printk;
	check_eq(helper_trace_vprintk(ptr_to_u64(fmt), sizeof(fmt), ptr_to_u64(args), 32, 0, &run),
		 7);
	check_str(printed, "1 2 3 4");
	check_eq(helper_trace_vprintk(ptr_to_u64(fmt), sizeof(fmt), ptr_to_u64(args), 24, 0, &run),
		 (u64)-EINVAL);
	check_eq(helper_trace_vprintk(ptr_to_u64(fmt), sizeof(fmt), ptr_to_u64(args), 7, 0, &run),
		 (u64)-EINVAL);
}

int main(void)
{
	bool kernel = kernel_usable();

	tap_begin("the kernel agrees");
	if (!kernel)
		tap_skip("bpf() is refused");
	tap_end();
	test_file(kernel);
	run_test(test_pointers_hide);
	run_test(test_argument_sizes);
	run_test(test_fetch_budget);
	run_test(test_wide_field);
	run_test(test_trace_printk);
	run_test(test_trace_vprintk);
	return tap_done();
}
