/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Flow dissectors: from a packet to its keys. Programs see a struct __sk_buff,
 * behind which there is a struct bpf_flow_dissector.
 */
#include <string.h>

#include "helper/flow.h"
#include "hook/rules.h"
#include "object/packet.h"

#define FLOW(field, member, kind)                                                                  \
	HOST_FIELD(__sk_buff, field, CTX_READ, bpf_flow_dissector, member, .value = (kind))

static const struct ctx_field fields[] = {
	FLOW(data, data, CTX_PACKET),
	FLOW(data_end, data_end, CTX_PACKET_END),
	FLOW(flow_keys, flow_keys, CTX_FLOW_KEYS),
};

static const struct prog_rules rules = {
	.type = BPF_PROG_TYPE_FLOW_DISSECTOR,
	.name = "flow_dissector",
	.ctx_name = "__sk_buff",
	.ctx_size = sizeof(struct __sk_buff),
	.fields = fields,
	.field_cnt = ARRAY_SIZE(fields),
	.packet_read = true,
	.caps = HOST_CAP_BPF | HOST_CAP_NET_ADMIN,
};

static const struct verdict_name verdicts[] = {
	{BPF_OK, "BPF_OK", true},
	{BPF_DROP, "BPF_DROP", false},
	{BPF_FLOW_DISSECTOR_CONTINUE, "BPF_FLOW_DISSECTOR_CONTINUE", true},
};

/* ---- BPF_PROG_TEST_RUN ---- */

struct test {
	const struct prog *prog;
	struct bpf_flow_dissector ctx;
	struct bpf_flow_keys keys, given; /* what the program makes; the caller's context */
	u8 data[TEST_PAGE];
	u32 size;
};

static u16 clamp(u16 value, u32 low, u32 high)
{
	return (u16)(value < low ? low : value > high ? high : value);
}

/* The program starts behind the Ethernet header and may not lead beyond the packet. */
static u32 dissect(struct run *run, void *arg)
{
	struct test *test = arg;
	struct bpf_flow_keys *keys = &test->keys;
	u32 verdict;

	*keys = (struct bpf_flow_keys){
		.n_proto = get_u16(test->data + 2 * ETH_ALEN),
		.nhoff = ETH_HLEN,
		.thoff = ETH_HLEN,
		.flags = test->given.flags,
	};
	verdict = (u32)prog_run_in(run, test->prog, &test->ctx);
	keys->nhoff = clamp(keys->nhoff, ETH_HLEN, test->size);
	keys->thoff = clamp(keys->thoff, keys->nhoff, test->size);
	return verdict;
}

/* Nothing of the context may be set but the flags. */
static bool only_flags(const struct bpf_flow_keys *given)
{
	static const struct bpf_flow_keys none;
	struct bpf_flow_keys rest = *given;

	rest.flags = 0;
	return !memcmp(&rest, &none, sizeof(rest));
}

static int take(struct test *test, const union bpf_attr *attr, bool *has_ctx)
{
	u32 size = attr->test.data_size_in;
	int error = test_check_attr(attr);

	if (error)
		return error;
	if (attr->test.flags || attr->test.cpu || attr->test.batch_size || size < ETH_HLEN ||
	    size > sizeof(test->data))
		return -EINVAL;
	error = test_copy_data(attr, test->data, size);
	if (!error)
		error = test_copy_ctx(attr, &test->given, sizeof(test->given), has_ctx);
	if (error)
		return error;
	test->size = size;
	test->ctx.data = test->data;
	test->ctx.data_end = test->data + size;
	test->ctx.flow_keys = &test->keys;
	return only_flags(&test->given) ? 0 : -EINVAL;
}

static int test_run(struct host *host, struct prog *prog, union bpf_attr *attr)
{
	struct test test = {.prog = prog};
	u32 retval = 0, duration = 0;
	bool has_ctx = false;
	int error = take(&test, attr, &has_ctx);

	if (!error)
		error = test_repeat_by(host, attr->test.repeat, dissect, &test, &retval, &duration);
	if (!error)
		error = test_finish(attr, (const u8 *)&test.keys, sizeof(test.keys), retval,
				    duration);
	if (!error)
		error = test_finish_ctx(attr, has_ctx ? &test.given : NULL, sizeof(test.given));
	return error;
}

const struct hook hook_flow_dissector = {
	.type = BPF_PROG_TYPE_FLOW_DISSECTOR,
	.name = "flow_dissector",
	.rules = &rules,
	.verdicts = verdicts,
	.verdict_cnt = ARRAY_SIZE(verdicts),
	.stopped = BPF_DROP,
	.test_run = test_run,
};
