/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opening files of code. A file may be cut off, damaged or anything else:
 * nothing in it is believed before it has been compared with what is there,
 * and what is read later has been checked here.
 */
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "base/os.h"
#include "base/version.h"
#include "jit/aot/digest.h"
#include "jit/aot/file.h"
#include "jit/target.h"

/* Farther than code reaches. */
#define MAX_SPAN (1ull << 31)

static int damaged(struct err *err, const char *what)
{
	return err_set(err, -ENOEXEC, "it is damaged or cut off: %s", what);
}

/* ---- the ELF file ---- */

struct bytes {
	const u8 *data;
	u64 size;
};

static bool within(const struct bytes *bytes, u64 off, u64 size)
{
	return off <= bytes->size && size <= bytes->size - off;
}

static int check_elf(const struct bytes *elf, Elf64_Ehdr *header, struct err *err)
{
	if (elf->size < sizeof(*header) || memcmp(elf->data, ELFMAG, SELFMAG) != 0)
		return err_set(err, -ENOEXEC, "it is no ELF file, or cut off");
	memcpy(header, elf->data, sizeof(*header));
	if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
	    header->e_type != ET_DYN)
		return err_set(err, -ENOEXEC, "it is no shared object of 64 bits");
	if (header->e_machine != jit_native->elf_machine)
		return err_set(err, -ENOEXEC,
			       "it is for another processor (ELF machine %u), not %s",
			       header->e_machine, jit_native->name);
	if (header->e_shentsize != sizeof(Elf64_Shdr) ||
	    !within(elf, header->e_shoff, header->e_shnum * sizeof(Elf64_Shdr)) ||
	    header->e_shstrndx >= header->e_shnum)
		return damaged(err, "its sections are not there");
	return 0;
}

static Elf64_Shdr section_at(const struct bytes *elf, const Elf64_Ehdr *header, u32 i)
{
	Elf64_Shdr section;

	memcpy(&section, elf->data + header->e_shoff + i * sizeof(section), sizeof(section));
	return section;
}

/* The section's bytes in the file. */
static int find_info(const struct bytes *elf, struct bytes *info, struct err *err)
{
	static const char name[] = AOT_SECTION;
	Elf64_Shdr names, section;
	Elf64_Ehdr header;
	int ret = check_elf(elf, &header, err);

	if (ret)
		return ret;
	names = section_at(elf, &header, header.e_shstrndx);
	if (names.sh_type != SHT_STRTAB || !within(elf, names.sh_offset, names.sh_size))
		return damaged(err, "the names of its sections are not there");
	for (u32 i = 1; i < header.e_shnum; i++) {
		section = section_at(elf, &header, i);
		if (section.sh_type != SHT_PROGBITS || section.sh_name > names.sh_size ||
		    names.sh_size - section.sh_name < sizeof(name) ||
		    memcmp(elf->data + names.sh_offset + section.sh_name, name, sizeof(name)) != 0)
			continue;
		if (!within(elf, section.sh_offset, section.sh_size))
			return damaged(err, "its section " AOT_SECTION " is not all there");
		*info = (struct bytes){elf->data + section.sh_offset, section.sh_size};
		return 0;
	}
	return err_set(err, -ENOEXEC,
		       "it has no section " AOT_SECTION ": it was not made by anybpf compile");
}

/* ---- the section ---- */

static bool range_ok(const struct aot_file *file, struct aot_range range, size_t each)
{
	const struct bytes info = {file->info, file->header->size};

	return range.off % 8 == 0 && within(&info, range.off, (u64)range.cnt * each);
}

static bool string_ok(const struct aot_file *file, u32 at)
{
	return at < file->header->strings.cnt;
}

static bool is_damaged(const struct aot_file *file)
{
	const struct aot_header *h = file->header;
	u8 sum[SHA1_SIZE];
	struct sha1 s;

	sha1_init(&s);
	sha1_add(&s, file->info + AOT_SUMMED_FROM, h->size - AOT_SUMMED_FROM);
	sha1_final(&s, sum);
	return memcmp(sum, h->checksum, sizeof(sum)) != 0;
}

static int check_strings(const struct aot_file *file, struct err *err)
{
	const struct aot_header *h = file->header;
	const struct bytes info = {file->info, h->size};
	struct aot_range s = h->strings;

	if (!s.cnt || !within(&info, s.off, s.cnt) || file->info[s.off + s.cnt - 1] ||
	    !string_ok(file, h->version) || !string_ok(file, h->machine) ||
	    !string_ok(file, h->features))
		return damaged(err, "its strings are not there");
	return 0;
}

/* Whether it was made for this library on this machine. */
static int check_maker(const struct aot_file *file, struct err *err)
{
	const char *version = aot_string(file, file->header->version);
	const char *machine = aot_string(file, file->header->machine);
	u8 abi[SHA1_SIZE];

	if (strcmp(machine, jit_native->name) != 0)
		return err_set(err, -ENOEXEC, "it is for %s, and this is %s", machine,
			       jit_native->name);
	if (strcmp(version, LIBRARY_VERSION) != 0)
		return err_set(err, -ENOEXEC, "it was made by anybpf %s, and this is %s", version,
			       LIBRARY_VERSION);
	aot_digest_abi(abi);
	if (memcmp(abi, file->header->abi, sizeof(abi)) != 0)
		return err_set(err, -ENOEXEC,
			       "it was made by another build of anybpf %s, whose structures or "
			       "helpers are not these",
			       version);
	return 0;
}

/* The first fields never change, so that a later form can be told from damage. */
static int check_header(struct aot_file *file, u64 size, struct err *err)
{
	const struct aot_header *h = file->header;
	int ret;

	if (size < sizeof(*h) || h->magic != AOT_MAGIC)
		return damaged(err, "its section " AOT_SECTION " does not begin as it should");
	if (h->format != AOT_FORMAT)
		return err_set(err, -ENOEXEC,
			       "its description is of version %u, and this library "
			       "reads version %u",
			       h->format, AOT_FORMAT);
	if (h->size < sizeof(*h) || h->size > size)
		return damaged(err, "its section " AOT_SECTION " is not all there");
	if (is_damaged(file))
		return damaged(err, "its section " AOT_SECTION " has another checksum");
	ret = check_strings(file, err);
	if (!ret)
		ret = check_maker(file, err);
	if (!ret && !range_ok(file, h->progs, sizeof(struct aot_prog)))
		ret = damaged(err, "its programs are not there");
	return ret;
}

/* ---- a program ---- */

static const struct {
	const char *name;
	size_t at, each;
} tables[] = {
	{"maps", offsetof(struct aot_prog, maps), sizeof(struct aot_map)},
	{"addresses", offsetof(struct aot_prog, entries), sizeof(struct aot_entry)},
	{"loads that may fault", offsetof(struct aot_prog, fixups), sizeof(struct aot_fixup)},
	{"lines", offsetof(struct aot_prog, lines), sizeof(struct aot_line)},
	{"functions", offsetof(struct aot_prog, funcs), sizeof(struct aot_func)},
	{"frames", offsetof(struct aot_prog, frames), sizeof(struct aot_frame)},
};

static bool place_ok(const struct aot_file *file, const struct aot_prog *p)
{
	const struct bytes all = {NULL, file->size};

	return p->text_size && p->text_size < MAX_SPAN && p->text % AOT_ALIGN == 0 &&
	       within(&all, p->text, p->text_size) && p->pool % 8 == 0 &&
	       p->pool >= ROUND_UP(p->text + p->text_size, (u64)os_page_size()) &&
	       p->pool - p->text < MAX_SPAN && 8ull * p->entries.cnt < MAX_SPAN;
}

static bool maps_ok(const struct aot_file *file, const struct aot_prog *p)
{
	const struct aot_map *map = aot_table(file, p->maps);

	for (u32 i = 0; i < p->maps.cnt; i++)
		if (!string_ok(file, map[i].name))
			return false;
	return true;
}

static bool entries_ok(const struct aot_file *file, const struct aot_prog *p)
{
	const struct aot_entry *entry = aot_table(file, p->entries);

	for (u32 i = 0; i < p->entries.cnt; i++)
		if (!string_ok(file, entry[i].name) || !aot_entry_known(file, p, &entry[i]))
			return false;
	return true;
}

static bool fixups_ok(const struct aot_file *file, const struct aot_prog *p)
{
	const struct aot_fixup *f = aot_table(file, p->fixups);

	for (u32 i = 0; i < p->fixups.cnt; i++) {
		bool after = !i || f[i - 1].at < f[i].at;
		bool reg = f[i].zero_reg < jit_native->nregs || f[i].zero_reg == 0xff;

		if (!after || !reg || f[i].at >= f[i].resume || f[i].resume > p->text_size)
			return false;
	}
	return true;
}

static bool lines_ok(const struct aot_file *file, const struct aot_prog *p)
{
	const struct aot_line *line = aot_table(file, p->lines);

	for (u32 i = 0; i < p->lines.cnt; i++) {
		bool after = !i || line[i - 1].offset <= line[i].offset;

		if (!after || line[i].offset > p->text_size || line[i].pc >= p->insn_cnt)
			return false;
	}
	return true;
}

static bool func_ok(const struct aot_func *f, const struct aot_prog *p)
{
	for (u32 i = 0; i < AOT_MAX_SAVED; i++)
		if (f->saved[i].dwarf_reg > UINT8_MAX)
			return false;
	return f->subprog < p->subprog_cnt && f->nsaved <= AOT_MAX_SAVED && f->start < f->end &&
	       f->start <= f->prologue_end && f->prologue_end <= f->end && f->end <= p->text_size;
}

static bool funcs_ok(const struct aot_file *file, const struct aot_prog *p)
{
	const struct aot_func *f = aot_table(file, p->funcs);
	bool entry = false;

	for (u32 i = 0; i < p->funcs.cnt; i++) {
		if (!func_ok(&f[i], p) || (i && f[i - 1].end > f[i].start))
			return false;
		entry |= !f[i].subprog;
	}
	return entry;
}

static bool frames_ok(const struct aot_file *file, const struct aot_prog *p)
{
	const struct aot_frame *f = aot_table(file, p->frames);

	for (u32 i = 0; i < p->frames.cnt; i++) {
		bool after = !i || f[i - 1].offset <= f[i].offset;

		if (!after || f[i].offset > p->text_size || f[i].nsaved > AOT_MAX_SAVED)
			return false;
	}
	return true;
}

static int check_prog(const struct aot_file *file, const struct aot_prog *p, struct err *err)
{
	static bool (*const checks[])(const struct aot_file *file, const struct aot_prog *p) = {
		maps_ok, entries_ok, fixups_ok, lines_ok, funcs_ok, frames_ok,
	};

	if (!string_ok(file, p->name) || p->flags & ~AOT_FLAGS)
		return damaged(err, "a program has no name, or flags that there are not");
	for (u32 i = 0; i < ARRAY_SIZE(tables); i++) {
		struct aot_range range;
		bool ok;

		memcpy(&range, (const u8 *)p + tables[i].at, sizeof(range));
		ok = range_ok(file, range, tables[i].each) && checks[i](file, p);
		if (!ok)
			return err_set(err, -ENOEXEC,
				       "it is damaged or cut off: the %s of program \"%s\" are "
				       "not as they should",
				       tables[i].name, aot_string(file, p->name));
	}
	if (!place_ok(file, p))
		return err_set(err, -ENOEXEC,
			       "it is damaged or cut off: the code of program \"%s\" is not there",
			       aot_string(file, p->name));
	return 0;
}

/* ---- opening ---- */

static int check(struct aot_file *file, u64 size, struct err *err)
{
	int ret;

	file->header = (const void *)file->info;
	ret = check_header(file, size, err);
	if (ret)
		return ret;
	file->progs = aot_table(file, file->header->progs);
	for (u32 i = 0; i < file->header->progs.cnt && !ret; i++)
		ret = check_prog(file, &file->progs[i], err);
	return ret;
}

static int read_info(struct aot_file *file, struct err *err)
{
	struct bytes elf, info = {0};
	size_t size;
	void *data;
	int ret = os_read_file(file->mem, file->path, &data, &size);

	if (ret)
		return err_set(err, ret, "%s", strerror(-ret));
	elf = (struct bytes){data, size};
	file->size = size;
	ret = find_info(&elf, &info, err);
	if (!ret) { /* a copy, for its alignment; there may be nothing in it */
		file->info = mem_zalloc(file->mem, info.size + sizeof(struct aot_header));
		ret = file->info ? 0 : -ENOMEM;
	}
	if (!ret) {
		memcpy(file->info, info.data, info.size);
		ret = check(file, info.size, err);
	}
	mem_free(file->mem, data);
	return ret;
}

static int open_file(struct aot_file *file, const char *path, struct err *err)
{
	file->path = mem_strdup(file->mem, path);
	if (!file->path)
		return -ENOMEM;
	file->fd = os_file_open(path);
	if (file->fd < 0)
		return err_set(err, file->fd, "%s", strerror(-file->fd));
	return read_info(file, err);
}

int aot_open(const struct mem *mem, const char *path, struct aot_file **file, struct err *err)
{
	struct aot_file *f;
	int ret;

	if (!jit_native)
		return err_set(err, -EOPNOTSUPP, "%s: no compiled code for this machine", path);
	f = mem_zalloc(mem, sizeof(*f));
	if (!f)
		return err_set(err, -ENOMEM, "%s: out of memory", path);
	f->mem = mem;
	f->fd = -1;
	ret = open_file(f, path, err);
	if (!ret) {
		*file = f;
		return 0;
	}
	if (ret == -ENOMEM)
		err_set(err, ret, "out of memory");
	err_prefix(err, "%s", path);
	aot_close(f);
	return ret;
}

struct aot_file *aot_chain(struct aot_file *file, struct aot_file *list)
{
	file->next = list;
	return file;
}

void aot_close(struct aot_file *file)
{
	while (file) {
		struct aot_file *next = file->next;

		if (file->fd >= 0)
			os_close(file->fd);
		mem_free(file->mem, file->path);
		mem_free(file->mem, file->info);
		mem_free(file->mem, file);
		file = next;
	}
}
