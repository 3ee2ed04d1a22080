/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How functions of the host's kernel are written in the .def files of this
 * folder, which clang alone compiles (scripts/kernel-btf); they are prototypes
 * for BTF and have no code:
 *
 *	KFUNC(result, name, (parameters))	that programs may call
 *	FUNC(result, name, (parameters))	that they may attach to
 *	FUNC_WIDE(name, { result r; parameters })	the same with more than five; a result
 *						of struct wide_void is none
 *	TRACEPOINT(name, (parameters))		btf_trace_NAME
 *	PERCPU(type, name)			a variable, see vars.h
 *
 * Names of parameters are Linux's, since the verifier goes by their ends.
 */
#ifndef ANYBPF_KERNEL_PROTOS_PROTO_H
#define ANYBPF_KERNEL_PROTOS_PROTO_H

#define KFUNC(result, name, params)                                                                \
	__attribute__((btf_decl_tag("bpf_kfunc"))) FUNC(result, name, params)
#define FUNC(result, name, params)                                                                 \
	result name params                                                                         \
	{                                                                                          \
		__builtin_unreachable();                                                           \
	}
struct wide_void {
};

#define FUNC_WIDE(name, body)                                                                      \
	struct wide_func__##name body;                                                             \
	KERNEL_KEEP_(struct wide_func__##name *, func_##name)
#define PERCPU(type, name) type name __attribute__((section(".data..percpu")));
#define TRACEPOINT(name, params)                                                                   \
	typedef void(*btf_trace_##name) params;                                                    \
	KERNEL_KEEP_(btf_trace_##name, trace_##name)

#endif
