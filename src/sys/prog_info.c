/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * OBJ_GET_INFO_BY_FD of a program. As in Linux each array has a number of
 * elements beside it: the client's room, which becomes how many there are.
 *
 * Addresses are of this process. Who may not load programs that see addresses
 * gets none, as Linux does to whom kallsyms_show_value() denies: pointers come
 * back as NULL. Who may not load programs at all learns nothing of what is in
 * them. A program that is interpreted has no machine code, and nothing that is
 * told of it.
 */
#include <errno.h>
#include <string.h>

#include "jit/jit.h"
#include "sys/info.h"

/* Copies as much of an array as the client has room for and tells how much there is. */
static int put_array(u64 addr, u32 *room, const void *data, u32 n, size_t size)
{
	u32 fit = *room < n ? *room : n;

	*room = n;
	return fit ? client_write(addr, data, fit * size) : 0;
}

static int put_map_ids(struct bpf_prog_info *info, const struct prog *prog)
{
	u32 fit = info->nr_map_ids < prog->map_cnt ? info->nr_map_ids : prog->map_cnt;

	info->nr_map_ids = prog->map_cnt;
	for (u32 i = 0; i < fit; i++) {
		int err = client_write(info->map_ids + i * sizeof(u32), &prog->maps[i]->obj.id,
				       sizeof(u32));
		if (err)
			return err;
	}
	return 0;
}

/* A record's size must be given where records are asked for, and be right where it is given. */
static int check_record_size(u32 cnt, u32 *size, u32 right)
{
	if ((cnt || *size) && *size != right)
		return -EINVAL;
	*size = right;
	return 0;
}

static int check_record_sizes(struct bpf_prog_info *info)
{
	int err = check_record_size(info->nr_func_info, &info->func_info_rec_size,
				    sizeof(struct bpf_func_info));

	if (!err)
		err = check_record_size(info->nr_line_info, &info->line_info_rec_size,
					sizeof(struct bpf_line_info));
	if (!err)
		err = check_record_size(info->nr_jited_line_info, &info->jited_line_info_rec_size,
					sizeof(u64));
	return err;
}

/* ---- machine code ---- */

/* One subprogram's after the other's. */
static int put_code(struct bpf_prog_info *info, const u8 *code, const struct jit_range *ranges,
		    u32 n)
{
	u32 room = info->jited_prog_len, done = 0;

	info->jited_prog_len = 0;
	for (u32 i = 0; i < n; i++) {
		u32 left = room - done, fit = ranges[i].size < left ? ranges[i].size : left;

		info->jited_prog_len += ranges[i].size;
		if (client_write(info->jited_prog_insns + done, code + ranges[i].start, fit))
			return -EFAULT;
		done += fit;
	}
	return 0;
}

/* Addresses and lengths, by subprogram. */
static int put_symbols(struct bpf_prog_info *info, const u8 *code, const struct jit_range *ranges,
		       u32 n)
{
	u32 symbols = info->nr_jited_ksyms, lens = info->nr_jited_func_lens;

	info->nr_jited_ksyms = info->nr_jited_func_lens = n;
	for (u32 i = 0; i < n && i < symbols; i++) {
		u64 address = ranges[i].size ? ptr_to_u64(code + ranges[i].start) : 0;

		if (client_write(info->jited_ksyms + i * sizeof(u64), &address, sizeof(u64)))
			return -EFAULT;
	}
	for (u32 i = 0; i < n && i < lens; i++)
		if (client_write(info->jited_func_lens + i * sizeof(u32), &ranges[i].size,
				 sizeof(u32)))
			return -EFAULT;
	return 0;
}

static int put_line_addresses(struct bpf_prog_info *info, const struct prog *prog,
			      const struct jit_range *ranges)
{
	const struct mem *mem = prog->obj.host->mem;
	u32 n = prog->line_info_cnt;
	u64 *addresses;
	int err;

	if (!n || !info->nr_jited_line_info) {
		info->nr_jited_line_info = n;
		return 0;
	}
	addresses = mem_zalloc_array(mem, n, sizeof(*addresses));
	if (!addresses)
		return -ENOMEM;
	err = jit_line_addresses(prog, ranges, addresses);
	if (!err)
		err = put_array(info->jited_line_info, &info->nr_jited_line_info, addresses, n,
				sizeof(*addresses));
	mem_free(mem, addresses);
	return err;
}

/* Room that is there but may not be filled. */
static void hide(u64 *pointer, u32 *room)
{
	if (*room)
		*pointer = 0;
	*room = 0;
}

static void hide_addresses(struct bpf_prog_info *info)
{
	hide(&info->jited_prog_insns, &info->jited_prog_len);
	hide(&info->jited_ksyms, &info->nr_jited_ksyms);
	hide(&info->jited_func_lens, &info->nr_jited_func_lens);
	hide(&info->jited_line_info, &info->nr_jited_line_info);
}

static int put_machine_code(struct bpf_prog_info *info, const struct prog *prog)
{
	const struct mem *mem = prog->obj.host->mem;
	struct jit_range *ranges;
	const u8 *code;
	size_t size;
	int err;

	code = jit_code(prog, &size);
	if (!code) {
		info->jited_prog_len = 0;
		info->nr_jited_ksyms = info->nr_jited_func_lens = info->nr_jited_line_info = 0;
		return 0;
	}
	if (!host_capable(prog->obj.host, HOST_CAP_PERFMON))
		hide_addresses(info);
	ranges = mem_zalloc_array(mem, prog->subprog_cnt, sizeof(*ranges));
	if (!ranges)
		return -ENOMEM;
	jit_ranges(prog, ranges);
	err = put_code(info, code, ranges, prog->subprog_cnt);
	if (!err)
		err = put_symbols(info, code, ranges, prog->subprog_cnt);
	if (!err)
		err = put_line_addresses(info, prog, ranges);
	mem_free(mem, ranges);
	return err;
}

/* ---- all ---- */

static int put_tags(struct bpf_prog_info *info, const struct prog *prog)
{
	u32 room = info->nr_prog_tags;

	info->nr_prog_tags = prog->subprog_cnt;
	for (u32 i = 0; i < prog->subprog_cnt && i < room; i++) {
		const struct subprog *sub = &prog->subprogs[i];
		u8 tag[BPF_TAG_SIZE];

		prog_tag(prog->orig + sub->start, sub->end - sub->start, tag);
		if (client_write(info->prog_tags + i * sizeof(tag), tag, sizeof(tag)))
			return -EFAULT;
	}
	return 0;
}

static int put_contents(struct bpf_prog_info *info, const struct prog *prog)
{
	int err = info_put_dump(info->xlated_prog_insns, &info->xlated_prog_len, prog->orig,
				prog->insn_cnt * sizeof(*prog->orig));

	if (!err)
		err = put_machine_code(info, prog);
	if (!err)
		err = put_array(info->func_info, &info->nr_func_info, prog->func_info,
				prog->func_info_cnt, sizeof(*prog->func_info));
	if (!err)
		err = put_array(info->line_info, &info->nr_line_info, prog->line_info,
				prog->line_info_cnt, sizeof(*prog->line_info));
	return err ? err : put_tags(info, prog);
}

static void hide_contents(struct bpf_prog_info *info)
{
	info->jited_prog_len = info->xlated_prog_len = 0;
	info->nr_jited_ksyms = info->nr_jited_func_lens = 0;
	info->nr_func_info = info->nr_line_info = info->nr_jited_line_info = 0;
}

static void put_numbers(struct bpf_prog_info *info, struct prog *prog)
{
	info->type = prog->type;
	info->id = prog->obj.id;
	memcpy(info->tag, prog->tag, sizeof(info->tag));
	memcpy(info->name, prog->name, sizeof(info->name));
	info->load_time = prog->load_time;
	info->created_by_uid = prog->uid;
	info->gpl_compatible = prog->gpl_compatible;
	info->verified_insns = prog->verified_insns;
	info->run_cnt = atomic_load(&prog->run_cnt);
	info->run_time_ns = atomic_load(&prog->run_time_ns);
	info->btf_id = prog->btf ? prog->btf->obj.id : 0;
}

int sys_prog_info(struct call *call, struct prog *prog)
{
	struct bpf_prog_info info = {0};
	int err = info_read(call, &info, sizeof(info));

	if (err)
		return err;
	put_numbers(&info, prog);
	err = put_map_ids(&info, prog);
	if (!err)
		err = check_record_sizes(&info);
	if (err)
		return err;
	if (host_capable(call->host, HOST_CAP_BPF))
		err = put_contents(&info, prog);
	else
		hide_contents(&info);
	return err ? err : info_write(call, &info, sizeof(info));
}
