/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For gdb's JIT interface: machine code as an object file in memory. The code
 * itself is where it is, so that .text has an address and no bytes; symbols,
 * lines and frames are beside it. gdb reads the object when it stops in
 * __jit_debug_register_code(), or when it attaches (process.c).
 */
#include <elf.h>
#include <errno.h>

#include "jit/report/dwarf.h"
#include "jit/report/eh_frame.h"
#include "jit/report/leb.h"
#include "jit/report/process.h"
#include "jit/report/report.h"

/* The sections, in their order in the file. */
enum {
	SECTION_NONE,
	SECTION_TEXT,
	SECTION_EH_FRAME,
	SECTION_ABBREV,
	SECTION_INFO,
	SECTION_LINE,
	SECTION_STRTAB,
	SECTION_SYMTAB,
	SECTION_SHSTRTAB,
	SECTION_CNT
};

static const char *const section_names[SECTION_CNT] = {
	"",	   ".text",   ".eh_frame", ".debug_abbrev", ".debug_info", ".debug_line",
	".strtab", ".symtab", ".shstrtab",
};

/* What is being written; sections[].sh_offset and sh_size as they come. */
struct elf {
	struct buf out;
	const struct prog *prog;
	const struct jit_image *image;
	Elf64_Shdr sections[SECTION_CNT];
};

static void begin(struct elf *elf, u32 section, u32 type)
{
	Elf64_Shdr *header = &elf->sections[section];

	while (elf->out.len % 8 && !elf->out.failed)
		put_u8(&elf->out, 0);
	header->sh_type = type;
	header->sh_addralign = 8;
	header->sh_offset = elf->out.len;
}

static void end(struct elf *elf, u32 section)
{
	elf->sections[section].sh_size = elf->out.len - elf->sections[section].sh_offset;
}

static void put_text(struct elf *elf)
{
	begin(elf, SECTION_TEXT, SHT_NOBITS);
	elf->sections[SECTION_TEXT].sh_flags = SHF_ALLOC | SHF_EXECINSTR;
	elf->sections[SECTION_TEXT].sh_addr = ptr_to_u64(elf->image->code);
	elf->sections[SECTION_TEXT].sh_size = elf->image->size;
}

static void put_frames(struct elf *elf)
{
	const struct jit_image *image = elf->image;
	const struct eh_frame frame = {
		.target = jit_native,
		.frames = image->frames,
		.frame_cnt = image->frame_cnt,
		.code = ptr_to_u64(image->code),
	};

	begin(elf, SECTION_EH_FRAME, SHT_PROGBITS);
	elf->sections[SECTION_EH_FRAME].sh_flags = SHF_ALLOC;
	eh_frame_put(&elf->out, &frame, image->funcs, image->func_cnt);
	end(elf, SECTION_EH_FRAME);
}

static void put_debug(struct elf *elf)
{
	begin(elf, SECTION_ABBREV, SHT_PROGBITS);
	dwarf_put_abbrev(&elf->out);
	end(elf, SECTION_ABBREV);
	begin(elf, SECTION_INFO, SHT_PROGBITS);
	dwarf_put_info(&elf->out, elf->prog, elf->image);
	end(elf, SECTION_INFO);
	begin(elf, SECTION_LINE, SHT_PROGBITS);
	dwarf_put_line(&elf->out, elf->prog, elf->image);
	end(elf, SECTION_LINE);
}

/* Names one after the other, then the symbols in the same order. */
static void put_symbols(struct elf *elf)
{
	const struct jit_image *image = elf->image;
	Elf64_Shdr *symtab = &elf->sections[SECTION_SYMTAB];
	Elf64_Sym symbol = {0};
	char name[JIT_SYMBOL_MAX];
	u32 name_at = 1;

	begin(elf, SECTION_STRTAB, SHT_STRTAB);
	put_string(&elf->out, "");
	for (u32 i = 0; i < image->func_cnt; i++) {
		jit_symbol(elf->prog, image->funcs[i].subprog, name);
		put_string(&elf->out, name);
	}
	end(elf, SECTION_STRTAB);
	begin(elf, SECTION_SYMTAB, SHT_SYMTAB);
	buf_add(&elf->out, &symbol, sizeof(symbol));
	for (u32 i = 0; i < image->func_cnt; i++) {
		const struct jit_func *func = &image->funcs[i];

		jit_symbol(elf->prog, func->subprog, name);
		symbol = (Elf64_Sym){
			.st_name = name_at,
			.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
			.st_shndx = SECTION_TEXT,
			.st_value = ptr_to_u64(image->code + func->start),
			.st_size = func->end - func->start,
		};
		buf_add(&elf->out, &symbol, sizeof(symbol));
		name_at += (u32)strlen(name) + 1;
	}
	end(elf, SECTION_SYMTAB);
	symtab->sh_link = SECTION_STRTAB;
	symtab->sh_info = 1; /* the first that is not local */
	symtab->sh_entsize = sizeof(symbol);
}

static void put_section_names(struct elf *elf)
{
	Elf64_Shdr *names = &elf->sections[SECTION_SHSTRTAB];

	begin(elf, SECTION_SHSTRTAB, SHT_STRTAB);
	for (u32 i = 0; i < SECTION_CNT; i++) {
		elf->sections[i].sh_name = (u32)(elf->out.len - names->sh_offset);
		put_string(&elf->out, section_names[i]);
	}
	end(elf, SECTION_SHSTRTAB);
}

/* Both kinds of headers stand at the beginning, where room was left. */
static void fill_in_headers(struct elf *elf)
{
	const u16 one = 1;
	const bool little = *(const u8 *)&one;
	const Elf64_Ehdr header = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
			    little ? ELFDATA2LSB : ELFDATA2MSB, EV_CURRENT},
		.e_type = ET_EXEC, /* addresses are final */
		.e_machine = jit_native->elf_machine,
		.e_version = EV_CURRENT,
		.e_shoff = sizeof(header),
		.e_ehsize = sizeof(header),
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = SECTION_CNT,
		.e_shstrndx = SECTION_SHSTRTAB,
	};
	Elf64_Shdr *frames = &elf->sections[SECTION_EH_FRAME];

	frames->sh_addr = ptr_to_u64(elf->out.data + frames->sh_offset);
	memcpy(elf->out.data, &header, sizeof(header));
	memcpy(elf->out.data + sizeof(header), elf->sections, sizeof(elf->sections));
}

int gdb_add(const struct prog *prog, const struct jit_image *image, void **own, struct err *err)
{
	struct elf elf = {.prog = prog, .image = image};
	const struct mem *mem = prog->obj.host->mem;
	struct gdb_code *entry = mem_zalloc(mem, sizeof(*entry));

	buf_init(&elf.out, mem);
	buf_add_zero(&elf.out, sizeof(Elf64_Ehdr) + sizeof(elf.sections));
	put_text(&elf);
	put_frames(&elf);
	put_debug(&elf);
	put_symbols(&elf);
	put_section_names(&elf);
	if (!entry || buf_error(&elf.out)) {
		buf_free(&elf.out);
		mem_free(mem, entry);
		return err_set(err, -ENOMEM, "%s", strerror(ENOMEM));
	}
	fill_in_headers(&elf);
	entry->size = elf.out.len;
	entry->object = buf_take(&elf.out);
	process_gdb_add(entry);
	*own = entry;
	return 0;
}

void gdb_remove(const struct prog *prog, void *own)
{
	const struct mem *mem = prog->obj.host->mem;
	struct gdb_code *entry = own;

	process_gdb_remove(entry);
	mem_free(mem, (void *)(uintptr_t)entry->object);
	mem_free(mem, entry);
}
