/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * anybpf btf dump: the types of an object, of a file of raw BTF, or of the
 * user engine's own kernel, in the words of `bpftool btf dump`.
 */
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "btf/btf.h"
#include "elf/spec.h"
#include "kernel/btf.h"
#include "tool.h"

static const char *const kind_names[BTF_KINDS] = {
	[BTF_KIND_INT] = "INT",
	[BTF_KIND_PTR] = "PTR",
	[BTF_KIND_ARRAY] = "ARRAY",
	[BTF_KIND_STRUCT] = "STRUCT",
	[BTF_KIND_UNION] = "UNION",
	[BTF_KIND_ENUM] = "ENUM",
	[BTF_KIND_FWD] = "FWD",
	[BTF_KIND_TYPEDEF] = "TYPEDEF",
	[BTF_KIND_VOLATILE] = "VOLATILE",
	[BTF_KIND_CONST] = "CONST",
	[BTF_KIND_RESTRICT] = "RESTRICT",
	[BTF_KIND_FUNC] = "FUNC",
	[BTF_KIND_FUNC_PROTO] = "FUNC_PROTO",
	[BTF_KIND_VAR] = "VAR",
	[BTF_KIND_DATASEC] = "DATASEC",
	[BTF_KIND_FLOAT] = "FLOAT",
	[BTF_KIND_DECL_TAG] = "DECL_TAG",
	[BTF_KIND_TYPE_TAG] = "TYPE_TAG",
	[BTF_KIND_ENUM64] = "ENUM64",
};

static const char *shown(const struct btf *btf, u32 off)
{
	const char *name = btf_str(btf, off);

	return *name ? name : "(anon)";
}

static const char *linkage(u32 value)
{
	static const char *const names[] = {"static", "global", "extern"};

	return value < ARRAY_SIZE(names) ? names[value] : "(unknown)";
}

static void print_int(const struct btf_type *t)
{
	u32 encoding = btf_int_encoding(t);

	printf(" size=%u bits_offset=%u nr_bits=%u encoding=%s", t->size, btf_int_offset(t),
	       btf_int_bits(t),
	       encoding & BTF_INT_SIGNED ? "SIGNED"
	       : encoding & BTF_INT_CHAR ? "CHAR"
	       : encoding & BTF_INT_BOOL ? "BOOL"
					 : "(none)");
}

static void print_members(const struct btf *btf, const struct btf_type *t)
{
	const struct btf_member *m = btf_tail(t);

	printf(" size=%u vlen=%u", t->size, btf_vlen(t));
	for (u32 i = 0; i < btf_vlen(t); i++) {
		u32 bits = btf_member_bitfield_size(t, i);

		printf("\n\t'%s' type_id=%u bits_offset=%u", shown(btf, m[i].name_off), m[i].type,
		       btf_member_bit_offset(t, i));
		if (bits)
			printf(" bitfield_size=%u", bits);
	}
}

static void print_enum(const struct btf *btf, const struct btf_type *t)
{
	bool is_signed = btf_kflag(t), wide = btf_kind(t) == BTF_KIND_ENUM64;
	const struct btf_enum *small = btf_tail(t);
	const struct btf_enum64 *large = btf_tail(t);

	printf(" encoding=%s size=%u vlen=%u", is_signed ? "SIGNED" : "UNSIGNED", t->size,
	       btf_vlen(t));
	for (u32 i = 0; i < btf_vlen(t); i++) {
		u64 value =
			wide ? large[i].val_lo32 | (u64)large[i].val_hi32 << 32 : (u64)small[i].val;
		u32 name = wide ? large[i].name_off : small[i].name_off;

		printf("\n\t'%s' val=", shown(btf, name));
		if (is_signed)
			printf("%lld%s", (long long)value, wide ? "LL" : "");
		else
			printf("%llu%s", (unsigned long long)(wide ? value : (u32)value),
			       wide ? "ULL" : "");
	}
}

static void print_proto(const struct btf *btf, const struct btf_type *t)
{
	const struct btf_param *p = btf_tail(t);

	printf(" ret_type_id=%u vlen=%u", t->type, btf_vlen(t));
	for (u32 i = 0; i < btf_vlen(t); i++)
		printf("\n\t'%s' type_id=%u", shown(btf, p[i].name_off), p[i].type);
}

static void print_datasec(const struct btf *btf, const struct btf_type *t)
{
	const struct btf_var_secinfo *info = btf_tail(t);

	printf(" size=%u vlen=%u", t->size, btf_vlen(t));
	for (u32 i = 0; i < btf_vlen(t); i++)
		printf("\n\ttype_id=%u offset=%u size=%u (VAR '%s')", info[i].type, info[i].offset,
		       info[i].size, btf_name(btf, btf_type_by_id(btf, info[i].type)));
}

static void print_type(const struct btf *btf, u32 id)
{
	const struct btf_type *t = btf_type_by_id(btf, id);
	const struct btf_array *array = btf_tail(t);

	printf("[%u] %s '%s'", id, kind_names[btf_kind(t)], shown(btf, t->name_off));
	switch (btf_kind(t)) {
	case BTF_KIND_INT:
		print_int(t);
		break;
	case BTF_KIND_ARRAY:
		printf(" type_id=%u index_type_id=%u nr_elems=%u", array->type, array->index_type,
		       array->nelems);
		break;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		print_members(btf, t);
		break;
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		print_enum(btf, t);
		break;
	case BTF_KIND_FWD:
		printf(" fwd_kind=%s", btf_kflag(t) ? "union" : "struct");
		break;
	case BTF_KIND_FUNC:
		printf(" type_id=%u linkage=%s", t->type, linkage(btf_vlen(t)));
		break;
	case BTF_KIND_FUNC_PROTO:
		print_proto(btf, t);
		break;
	case BTF_KIND_VAR:
		printf(" type_id=%u, linkage=%s", t->type,
		       linkage(((const struct btf_var *)btf_tail(t))->linkage));
		break;
	case BTF_KIND_DATASEC:
		print_datasec(btf, t);
		break;
	case BTF_KIND_FLOAT:
		printf(" size=%u", t->size);
		break;
	case BTF_KIND_DECL_TAG:
		printf(" type_id=%u component_idx=%d", t->type,
		       ((const struct btf_decl_tag *)btf_tail(t))->component_idx);
		break;
	default:
		printf(" type_id=%u", t->type);
	}
	putchar('\n');
}

static void print_all(const struct btf *btf)
{
	for (u32 id = 1; id < btf_type_cnt(btf); id++)
		print_type(btf, id);
}

/* ---- where types come from ---- */

static int dump_raw(const void *data, size_t size, const char *name)
{
	struct err err = {0};
	struct btf *btf;
	int ret = btf_parse(&mem_libc, data, size, NULL, &btf, NULL, &err);

	if (ret) {
		complain("%s: %s", name, err.text[0] ? err.text : strerror(-ret));
		return EXIT_FAILED;
	}
	print_all(btf);
	btf_free(btf);
	return EXIT_OK;
}

static int dump_object(const struct buf *file, const char *name)
{
	struct spec *spec;
	struct err err;

	if (spec_parse(&mem_libc, file->data, file->len, name, &spec, &err)) {
		complain("%s", err.text);
		return EXIT_FAILED;
	}
	if (spec->btf)
		print_all(spec->btf);
	else
		complain("%s: there is no BTF", name);
	return spec->btf ? (spec_free(spec), EXIT_OK) : (spec_free(spec), EXIT_FAILED);
}

static int dump_file(const char *name)
{
	struct buf file;
	int ret;

	buf_init(&file, &mem_libc);
	ret = read_file(name, &file);
	if (ret) {
		complain("%s: %s", name, strerror(-ret));
		ret = EXIT_FAILED;
	} else if (file.len > 4 && !memcmp(file.data,
					   "\x7f"
					   "ELF",
					   4)) {
		ret = dump_object(&file, name);
	} else {
		ret = dump_raw(file.data, file.len, name);
	}
	buf_free(&file);
	return ret;
}

static int dump_host(void)
{
	if (kernel_btf_size)
		return dump_raw(kernel_btf_data, kernel_btf_size, "host");
	complain("this anybpf was built without clang, which makes the BTF of its kernel");
	return EXIT_FAILED;
}

static const char options_help[] = HELP_HELP;

static const struct option long_options[] = {
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

int command_btf(int argc, char **argv)
{
	int option = getopt_long(argc, argv, "h", long_options, NULL);

	if (option == 'h')
		return command_help("btf", options_help);
	if (option != -1)
		return usage_error("btf", "there is no such option");
	if (argc - optind < 2 || strcmp(argv[optind], "dump"))
		return usage_error("btf", "'dump' and what are needed");
	if (argc - optind == 4 && !strcmp(argv[optind + 2], "format")) {
		if (!strcmp(argv[optind + 3], "c"))
			return usage_error("btf", "format c is not there yet, only raw");
		if (strcmp(argv[optind + 3], "raw"))
			return usage_error("btf", "unknown format '%s'", argv[optind + 3]);
	} else if (argc - optind != 2) {
		return usage_error("btf", "unexpected argument '%s'", argv[optind + 2]);
	}
	if (!strcmp(argv[optind + 1], "host"))
		return dump_host();
	return dump_file(argv[optind + 1]);
}
