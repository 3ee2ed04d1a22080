/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers on the function whose call a program was called by. */
#include "helper/functions.h"
#include "object/trampoline.h"

DEFINE_HELPER(helper_get_func_arg)
{
	const struct trace_ctx *trace = run->trace;
	u64 *value = u64_to_ptr(r3);

	if (!trace || (u32)r2 >= trace->nargs)
		return helper_error(-EINVAL);
	*value = trace->args[(u32)r2];
	return 0;
}

/* Only where the result is there, or will be what the program gives. */
DEFINE_HELPER(helper_get_func_ret)
{
	const struct trace_ctx *trace = run->trace;
	enum bpf_attach_type type = run->prog->expected_attach_type;
	u64 *value = u64_to_ptr(r2);

	if (!trace || (type != BPF_TRACE_FEXIT && type != BPF_MODIFY_RETURN))
		return helper_error(-EOPNOTSUPP);
	*value = trace->args[trace->nargs];
	return 0;
}

DEFINE_HELPER(helper_get_func_arg_cnt)
{
	return run->trace ? run->trace->nargs : 0;
}

DEFINE_HELPER(helper_get_func_ip)
{
	return run->trace ? run->trace->ip : 0;
}

/* That of the link; 0 without one. */
DEFINE_HELPER(helper_get_attach_cookie)
{
	return run->trace ? run->trace->cookie : 0;
}
