/* SPDX-License-Identifier: BSD-2-Clause */
/* Verifiers' logs taken apart: the path, the states along it, the message. */
#include "explain/vlog.h"
#include "tap.h"

/* The instructions of the path, the message's first line and a register's type at the end. */
static const struct {
	const char *name, *log, *path, *message;
	u32 reg;
	const char *type;
} cases[] = {
	{"level 1, with a branch that was taken up again",
	 "0: R1=ctx() R10=fp0\n"
	 "; int f(void) @ f.c:3\n"
	 "0: (b7) r0 = 0                        ; R0_w=0\n"
	 "1: (15) if r1 == 0x3 goto pc+4 6: R0=0 R1=ctx() R10=fp0\n"
	 "6: (bf) r0 = r1                       ; R0_w=ctx() R1=ctx()\n"
	 "7: (95) exit\n"
	 "R0 leaks addr as return value\n"
	 "processed 4 insns (limit 1000000) max_states_per_insn 1 total_states 2 peak_states 3 "
	 "mark_read 0\n",
	 "0 1 6 7", "R0 leaks addr as return value", 0, "ctx"},
	{"level 2: the last path is put together",
	 "0: R1=ctx() R10=fp0\n"
	 "0: (15) if r1 == 0x3 goto pc+4\n"
	 "1: (b7) r0 = 1                        ; R0_w=1\n"
	 "2: (15) if r2 == 0x3 goto pc+1\n"
	 "3: (95) exit\n"
	 "\n"
	 "from 2 to 4: R0=1 R1=ctx() R10=fp0\n"
	 "4: (95) exit\n"
	 "\n"
	 "from 0 to 5: R1=map_value(map=m,ks=4,vs=8) R10=fp0\n"
	 "5: (61) r0 = *(u32 *)(r1 +8)\n"
	 "invalid access to map value, value_size=8 off=8 size=4\n"
	 "R1 min value is outside of the allowed memory range\n",
	 "0 5", "invalid access to map value, value_size=8 off=8 size=4", 1, "map_value"},
	{"level 2: a loop is gone back to round by round",
	 "0: (15) if r1 == 0x3 goto pc+1\n"
	 "1: (05) goto pc-2\n"
	 "0: (15) if r1 == 0x3 goto pc+1\n"
	 "1: (05) goto pc-2\n"
	 "from 0 to 2: R1=3\n"
	 "2: (95) exit\n"
	 "from 0 to 2: R1=3\n"
	 "2: (95) exit\n"
	 "R0 !read_ok\n",
	 "0 2", "R0 !read_ok", 1, "scalar"},
	{"a path that was known to be safe",
	 "0: (b7) r0 = 0                        ; R0_w=0\n"
	 "1: safe\n"
	 "from 3 to 4: safe\n"
	 "processed 2 insns (limit 1000000) max_states_per_insn 0\n",
	 "0", NULL, 0, "scalar"},
	{"calls, and what was printed of precision",
	 "0: (85) call pc+1\n"
	 "caller:\n"
	 " R6=ctx() R10=fp0\n"
	 "callee:\n"
	 " frame1: R1=ctx() R10=fp0\n"
	 "2: frame1: R1=ctx() R10=fp0\n"
	 "2: (0f) r1 += r2\n"
	 "mark_precise: frame1: last_idx 2 first_idx 0 subseq_idx -1 \n"
	 "mark_precise: frame1: regs=r2 stack= before 0: (85) call pc+1\n"
	 "math between ctx pointer and 8 is not allowed\n",
	 "0 2", "math between ctx pointer and 8 is not allowed", 6, "ctx"},
	{"Linux 6.1",
	 "0: R1=ctx(off=0,imm=0) R10=fp0\n"
	 "; return x; \n"
	 "0: (61) r0 = *(u32 *)(r1 +0)\n"
	 "1: (07) r0 += 4\n"
	 "last_idx 1 first_idx 0\n"
	 "regs=1 stack=0 before 0: (61) r0 = *(u32 *)(r1 +0)\n"
	 "2: R0_w=scalar(umin=4,umax=8,var_off=(0x0; 0xf)) R1=ctx(off=0,imm=0)\n"
	 "2: (71) r0 = *(u8 *)(r0 +0)\n"
	 "R0 invalid mem access 'scalar'\n",
	 "0 1 2", "R0 invalid mem access 'scalar'", 0, "scalar"},
	{"a global function on its own",
	 "Func#1 ('a') is global and assumed valid.\n"
	 "Validating a() func#1...\n"
	 "5: R1=mem_or_null(id=1,sz=4) R10=fp0\n"
	 "5: (61) r0 = *(u32 *)(r1 +0)\n"
	 "R1 invalid mem access 'mem_or_null'\n",
	 "5", "R1 invalid mem access 'mem_or_null'", 1, "mem_or_null"},
	{"the end of a log whose beginning was let go",
	 "(w=7,umax=3)\n"
	 "12: (95) exit\n"
	 "R0 !read_ok\n",
	 "12", "R0 !read_ok", 0, NULL},
	{"no instructions", "unreachable insn 3\n", "", "unreachable insn 3", 0, NULL},
	{"nothing", "", "", NULL, 0, NULL},
};

static void check_case(u32 i)
{
	char path[256] = "";
	struct span value, message = {"", 0};
	struct vlog log;
	bool known;

	if (vlog_parse(&log, &mem_libc, cases[i].log))
		tap_fail("out of memory");
	vec_each (&log.steps, step)
		snprintf(path + strlen(path), sizeof(path) - strlen(path), "%s%u", *path ? " " : "",
			 step->insn);
	if (strcmp(path, cases[i].path))
		tap_fail("the path is %s", path);
	if (log.message.len)
		message = log.message.at[0];
	if (!span_is(message, cases[i].message ? cases[i].message : ""))
		tap_fail("the message is %.*s", SPAN_ARGS(message));
	known = vlog_reg(&log, (u32)log.steps.len, 0, cases[i].reg, &value);
	if (known != !!cases[i].type || (known && !span_is(vlog_type(value), cases[i].type)))
		tap_fail("R%u is %.*s", cases[i].reg, known ? (int)value.len : 4,
			 known ? value.at : "none");
	vlog_free(&log);
}

static void test_numbers(void)
{
	struct span s = {"scalar(id=2,smin=0,smax=umax=0xff,var_off=(0x0; 0xff))", 53}, a;
	s64 n = 0;

	check(vlog_attribute(s, "smin", &a) && span_number(a, &n) && n == 0);
	check(vlog_attribute(s, "smax", &a) && span_number(a, &n) && n == 255);
	check(vlog_attribute(s, "umax", &a) && span_number(a, &n) && n == 255);
	check(vlog_attribute(s, "id", &a) && span_number(a, &n) && n == 2);
	check(!vlog_attribute(s, "min", &a) && !vlog_attribute(s, "map", &a));
	check(span_number((struct span){"-12", 3}, &n) && n == -12);
	check(!span_number((struct span){"12x", 3}, &n) && !span_number((struct span){"", 0}, &n));
}

static void test_stats(void)
{
	struct vlog log;

	check_eq(vlog_parse(&log, &mem_libc,
			    "processed 7 insns (limit 1000000) max_states_per_insn 1 "
			    "total_states 2 peak_states 3 mark_read 0\n"),
		 0);
	check_eq(log.stats.processed, 7);
	check_eq(log.stats.limit, 1000000);
	check_eq(log.stats.max_states_per_insn, 1);
	check_eq(log.stats.total_states, 2);
	check_eq(log.stats.peak_states, 3);
	vlog_free(&log);
}

int main(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		tap_begin(cases[i].name);
		check_case(i);
		tap_end();
	}
	run_test(test_numbers);
	run_test(test_stats);
	return tap_done();
}
