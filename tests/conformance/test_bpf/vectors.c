/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tables of Linux's lib/test_bpf.c as values. They come from the package
 * that scripts/linux-source reads: `take` leaves what runs the tests in a
 * kernel away, kernel.h stands for the kernel's headers.
 */
#include "kernel.h"

#include "vectors.h"

#define BPF_FUNC_get_numa_node_id    VECTOR_NUMA_NODE
#define BPF_FUNC_ktime_get_ns	     VECTOR_KTIME
#define BPF_FUNC_ktime_get_boot_ns   VECTOR_BOOT_TIME
#define BPF_FUNC_ktime_get_coarse_ns VECTOR_COARSE_TIME
#define BPF_FUNC_jiffies64	     VECTOR_JIFFIES
#define __BPF_FUNC_MAX_ID	     VECTOR_C_FUNCTION

#include "test_bpf_tables.h"

_Static_assert(VECTOR_RUNS == MAX_SUBTESTS && VECTOR_DATA == MAX_DATA, "as large as Linux's");
_Static_assert(VECTOR_TAIL_MARK == TAIL_CALL_MARKER && VECTOR_TAIL_NULL == TAIL_CALL_NULL &&
		       VECTOR_TAIL_INVALID == TAIL_CALL_INVALID,
	       "Linux's marks");

const u32 vector_cnt = ARRAY_SIZE(tests);
const u32 tail_vector_cnt = ARRAY_SIZE(tail_call_tests);
const u32 segment_vector_cnt = SEGMENT_TESTS;

/* Tables have no lengths: a program ends before the zeros at the end of its array. */
static u32 table_len(const struct bpf_test *test)
{
	u32 len = MAX_INSNS;

	while (len > 1 && !test->u.insns[len - 1].code && !test->u.insns[len - 1].k)
		len--;
	return len;
}

/* The first run is always one; another ends the list when it is all zeros. */
static void copy_runs(struct vector *v, const struct bpf_test *test)
{
	for (v->runs = 0; v->runs < MAX_SUBTESTS; v->runs++) {
		u32 size = (u32)test->test[v->runs].data_size, result = test->test[v->runs].result;

		if (v->runs && !size && !result)
			break;
		v->run[v->runs].size = size;
		v->run[v->runs].result = result;
	}
}

bool vector_get(u32 index, struct vector *v)
{
	struct bpf_test *test = &tests[index];
	const void *program = &test->u;

	memset(v, 0, sizeof(*v));
	v->name = test->descr;
	v->classic = (test->aux & TEST_TYPE_MASK) == CLASSIC;
	v->no_data = test->aux & FLAG_NO_DATA;
	v->large_memory = test->aux & FLAG_LARGE_MEM;
	v->fragment = test->aux & FLAG_SKB_FRAG;
	v->must_fail = test->aux & FLAG_EXPECTED_FAIL;
	v->error = test->expected_errcode;
	memcpy(v->data, test->data, sizeof(v->data));
	memcpy(v->fragment_data, test->frag_data, sizeof(v->fragment_data));
	copy_runs(v, test);
	if (!test->fill_helper) {
		v->cnt = table_len(test);
	} else {
		if (test->fill_helper(test) < 0)
			return false;
		program = v->filled = test->u.ptr.insns;
		v->cnt = test->u.ptr.len;
	}
	v->stack_depth = (u32)test->stack_depth; /* which filling may have set */
	v->filter = program;
	v->insns = program;
	return true;
}

void vector_free(struct vector *v)
{
	free(v->filled);
	v->filled = NULL;
}

void tail_vector_get(u32 index, struct tail_vector *v)
{
	const struct tail_call_test *test = &tail_call_tests[index];

	*v = (struct tail_vector){
		.name = test->descr,
		.insns = test->insns,
		.stack_depth = (u32)test->stack_depth,
		.times = MAX_TESTRUNS,
		.has_state = test->flags & FLAG_NEED_STATE,
		.result_in_state = test->flags & FLAG_RESULT_IN_STATE,
		.result = (u32)test->result,
	};
	/* No instruction has opcode 0, but the second slot of a wide load. */
	while (v->cnt < MAX_INSNS && test->insns[v->cnt].code)
		v->cnt += test->insns[v->cnt].code == (BPF_LD | BPF_DW | BPF_IMM) ? 2 : 1;
}
