/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of prototypes and the names and sets over it. All of it is
 * constant; it is expanded from helper.def and helper_ids.def.
 */
#include <string.h>

#include "helper/functions.h"

const struct helper_proto helper_protos[HELPER_CNT] = {
#define HELPER(symbol, id_, fn_, flags_, ret_, a1, a2, a3, a4, a5, ...)                            \
	[HELPER_##symbol] = {.id = BPF_FUNC_##id_,                                                 \
			     .name = #id_,                                                         \
			     .fn = fn_,                                                            \
			     .flags = flags_,                                                      \
			     .ret = ret_,                                                          \
			     .arg = {a1, a2, a3, a4, a5},                                          \
			     ##__VA_ARGS__},
#include "helper/helper.def"
#undef HELPER
};

static const char *const names[] = {
#define HELPER_ID(name, id) [id] = #name,
#include "helper/helper_ids.def"
#undef HELPER_ID
};

const char *helper_name(u32 id)
{
	return id < ARRAY_SIZE(names) ? names[id] : NULL;
}

int helper_id_by_name(const char *name)
{
	if (!strncmp(name, "bpf_", 4))
		name += 4;
	for (u32 id = 0; id < ARRAY_SIZE(names); id++) {
		if (names[id] && !strcmp(names[id], name))
			return (int)id;
	}
	return -1;
}

/* What Linux's bpf_base_func_proto() gives; capabilities are flags of the rows. */
static const u16 base[] = {
	HELPER_map_lookup_elem,
	HELPER_map_update_elem,
	HELPER_map_delete_elem,
	HELPER_map_push_elem,
	HELPER_map_pop_elem,
	HELPER_map_peek_elem,
	HELPER_map_lookup_percpu_elem,
	HELPER_get_prandom_u32,
	HELPER_get_raw_smp_processor_id,
	HELPER_get_numa_node_id,
	HELPER_tail_call,
	HELPER_ktime_get_ns,
	HELPER_ktime_get_boot_ns,
	HELPER_ktime_get_tai_ns,
	HELPER_ringbuf_output,
	HELPER_ringbuf_reserve,
	HELPER_ringbuf_submit,
	HELPER_ringbuf_discard,
	HELPER_ringbuf_query,
	HELPER_strncmp,
	HELPER_strtol,
	HELPER_strtoul,
	HELPER_get_current_pid_tgid,
	HELPER_get_ns_current_pid_tgid,
	/* with CAP_BPF */
	HELPER_spin_lock,
	HELPER_spin_unlock,
	HELPER_jiffies64,
	HELPER_per_cpu_ptr,
	HELPER_this_cpu_ptr,
	HELPER_timer_init,
	HELPER_timer_set_callback,
	HELPER_timer_start,
	HELPER_timer_cancel,
	HELPER_kptr_xchg,
	HELPER_for_each_map_elem,
	HELPER_loop,
	HELPER_user_ringbuf_drain,
	HELPER_ringbuf_reserve_dynptr,
	HELPER_ringbuf_submit_dynptr,
	HELPER_ringbuf_discard_dynptr,
	HELPER_dynptr_from_mem,
	HELPER_dynptr_read,
	HELPER_dynptr_write,
	HELPER_dynptr_data,
	HELPER_cgrp_storage_get,
	HELPER_cgrp_storage_delete,
	HELPER_get_current_cgroup_id,
	HELPER_get_current_ancestor_cgroup_id,
	/* with CAP_PERFMON */
	HELPER_trace_printk,
	HELPER_get_current_task,
	HELPER_get_current_task_btf,
	HELPER_probe_read_user,
	HELPER_probe_read_kernel,
	HELPER_probe_read_user_str,
	HELPER_probe_read_kernel_str,
	HELPER_snprintf_btf,
	HELPER_snprintf,
	HELPER_task_pt_regs,
	HELPER_trace_vprintk,
};
const struct helper_set helper_set_base = {base, ARRAY_SIZE(base)};

/* What kprobe-like programs find before the base set, of the rows that are here. */
static const u16 tracing[] = {
	HELPER_get_smp_processor_id, HELPER_get_current_uid_gid, HELPER_get_current_comm,
	HELPER_perf_event_output,    HELPER_probe_read,		 HELPER_probe_read_str,
};
const struct helper_set helper_set_tracing = {tracing, ARRAY_SIZE(tracing)};
