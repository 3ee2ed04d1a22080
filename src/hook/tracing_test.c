/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_PROG_TEST_RUN of programs around functions: it calls the host's test
 * functions, and programs run that are attached to them.
 */
#include "hook/btf_ctx.h"
#include "hook/functions.h"
#include "hook/tracing.h"

/* Each function of a row is called in turn, and has to give that. */
static const struct {
	const char *name;
	u64 args[6];
	u32 result;
} entry_calls[] = {
	{"bpf_fentry_test1", {1}, 2},
	{"bpf_fentry_test2", {2, 3}, 5},
	{"bpf_fentry_test3", {4, 5, 6}, 15},
	{"bpf_fentry_test4", {7, 8, 9, 10}, 34},
	{"bpf_fentry_test5", {11, 12, 13, 14, 15}, 65},
	{"bpf_fentry_test6", {16, 17, 18, 19, 20, 21}, 111},
	{"bpf_fentry_test7", {0}, 0},
};

static int call_entries(struct host *host)
{
	u64 structure = 0;
	u32 number = 0;

	for (u32 i = 0; i < ARRAY_SIZE(entry_calls); i++)
		if ((u32)function_call(host, entry_calls[i].name, entry_calls[i].args) !=
		    entry_calls[i].result)
			return -EFAULT;
	if ((u32)function_call(host, "bpf_fentry_test8", (u64[]){ptr_to_u64(&structure)}) ||
	    (u32)function_call(host, "bpf_fentry_test9", (u64[]){ptr_to_u64(&number)}))
		return -EFAULT;
	return 0;
}

/* The sum of the results, and above it how many of the functions were called themselves. */
static u32 call_modified(struct host *host)
{
	u32 called = 0;
	u16 sum;
	int b = 2;

	sum = (u16)function_call(host, "bpf_modify_return_test", (u64[]){1, ptr_to_u64(&b)});
	called += b != 2;
	b = 2;
	sum = (u16)(sum + function_call(host, "bpf_modify_return_test2",
					(u64[]){1, ptr_to_u64(&b), 3, 4, 5, 6, 7}));
	called += b != 2;
	return called << 16 | sum;
}

int trace_test_run(struct host *host, struct prog *prog, union bpf_attr *attr)
{
	u32 retval = 0;
	int err = 0;

	if (attr->test.flags || attr->test.cpu || attr->test.batch_size)
		return -EINVAL;
	if (prog->expected_attach_type == BPF_TRACE_ITER)
		return iter_test_run(host, prog, attr);
	/* What Linux has not: the program alone, on arguments that the caller gives. */
	if (attr->test.ctx_size_in)
		return btf_ctx_test_run(host, prog, attr);
	switch (prog->expected_attach_type) {
	case BPF_TRACE_FENTRY:
	case BPF_TRACE_FEXIT:
		err = call_entries(host);
		break;
	case BPF_MODIFY_RETURN:
		retval = call_modified(host);
		break;
	default:
		err = -EFAULT;
	}
	if (!err)
		attr->test.retval = retval;
	tracepoint_hit(host, "bpf_test_finish", (u64[]){ptr_to_u64(&err)});
	return err;
}
