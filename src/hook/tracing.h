/* SPDX-License-Identifier: BSD-2-Clause */
/* What program types share that see kernel functions by their BTF. */
#ifndef ANYBPF_HOOK_TRACING_H
#define ANYBPF_HOOK_TRACING_H

#include "hook/rules.h"

/* Whether @name, which may be NULL, is one of @n names. */
bool name_in(const char *name, const char *const *names, size_t n);
/* Where restricted helpers may be called. */
bool tracing_allows(const struct verify_env_info *info, const struct helper_proto *proto);

/* BPF_PROG_TEST_RUN of tracing programs: the host's test functions are called. */
int trace_test_run(struct host *host, struct prog *prog, union bpf_attr *attr);

/* Of iterators: all objects, and what is printed of them. */
int iter_test_run(struct host *host, struct prog *prog, union bpf_attr *attr);

#endif
