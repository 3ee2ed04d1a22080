/* SPDX-License-Identifier: BSD-2-Clause */
/* Tags and licences. */
#include "tap.h"

#include "prog/prog.h"

static void check_tag(const struct bpf_insn *insns, u32 n, const char *want)
{
	u8 tag[BPF_TAG_SIZE];
	char text[2 * BPF_TAG_SIZE + 1];

	prog_tag(insns, n, tag);
	for (u32 i = 0; i < BPF_TAG_SIZE; i++)
		sprintf(text + 2 * i, "%02x", tag[i]);
	check_str(text, want);
}

/* What Linux 6.12 prints as tag; SHA-1 over the instructions as they lie in memory. */
static void test_tag(void)
{
	static const struct bpf_insn simple[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K},
		{.code = BPF_JMP | BPF_EXIT},
	};
	struct bpf_insn map[] = {
		{.code = BPF_LD | BPF_IMM | BPF_DW, .dst_reg = 1, .src_reg = BPF_PSEUDO_MAP_FD},
		{0},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K},
		{.code = BPF_JMP | BPF_EXIT},
	};
	u8 one[BPF_TAG_SIZE], two[BPF_TAG_SIZE];

	/* sha1sum of the 16 bytes b7 0* 95 0* */
	if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
		check_tag(simple, 2, "a04f5eef06a7f555");
	map[0].imm = 3;
	prog_tag(map, 4, one);
	map[0].imm = 99;
	prog_tag(map, 4, two);
	check(!memcmp(one, two, sizeof(one)));
	map[2].imm = 1;
	prog_tag(map, 4, two);
	check(memcmp(one, two, sizeof(one)));
}

static void test_license(void)
{
	check(license_is_gpl("GPL"));
	check(license_is_gpl("Dual BSD/GPL"));
	check(!license_is_gpl("BSD"));
	check(!license_is_gpl(""));
	check(!license_is_gpl("GPL "));
	check(!license_is_gpl("gpl"));
}

int main(void)
{
	run_test(test_tag);
	run_test(test_license);
	return tap_done();
}
