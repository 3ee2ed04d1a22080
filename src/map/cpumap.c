/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_MAP_TYPE_CPUMAP: CPUs that frames are redirected to, each with the length
 * of its queue and a program that sees them there. A CPU is one of the host's
 * execution slots.
 */
#include "map/targets.h"
#include "map/types.h"

#define QUEUE_MAX 16384u

static int cpumap_check(const union bpf_attr *attr)
{
	if (!attr->max_entries || attr->key_size != 4 ||
	    (attr->value_size != 4 && attr->value_size != sizeof(struct bpf_cpumap_val)) ||
	    attr->map_flags & ~(u32)BPF_F_NUMA_NODE)
		return -EINVAL;
	return attr->max_entries > HOST_MAX_CPUS ? -E2BIG : 0;
}

/* Whatever is wrong with the program is "out of memory", as in Linux. */
static struct xdp_target *new_target(struct map *map, const struct bpf_cpumap_val *val, u32 cpu)
{
	struct target_owner *owner = &container_of(map, struct target_array, map)->owner;
	struct xdp_target *target;
	struct prog *prog = NULL;

	if (val->bpf_prog.fd > 0 &&
	    target_prog(map->obj.host, owner, val->bpf_prog.fd, BPF_XDP_CPUMAP, &prog))
		return NULL;
	target = xdp_target_new(map->obj.host, NULL, prog);
	if (!target)
		return NULL;
	target->key = cpu;
	target->cpu = cpu;
	target->val.cpu.qsize = val->qsize;
	target->val.cpu.bpf_prog.id = prog ? prog->obj.id : 0;
	return target;
}

static int cpumap_write(struct map *map, const void *key, const void *value, u64 flags)
{
	struct bpf_cpumap_val val = {0};
	struct xdp_target *target = NULL;
	u32 cpu = get_u32(key);

	memcpy(&val, value, map->desc.value_size);
	if (flags > BPF_EXIST)
		return -EINVAL;
	if (cpu >= map->desc.max_entries)
		return -E2BIG;
	if (flags == BPF_NOEXIST)
		return -EEXIST;
	if (val.qsize > QUEUE_MAX)
		return -EOVERFLOW;
	if (cpu >= map_nr_cpus(map))
		return -ENODEV;
	if (val.qsize) {
		target = new_target(map, &val, cpu);
		if (!target)
			return -ENOMEM;
	}
	target_array_replace(map, cpu, target);
	return 0;
}

const struct map_ops map_ops_cpumap = {
	.type = BPF_MAP_TYPE_CPUMAP,
	.size = sizeof(struct target_array),
	.check = cpumap_check,
	.check_btf = map_check_no_btf,
	.init = target_array_init,
	.exit = target_array_exit,
	.lookup = target_array_lookup,
	.delete = target_array_delete,
	.read = target_array_read,
	.write = cpumap_write,
	.next_key = array_next_key,
	.mem_usage = target_array_mem_usage,
};
