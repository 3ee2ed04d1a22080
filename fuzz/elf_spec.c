/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as an object file: parsing ends, an error has a text, and in what
 * is accepted every index, offset and range holds.
 */
#include <string.h>

#include "elf/spec.h"
#include "elf_mutate.h"
#include "fuzz.h"

/* ---- what holds for every spec ---- */

static void check_map(const struct spec *spec, const struct spec_map *map)
{
	fuzz_check(map->name);
	for (u32 i = 0; i < map->slot_cnt; i++) {
		bool progs = map->type == BPF_MAP_TYPE_PROG_ARRAY;

		fuzz_check(map->slots[i].target < (progs ? spec->func_cnt : spec->map_cnt));
		fuzz_check(!i || map->slots[i].index > map->slots[i - 1].index);
	}
	if (map->initial) {
		/* Every byte is there to be read. */
		const volatile u8 *bytes = map->initial;
		u8 sum = 0;

		for (u32 i = 0; i < map->value_size; i++)
			sum = (u8)(sum + bytes[i]);
		(void)sum;
	}
	fuzz_check(!map->btf_value_type_id || btf_type_by_id(spec->btf, map->btf_value_type_id));
	if (map->inner)
		check_map(spec, map->inner);
}

static void check_reloc(const struct spec *spec, const struct spec_func *func,
			const struct spec_reloc *reloc)
{
	fuzz_check(reloc->insn < func->insn_cnt && reloc->symbol);
	switch (reloc->kind) {
	case RELOC_MAP:
		fuzz_check(reloc->target < spec->map_cnt && reloc->insn + 1 < func->insn_cnt);
		break;
	case RELOC_MAP_VALUE:
		fuzz_check(reloc->target < spec->map_cnt && reloc->insn + 1 < func->insn_cnt);
		fuzz_check(spec->maps[reloc->target].data != DATA_NONE && reloc->addend >= 0);
		break;
	case RELOC_SUBPROG_ADDR:
		fuzz_check(reloc->target < spec->func_cnt && reloc->insn + 1 < func->insn_cnt);
		break;
	case RELOC_CALL:
		fuzz_check(reloc->target < spec->func_cnt);
		break;
	case RELOC_EXTERN:
		fuzz_check(reloc->insn + 1 < func->insn_cnt);
		break;
	case RELOC_EXTERN_CALL:
		break;
	case RELOC_CORE:
		fuzz_check(reloc->target < spec->core_relo_cnt);
		fuzz_check(spec->core_relos[reloc->target].insn_off / 8 == reloc->insn);
		break;
	}
}

static void check_func(const struct spec *spec, const struct spec_func *func)
{
	fuzz_check(*func->name && func->insn_cnt);
	for (u32 i = 0; i < func->reloc_cnt; i++) {
		check_reloc(spec, func, &func->relocs[i]);
		fuzz_check(!i || func->relocs[i].insn >= func->relocs[i - 1].insn);
	}
	for (u32 i = 0; i < func->func_info_cnt; i++)
		fuzz_check(func->func_info[i].insn_off < func->insn_cnt);
	for (u32 i = 0; i < func->line_info_cnt; i++)
		fuzz_check(func->line_info[i].insn_off < func->insn_cnt);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = {0};
	struct spec *spec;
	int ret = spec_parse(&mem_libc, data, size, "fuzz", &spec, &err);

	if (ret) {
		fuzz_check(!spec && ret < 0 && err.code == ret);
		fuzz_check(!strncmp(err.text, "fuzz: ", 6) && strlen(err.text) > 6);
		return 0;
	}
	fuzz_check(spec->license);
	for (u32 i = 0; i < spec->map_cnt; i++)
		check_map(spec, &spec->maps[i]);
	for (u32 i = 0; i < spec->func_cnt; i++)
		check_func(spec, &spec->funcs[i]);
	spec_free(spec);
	return 0;
}
