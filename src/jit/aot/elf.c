/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Three parts are mapped: tables, code, and what a loader may write, each
 * from a page of its own. Symbols stand twice in the file, for the system's
 * loader and for tools that look for the table that strip removes.
 */
#include "jit/aot/elf.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "jit/aot/format.h"
#include "jit/report/eh_frame.h"

/* From the first byte of code to the last of the pool: what instructions reach, and some. */
#define MAX_REACH (1u << 30)

enum { LOAD_TABLES, LOAD_CODE, LOAD_DATA, DYNAMIC, STACK, SEGMENTS };

#define SECTIONS(S)                                                                                \
	S(NONE, "")                                                                                \
	S(HASH, ".hash")                                                                           \
	S(DYNSYM, ".dynsym")                                                                       \
	S(DYNSTR, ".dynstr")                                                                       \
	S(INFO, AOT_SECTION)                                                                       \
	S(TEXT, ".text")                                                                           \
	S(EH_FRAME, ".eh_frame")                                                                   \
	S(DYNAMIC, ".dynamic")                                                                     \
	S(POOL, AOT_SECTION ".pool")                                                               \
	S(SYMTAB, ".symtab")                                                                       \
	S(STRTAB, ".strtab")                                                                       \
	S(SHSTRTAB, ".shstrtab")

enum section {
#define S(NAME, text) SECTION_##NAME,
	SECTIONS(S)
#undef S
		SECTION_CNT
};

static const char *const section_names[SECTION_CNT] = {
#define S(NAME, text) text,
	SECTIONS(S)
#undef S
};

static const Elf64_Sxword dynamic_tags[] = {DT_HASH,  DT_SYMTAB, DT_STRTAB,
					    DT_STRSZ, DT_SYMENT, DT_NULL};

/* ---- where everything stands ---- */

static u64 hash_size(const struct aot_elf *elf)
{
	/* One bucket: numbers of buckets and symbols, the first, and who follows each. */
	return (3 + elf->symbols.len + 1) * sizeof(Elf64_Word);
}

static u64 symbols_size(const struct aot_elf *elf)
{
	return (elf->symbols.len + 1) * sizeof(Elf64_Sym);
}

/* It says how far the code is, so that it can be made when that is known. */
static void put_unwind(struct aot_elf *elf)
{
	const struct eh_frame frame = {
		.target = elf->target,
		.frames = elf->frames.at,
		.frame_cnt = (u32)elf->frames.len,
		.code = elf->text_at,
		.relative = true,
		.at = elf->unwind_at - elf->text_at,
	};

	eh_frame_put(&elf->unwind, &frame, elf->funcs.at, (u32)elf->funcs.len);
}

int aot_elf_place(struct aot_elf *elf, struct err *err)
{
	u64 page = elf->target->page_size;

	elf->hash_at = sizeof(Elf64_Ehdr) + SEGMENTS * sizeof(Elf64_Phdr);
	elf->dynsym_at = ROUND_UP(elf->hash_at + hash_size(elf), 8u);
	elf->dynstr_at = elf->dynsym_at + symbols_size(elf);
	elf->info_at = ROUND_UP(elf->dynstr_at + elf->names.len, 8u);
	elf->text_at = ROUND_UP(elf->info_at + elf->info_size, page);
	elf->unwind_at = ROUND_UP(elf->text_at + elf->text.len, page);
	put_unwind(elf);
	elf->dynamic_at = ROUND_UP(elf->unwind_at + elf->unwind.len, 8u);
	elf->data_end = elf->dynamic_at + ARRAY_SIZE(dynamic_tags) * sizeof(Elf64_Dyn);
	elf->pool_at = elf->data_end;
	if (buf_error(&elf->unwind))
		return -ENOMEM;
	if (elf->info_size > UINT32_MAX / 2 ||
	    elf->pool_at + elf->pool_size - elf->text_at > MAX_REACH)
		return err_set(err, -E2BIG, "machine code of more than 1 GiB");
	return 0;
}

/* ---- writing ---- */

static void pad_to(struct buf *out, u64 at)
{
	buf_add_zero(out, at - out->len);
}

static Elf64_Ehdr file_header(const struct aot_elf *elf, u64 sections_at)
{
	return (Elf64_Ehdr){
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			    EV_CURRENT},
		.e_type = ET_DYN,
		.e_machine = elf->target->elf_machine,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(Elf64_Ehdr),
		.e_shoff = sections_at,
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = SEGMENTS,
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = SECTION_CNT,
		.e_shstrndx = SECTION_SHSTRTAB,
	};
}

static Elf64_Phdr segment(u32 type, u32 flags, u64 at, u64 size, u64 align)
{
	return (Elf64_Phdr){
		.p_type = type,
		.p_flags = flags,
		.p_offset = at,
		.p_vaddr = at,
		.p_paddr = at,
		.p_filesz = size,
		.p_memsz = size,
		.p_align = align,
	};
}

static void put_segments(const struct aot_elf *elf, struct buf *out)
{
	u64 page = elf->target->page_size, dynamic_size = elf->data_end - elf->dynamic_at;
	u64 data_size = elf->data_end - elf->unwind_at;
	Elf64_Phdr segments[SEGMENTS] = {
		[LOAD_TABLES] = segment(PT_LOAD, PF_R, 0, elf->info_at + elf->info_size, page),
		[LOAD_CODE] = segment(PT_LOAD, PF_R | PF_X, elf->text_at, elf->text.len, page),
		[LOAD_DATA] = segment(PT_LOAD, PF_R | PF_W, elf->unwind_at, data_size, page),
		[DYNAMIC] = segment(PT_DYNAMIC, PF_R | PF_W, elf->dynamic_at, dynamic_size, 8),
		[STACK] = segment(PT_GNU_STACK, PF_R | PF_W, 0, 0, 16),
	};

	segments[LOAD_DATA].p_memsz += elf->pool_size;
	buf_add(out, segments, sizeof(segments));
}

static void put_hash(const struct aot_elf *elf, struct buf *out)
{
	u32 n = (u32)elf->symbols.len + 1;
	Elf64_Word head[3] = {1, n, n - 1};

	pad_to(out, elf->hash_at);
	buf_add(out, head, sizeof(head));
	for (Elf64_Word i = 0; i < n; i++) { /* each one's predecessor: the first's is none */
		Elf64_Word next = i ? i - 1 : 0;

		buf_add(out, &next, sizeof(next));
	}
}

static void put_symbols(const struct aot_elf *elf, struct buf *out)
{
	buf_add_zero(out, sizeof(Elf64_Sym));
	for (size_t i = 0; i < elf->symbols.len; i++) {
		const struct aot_symbol *symbol = &elf->symbols.at[i];
		const Elf64_Sym sym = {
			.st_name = symbol->name,
			.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
			.st_shndx = SECTION_TEXT,
			.st_value = elf->text_at + symbol->at,
			.st_size = symbol->size,
		};

		buf_add(out, &sym, sizeof(sym));
	}
}

static void put_dynamic(const struct aot_elf *elf, struct buf *out)
{
	const u64 values[] = {elf->hash_at,   elf->dynsym_at,	 elf->dynstr_at,
			      elf->names.len, sizeof(Elf64_Sym), 0};

	pad_to(out, elf->unwind_at);
	buf_add(out, elf->unwind.data, elf->unwind.len);
	pad_to(out, elf->dynamic_at);
	for (u32 i = 0; i < ARRAY_SIZE(dynamic_tags); i++) {
		const Elf64_Dyn dyn = {.d_tag = dynamic_tags[i], .d_un = {.d_val = values[i]}};

		buf_add(out, &dyn, sizeof(dyn));
	}
}

/* What of the file only tools read: where it has been put. */
struct tools {
	u64 symtab, strtab, shstrtab, shstrtab_size;
	u32 names[SECTION_CNT];
};

static struct tools put_tools(const struct aot_elf *elf, struct buf *out)
{
	struct tools t = {.symtab = ROUND_UP(out->len, 8u)};

	pad_to(out, t.symtab);
	put_symbols(elf, out);
	t.strtab = out->len;
	buf_add(out, elf->names.data, elf->names.len);
	t.shstrtab = out->len;
	for (u32 i = 0; i < SECTION_CNT; i++) {
		t.names[i] = (u32)(out->len - t.shstrtab);
		buf_add(out, section_names[i], strlen(section_names[i]) + 1);
	}
	t.shstrtab_size = out->len - t.shstrtab;
	return t;
}

static void put_sections(const struct aot_elf *elf, const struct tools *t, struct buf *out)
{
	u64 symbols = symbols_size(elf), names = elf->names.len;
	u32 alloc = SHF_ALLOC, word = sizeof(Elf64_Word), sym = sizeof(Elf64_Sym);
	const struct {
		u32 type, flags, link, info;
		u64 at, size, align, entry;
	} rows[SECTION_CNT] = {
		[SECTION_HASH] = {SHT_HASH, alloc, SECTION_DYNSYM, 0, elf->hash_at, hash_size(elf),
				  8, word},
		[SECTION_DYNSYM] = {SHT_DYNSYM, alloc, SECTION_DYNSTR, 1, elf->dynsym_at, symbols,
				    8, sym},
		[SECTION_DYNSTR] = {SHT_STRTAB, alloc, 0, 0, elf->dynstr_at, names, 1, 0},
		[SECTION_INFO] = {SHT_PROGBITS, alloc, 0, 0, elf->info_at, elf->info_size, 8, 0},
		[SECTION_TEXT] = {SHT_PROGBITS, alloc | SHF_EXECINSTR, 0, 0, elf->text_at,
				  elf->text.len, AOT_ALIGN, 0},
		[SECTION_EH_FRAME] = {SHT_PROGBITS, alloc, 0, 0, elf->unwind_at, elf->unwind.len, 8,
				      0},
		[SECTION_DYNAMIC] = {SHT_DYNAMIC, alloc | SHF_WRITE, SECTION_DYNSTR, 0,
				     elf->dynamic_at, elf->data_end - elf->dynamic_at, 8,
				     sizeof(Elf64_Dyn)},
		[SECTION_POOL] = {SHT_NOBITS, alloc | SHF_WRITE, 0, 0, elf->pool_at, elf->pool_size,
				  8, 8},
		[SECTION_SYMTAB] = {SHT_SYMTAB, 0, SECTION_STRTAB, 1, t->symtab, symbols, 8, sym},
		[SECTION_STRTAB] = {SHT_STRTAB, 0, 0, 0, t->strtab, names, 1, 0},
		[SECTION_SHSTRTAB] = {SHT_STRTAB, 0, 0, 0, t->shstrtab, t->shstrtab_size, 1, 0},
	};

	for (u32 i = 0; i < SECTION_CNT; i++) {
		const Elf64_Shdr section = {
			.sh_name = t->names[i],
			.sh_type = rows[i].type,
			.sh_flags = rows[i].flags,
			.sh_addr = rows[i].flags & alloc ? rows[i].at : 0,
			.sh_offset = rows[i].at,
			.sh_size = rows[i].size,
			.sh_link = rows[i].link,
			.sh_info = rows[i].info,
			.sh_addralign = rows[i].align,
			.sh_entsize = rows[i].entry,
		};

		buf_add(out, &section, sizeof(section));
	}
}

int aot_elf_write(const struct aot_elf *elf, const void *info, struct buf *out)
{
	struct tools tools;
	Elf64_Ehdr header;

	buf_add_zero(out, sizeof(Elf64_Ehdr));
	put_segments(elf, out);
	put_hash(elf, out);
	pad_to(out, elf->dynsym_at);
	put_symbols(elf, out);
	buf_add(out, elf->names.data, elf->names.len);
	pad_to(out, elf->info_at);
	buf_add(out, info, elf->info_size);
	pad_to(out, elf->text_at);
	buf_add(out, elf->text.data, elf->text.len);
	put_dynamic(elf, out);
	tools = put_tools(elf, out);
	header = file_header(elf, ROUND_UP(out->len, 8u));
	pad_to(out, header.e_shoff);
	put_sections(elf, &tools, out);
	if (!buf_error(out))
		memcpy(out->data, &header, sizeof(header));
	return buf_error(out);
}
