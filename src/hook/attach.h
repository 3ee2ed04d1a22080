/* SPDX-License-Identifier: BSD-2-Clause */
/* Links of programs that attach to functions and tracepoints. */
#ifndef ANYBPF_HOOK_ATTACH_H
#define ANYBPF_HOOK_ATTACH_H

#include "hook/hook.h"
#include "object/trampoline.h"

/* Of tracing, LSM and ext programs: to the function that they were loaded for, or another's. */
int trace_link(struct host *host, struct prog *prog, const struct link_request *request,
	       struct link **link);
/* Of programs that replace a function of another. */
int ext_link(struct host *host, struct prog *prog, const struct link_request *request,
	     struct link **link);
/* Of raw tracepoint programs, by the tracepoint's name. */
int raw_tp_link(struct host *host, struct prog *prog, const struct link_request *request,
		struct link **link);
/* Of iterators. */
int iter_link(struct host *host, struct prog *prog, const struct link_request *request,
	      struct link **link);

/* The name of what the program was loaded to be attached to, and its prototype; NULL: none. */
const char *prog_attach_name(const struct prog *prog);
const struct btf_type *prog_attach_proto(const struct prog *prog);
const struct btf *prog_attach_btf(const struct prog *prog);

#endif
