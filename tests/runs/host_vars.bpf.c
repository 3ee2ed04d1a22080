/* SPDX-License-Identifier: BSD-2-Clause */
/* Variables and names of the host's own kernel, whose addresses no file of code can have. */
#include "runs.h"

#undef container_of
#include "kernel/types/vars.h"

extern const struct rq runqueues __ksym;
extern const int cpu_number __ksym;
extern const void no_such_symbol __ksym __weak;
extern const void bpf_throw __ksym;

SEC("syscall") int variables(void *ctx)
{
	u32 cpu = bpf_get_smp_processor_id();
	struct rq *rq = bpf_this_cpu_ptr(&runqueues);
	int *number = bpf_per_cpu_ptr(&cpu_number, cpu);

	MUST(rq->cpu == (int)cpu);
	MUST(number && *number == (int)cpu);
	number = bpf_this_cpu_ptr(&cpu_number);
	MUST(*number == (int)cpu);
	MUST(!bpf_per_cpu_ptr(&runqueues, 100000));
	rq = bpf_per_cpu_ptr(&runqueues, 0);
	MUST(rq && !rq->cpu);
	MUST(!&no_such_symbol);
	return 0;
}

SEC("syscall") int names(void *ctx)
{
	const char function[] = "bpf_throw", nothing[] = "no_such_symbol", type[] = "task_struct";
	__u64 addr = 1;

	MUST(!bpf_kallsyms_lookup_name(function, sizeof(function), 0, &addr));
	MUST(addr == (__u64)&bpf_throw);
	MUST(bpf_kallsyms_lookup_name(nothing, sizeof(nothing), 0, &addr) == -2);
	MUST(!addr);
	MUST(bpf_kallsyms_lookup_name(function, sizeof(function), 1, &addr) == -22);
	MUST(bpf_kallsyms_lookup_name(function, 3, 0, &addr) == -22);
	MUST(bpf_btf_find_by_name_kind((char *)type, sizeof(type), 4, 0) > 0);
	MUST(bpf_btf_find_by_name_kind((char *)type, sizeof(type), 1, 0) == -2);
	MUST(bpf_btf_find_by_name_kind((char *)type, sizeof(type), 4, 1) == -22);
	return 0;
}
