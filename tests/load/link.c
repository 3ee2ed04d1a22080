/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the loader asks of an engine: an engine of its own notes each MAP_CREATE
 * and PROG_LOAD, so that linking is seen apart from any verifier.
 */
#include <errno.h>

#include "../elf/objects.h"
#include "load/object.h"

#define NOTES 32

struct note {
	enum bpf_cmd cmd;
	union bpf_attr attr;
	char value[64]; /* MAP_UPDATE_ELEM: what was written, as far as the test knows its size */
};

struct fake {
	struct engine engine;
	struct note notes[NOTES];
	u32 cnt;
	int next_fd, open_fds;
	enum bpf_cmd fail_cmd;
	int fail_code;
	u32 update_size;
};

static struct fake *fake_of(struct engine *engine)
{
	return container_of(engine, struct fake, engine);
}

static int fake_bpf(struct engine *engine, enum bpf_cmd cmd, union bpf_attr *attr, u32 size)
{
	struct fake *f = fake_of(engine);
	struct note *note = &f->notes[f->cnt < NOTES ? f->cnt++ : NOTES - 1];

	check_eq(size, sizeof(*attr));
	note->cmd = cmd;
	note->attr = *attr;
	if (cmd == BPF_MAP_UPDATE_ELEM && f->update_size)
		memcpy(note->value, u64_to_ptr(attr->value), f->update_size);
	if (f->fail_code && cmd == f->fail_cmd)
		return f->fail_code;
	if (cmd != BPF_MAP_CREATE && cmd != BPF_PROG_LOAD && cmd != BPF_BTF_LOAD)
		return 0;
	f->open_fds++;
	return f->next_fd++;
}

static int fake_close(struct engine *engine, int fd __unused)
{
	fake_of(engine)->open_fds--;
	return 0;
}

static int fake_mmap(struct engine *engine __unused, int fd __unused, u64 offset __unused,
		     size_t size __unused, bool writable __unused, void **addr __unused)
{
	return -EOPNOTSUPP;
}

static const struct engine_ops fake_ops = {
	.name = "fake",
	.bpf = fake_bpf,
	.close = fake_close,
	.mmap = fake_mmap,
};

/* A context on a fake engine and an object in it. */
struct fixture {
	struct fake fake;
	struct anybpf ctx;
	struct anybpf_object *object;
};

static bool setup(struct fixture *f, const char *object)
{
	memset(f, 0, sizeof(*f));
	if (!have_object(object))
		return false;
	f->fake.engine.ops = &fake_ops;
	f->fake.next_fd = 100;
	f->ctx = (struct anybpf){.own_mem = mem_libc, .engine = &f->fake.engine, .nr_cpus = 3};
	f->ctx.mem = &f->ctx.own_mem;
	if (anybpf_object_open(&f->ctx, object_path(object), &f->object))
		tap_fail("%s", f->ctx.err.text);
	return f->object;
}

static void teardown(struct fixture *f)
{
	anybpf_object_close(f->object);
	check_eq(f->fake.open_fds, 0);
}

/* The note of the @n-th command of its kind, or NULL. */
static const struct note *find_note(const struct fixture *f, enum bpf_cmd cmd, u32 n)
{
	for (u32 i = 0; i < f->fake.cnt; i++) {
		if (f->fake.notes[i].cmd == cmd && !n--)
			return &f->fake.notes[i];
	}
	return NULL;
}

static const struct note *find_map(const struct fixture *f, const char *name)
{
	const struct note *note;

	for (u32 i = 0; (note = find_note(f, BPF_MAP_CREATE, i)); i++) {
		if (!strcmp(note->attr.map_name, name))
			return note;
	}
	tap_fail("no map %s was created", name);
	return NULL;
}

static struct anybpf_program *load(struct fixture *f, const char *name)
{
	struct anybpf_program *prog = anybpf_object_find_program(f->object, name);

	if (!prog)
		tap_fail("no program %s", name);
	else if (object_prepare(f->object) || object_load_program(prog, 0))
		tap_fail("%s", f->ctx.err.text);
	else
		return prog;
	return NULL;
}

/* ---- linking ---- */

static const char *func_name(const struct anybpf_program *prog, u32 i)
{
	const struct btf *btf = prog->object->spec->btf;

	return btf_name(btf, btf_type_by_id(btf, prog->func_info[i].type_id));
}

/* Index of the function that starts at @insn, or -1. */
static s64 func_at(const struct anybpf_program *prog, s64 insn)
{
	for (u32 i = 0; i < prog->func_info_cnt; i++) {
		if (prog->func_info[i].insn_off == insn)
			return i;
	}
	return -1;
}

static void check_line_info(const struct anybpf_program *prog)
{
	for (u32 i = 1; i < prog->line_info_cnt; i++)
		check(prog->line_info[i].insn_off > prog->line_info[i - 1].insn_off);
	for (u32 i = 0; i < prog->func_info_cnt; i++) {
		bool found = false;

		for (u32 k = 0; k < prog->line_info_cnt; k++)
			found |= prog->line_info[k].insn_off == prog->func_info[i].insn_off;
		if (!found)
			tap_fail("%s has no line_info at its start", func_name(prog, i));
	}
}

/*
 * The functions of a linked program in order, and after each in parentheses
 * those that it refers to, in the order of its instructions.
 */
static void describe(const struct anybpf_program *prog, struct buf *out)
{
	u32 func = 0;

	for (u32 i = 0; i < prog->insn_cnt; i++) {
		const struct bpf_insn *insn = &prog->insns[i];
		bool call = insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == BPF_PSEUDO_CALL;
		bool wide = insn->code == (BPF_LD | BPF_IMM | BPF_DW);

		if (func < prog->func_info_cnt && prog->func_info[func].insn_off == i)
			buf_printf(out, "%s%s", func ? " " : "", func_name(prog, func)), func++;
		if (call || (wide && insn->src_reg == BPF_PSEUDO_FUNC)) {
			s64 target = func_at(prog, (s64)i + insn->imm + 1);

			buf_printf(out, "(%s%s)", call ? "" : "&",
				   target < 0 ? "nowhere" : func_name(prog, (u32)target));
		}
		i += wide;
	}
}

static void check_linked(struct fixture *f, const char *name, const char *want)
{
	struct anybpf_program *prog = load(f, name);
	struct buf got;

	if (!prog)
		return;
	buf_init(&got, &mem_libc);
	describe(prog, &got);
	check_str(buf_str(&got), want);
	check_line_info(prog);
	buf_free(&got);
}

static void test_functions(void)
{
	struct fixture f;

	if (!setup(&f, "calls.bpf.o"))
		return;
	check_linked(&f, "one",
		     "one(&step)(middle)(leaf)(quiet)(spare) step middle(leaf) leaf quiet spare");
	check_linked(&f, "two", "two(apart)(inside) apart(leaf) leaf inside");
	check_linked(&f, "off", "off(middle) middle(leaf) leaf");
	check_linked(&f, "not_now", "not_now");
	teardown(&f);
}

static void test_attributes(void)
{
	struct fixture f;
	const struct note *note;

	if (!setup(&f, "calls.bpf.o"))
		return;
	load(&f, "off");
	load(&f, "frags");
	load(&f, "probe");
	note = find_note(&f, BPF_PROG_LOAD, 0);
	check_str(note->attr.prog_name, "off");
	check_eq(note->attr.prog_type, BPF_PROG_TYPE_SCHED_CLS);
	check_eq(note->attr.expected_attach_type, BPF_TCX_INGRESS);
	check_str(u64_to_ptr(note->attr.license), "GPL");
	check_eq(note->attr.func_info_cnt, 3);
	check_eq(note->attr.func_info_rec_size, 8);
	check_eq(note->attr.line_info_rec_size, 16);
	check_eq(note->attr.prog_btf_fd, 100);
	check_eq(note->attr.log_level, 0);
	note = find_note(&f, BPF_PROG_LOAD, 1);
	check_eq(note->attr.prog_flags, BPF_F_XDP_HAS_FRAGS);
	check_eq(note->attr.expected_attach_type, BPF_XDP);
	note = find_note(&f, BPF_PROG_LOAD, 2);
	check_eq(note->attr.prog_type, BPF_PROG_TYPE_KPROBE);
	teardown(&f);
}

/* A function without type information takes it from the whole program. */
static void test_no_info(void)
{
	struct fixture f;
	struct anybpf_program *prog;

	if (!setup(&f, "plain.bpf.o"))
		return;
	prog = load(&f, "plain");
	check(!find_note(&f, BPF_BTF_LOAD, 0));
	check(prog && !prog->func_info_cnt && !prog->line_info_cnt);
	check_eq(find_note(&f, BPF_PROG_LOAD, 0)->attr.prog_btf_fd, 0);
	teardown(&f);
}

static u32 count_loads(const struct anybpf_program *prog, u32 src_reg, s32 fd, s32 off)
{
	u32 n = 0;

	for (u32 i = 0; i + 1 < prog->insn_cnt; i++) {
		const struct bpf_insn *insn = &prog->insns[i];

		if (insn->code != (BPF_LD | BPF_IMM | BPF_DW))
			continue;
		n += insn->src_reg == src_reg && insn->imm == fd && insn[1].imm == off;
		i++;
	}
	return n;
}

static void test_data(void)
{
	struct fixture f;
	struct anybpf_program *prog;

	if (!setup(&f, "data.bpf.o"))
		return;
	prog = load(&f, "use");
	if (prog) {
		struct anybpf_map *data = anybpf_object_find_map(f.object, ".data");
		struct anybpf_map *bss = anybpf_object_find_map(f.object, ".bss.more");

		check_eq(count_loads(prog, BPF_PSEUDO_MAP_VALUE, data->fd, 0), 1);
		check_eq(count_loads(prog, BPF_PSEUDO_MAP_VALUE, data->fd, 20), 1);
		check_eq(count_loads(prog, BPF_PSEUDO_MAP_VALUE, data->fd, 24), 1);
		check_eq(count_loads(prog, BPF_PSEUDO_MAP_VALUE, bss->fd, 0), 1);
		check_eq(find_note(&f, BPF_PROG_LOAD, 0)->attr.kern_version, 7);
	}
	/* .bss is zero as it is; both kinds of .rodata are frozen. */
	check(find_note(&f, BPF_MAP_UPDATE_ELEM, 4));
	check(!find_note(&f, BPF_MAP_UPDATE_ELEM, 5));
	check(find_note(&f, BPF_MAP_FREEZE, 1));
	check(!find_note(&f, BPF_MAP_FREEZE, 2));
	teardown(&f);
}

static void test_data_names(void)
{
	struct fixture f;
	const struct note *note;
	const struct btf *btf;

	if (!setup(&f, "data.bpf.o"))
		return;
	check(!object_prepare(f.object));
	btf = f.object->spec->btf;
	note = find_map(&f, "data.data");
	check_eq(note->attr.btf_key_type_id, 0);
	check_str(btf_name(btf, btf_type_by_id(btf, note->attr.btf_value_type_id)), ".data");
	check_eq(btf_type_by_id(btf, note->attr.btf_value_type_id)->size, note->attr.value_size);
	check_eq(find_map(&f, "data.rodata")->attr.map_flags, BPF_F_RDONLY_PROG | BPF_F_MMAPABLE);
	check_eq(find_map(&f, "data.bss")->attr.map_flags, BPF_F_MMAPABLE);
	find_map(&f, ".rodata.more");
	find_map(&f, ".data.private");
	teardown(&f);
}

/* The name of data maps: at most 8 bytes of the object's. */
static void test_long_name(void)
{
	struct fixture f;
	size_t size = 0;
	u8 *data;

	if (!setup(&f, "run.bpf.o"))
		return;
	teardown(&f);
	data = read_object(object_path("run.bpf.o"), &size);
	check(!anybpf_object_open_mem(&f.ctx, data, size, "/some/where/long-name_of.bpf.o",
				      &f.object));
	free(data);
	check_str(f.object->name, "long-name_of");
	check(!object_prepare(f.object));
	find_map(&f, "long_nam.bss");
	find_map(&f, "long_nam.rodata");
	check(anybpf_object_find_map(f.object, "long_nam.bss") ==
	      anybpf_object_find_map(f.object, ".bss"));
	teardown(&f);
}

static void test_map_attributes(void)
{
	struct fixture f;
	const struct note *note;

	if (!setup(&f, "run.bpf.o"))
		return;
	f.fake.update_size = 4;
	check(!anybpf_map_set_max_entries(anybpf_object_find_map(f.object, "counts"), 9));
	check(!anybpf_object_load(f.object));
	check_eq(anybpf_map_set_max_entries(anybpf_object_find_map(f.object, "counts"), 9),
		 (u64)-EBUSY);
	note = find_map(&f, "counts");
	check_eq(note->attr.max_entries, 9);
	check_eq(note->attr.btf_fd, 100);
	check(note->attr.btf_key_type_id && note->attr.btf_value_type_id);
	/* The programs' array last, when the programs are there. */
	note = &f.fake.notes[f.fake.cnt - 1];
	check_eq(note->cmd, BPF_MAP_UPDATE_ELEM);
	check_eq(note->attr.map_fd, (u32)anybpf_object_find_map(f.object, "jumps")->fd);
	check_eq(*(const u32 *)(const void *)note->value,
		 (u32)anybpf_program_fd(anybpf_object_find_program(f.object, "drop")));
	/* SEC("?xdp") is left out. */
	check_eq((u32)anybpf_program_fd(anybpf_object_find_program(f.object, "bad")), UINT32_MAX);
	teardown(&f);
}

/* ---- refusals ---- */

static void check_refused(struct fixture *f, const char *name, int code, const char *want)
{
	struct anybpf_program *prog = anybpf_object_find_program(f->object, name);
	int ret = object_prepare(f->object);

	if (ret) {
		tap_fail("%s", f->ctx.err.text);
		return;
	}
	ret = object_load_program(prog, 0);
	check_eq(ret, code);
	check_eq(prog->load_error, code);
	check(prog->fd < 0);
	check_str(f->ctx.err.text, want);
}

static void test_externs(void)
{
	struct fixture f;
	struct anybpf_program *prog;

	if (!setup(&f, "externs.bpf.o"))
		return;
	check_refused(&f, "strong_call", -EOPNOTSUPP,
		      "externs: program \"strong_call\": instruction 1 of function "
		      "\"strong_call\": kernel function \"bpf_strong_kfunc\" is not supported yet");
	check_refused(&f, "strong_variable", -EOPNOTSUPP,
		      "externs: program \"strong_variable\": instruction 0 of function "
		      "\"strong_variable\": extern variable \"strong_symbol\" is not supported "
		      "yet");
	check_refused(&f, "config", -EOPNOTSUPP,
		      "externs: program \"config\": instruction 0 of function \"config\": extern "
		      "variable \"LINUX_KERNEL_VERSION\" is not supported yet");
	/* What is weak is missing. */
	prog = load(&f, "weak_variable");
	check(prog && count_loads(prog, 0, 0, 0) == 1);
	prog = load(&f, "weak_call");
	check(prog && count_loads(prog, 0, 0, 0) == 1);
	for (u32 i = 0; prog && i < prog->insn_cnt; i++) {
		if (prog->insns[i].code == (BPF_JMP | BPF_CALL))
			check(!prog->insns[i].src_reg && prog->insns[i].imm == 2002000000);
	}
	teardown(&f);
}

static void test_core(void)
{
	struct fixture f;
	struct anybpf_program *prog;

	if (!setup(&f, "core.bpf.o"))
		return;
	/* Not the user engine: the records go along, in bytes of the linked program. */
	prog = load(&f, "fields");
	check(prog && prog->core_relo_cnt == 3);
	for (u32 i = 0; prog && i < prog->core_relo_cnt; i++)
		check(prog->core_relos[i].insn_off / 8 < prog->insn_cnt);
	prog = load(&f, "local");
	check(prog && prog->core_relo_cnt == 0);
	teardown(&f);
}

static void test_refusals(void)
{
	struct fixture f;

	if (!setup(&f, "calls.bpf.o"))
		return;
	check_refused(&f, "stray", -EINVAL,
		      "calls: program \"stray\": the section's name \"no_such_type\" is not known");
	f.fake.fail_cmd = BPF_PROG_LOAD;
	f.fake.fail_code = -EACCES;
	check_refused(&f, "one", -EACCES, "calls: program \"one\" is rejected: Permission denied");
	teardown(&f);
	if (!setup(&f, "maps.bpf.o"))
		return;
	check_eq(object_prepare(f.object), (u64)-EOPNOTSUPP);
	check_str(f.ctx.err.text,
		  "maps: map \"wide\": the arena cannot be mapped: Operation not supported");
	teardown(&f);
	if (!setup(&f, "run.bpf.o"))
		return;
	f.fake.fail_cmd = BPF_MAP_CREATE;
	f.fake.fail_code = -E2BIG;
	check_eq(object_prepare(f.object), (u64)-E2BIG);
	check_str(
		f.ctx.err.text,
		"run: map \"jumps\" (prog_array, key 4 bytes, value 4 bytes, 1 entries, flags 0x0) "
		"cannot be created: Argument list too long");
	teardown(&f);
}

static void test_foreign(void)
{
	struct fixture f;

	if (!setup(&f, "data.foreign.o"))
		return;
	check_eq(object_prepare(f.object), (u64)-EOPNOTSUPP);
	check(strstr(f.ctx.err.text, "-endian object cannot be loaded on this "));
	teardown(&f);
}

int main(void)
{
	run_test(test_functions);
	run_test(test_attributes);
	run_test(test_no_info);
	run_test(test_data);
	run_test(test_data_names);
	run_test(test_long_name);
	run_test(test_map_attributes);
	run_test(test_externs);
	run_test(test_core);
	run_test(test_refusals);
	run_test(test_foreign);
	return tap_done();
}
