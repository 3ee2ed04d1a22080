/* SPDX-License-Identifier: BSD-2-Clause */
/* anybpf asm: text to instructions, as bytes or as a listing. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "helper/helper.h"
#include "isa/asm.h"
#include "isa/isa.h"
#include "tool.h"

struct asm_command {
	const char *file; /* "-": standard input */
	const char *out;  /* NULL: standard output */
	bool hex;
	bool check;
};

static int id_of_helper(void *ctx __unused, const char *name)
{
	return helper_id_by_name(name);
}

static int write_insns(const struct asm_command *opts, const struct bpf_insn *insns, u32 cnt)
{
	FILE *file = opts->out ? fopen(opts->out, opts->hex ? "w" : "wb") : stdout;
	const u8 *bytes = (const u8 *)insns;
	bool failed;

	if (!file) {
		complain("%s: %s", opts->out, strerror(errno));
		return EXIT_FAILED;
	}
	if (!opts->hex) {
		fwrite(insns, sizeof(*insns), cnt, file);
	} else {
		for (size_t i = 0; i < cnt * sizeof(*insns); i++)
			fprintf(file, "%02x%c", bytes[i], i % 8 == 7 ? '\n' : ' ');
	}
	failed = fflush(file) || ferror(file);
	if (file != stdout && fclose(file))
		failed = true;
	if (failed)
		complain("%s: cannot write: %s", opts->out ? opts->out : "standard output",
			 strerror(errno));
	return failed ? EXIT_FAILED : EXIT_OK;
}

/* Text that is well-formed may still be no program: the rest of what can be said without running.
 */
static int check_insns(const struct asm_command *opts, const struct bpf_insn *insns, u32 cnt)
{
	struct isa_error error;

	if (!isa_check(insns, cnt, &error))
		return EXIT_OK;
	complain("%s: insn %u: %s", opts->file, error.insn, error.text);
	return EXIT_FAILED;
}

static int assemble(const struct asm_command *opts, const char *text)
{
	const struct asm_options options = {.helper_id = id_of_helper};
	struct bpf_insn *insns = NULL;
	struct err err = {0};
	u32 cnt;
	int ret;

	if (isa_assemble(&mem_libc, text, &options, &insns, &cnt, &err)) {
		complain("%s: %s", opts->file, err.text);
		return EXIT_FAILED;
	}
	ret = opts->check ? check_insns(opts, insns, cnt) : EXIT_OK;
	if (!ret)
		ret = write_insns(opts, insns, cnt);
	mem_free(&mem_libc, insns);
	return ret;
}

static const char options_help[] =
	"  -o, --output OUT  write there instead of to standard output\n"
	"  --hex             a line of hexadecimal bytes per instruction instead of bytes\n"
	"  --check           refuse what Linux's verifier would not even look at\n"
	"  --help            print this\n"
	"\n"
	"FILE holds one instruction a line, in the form of the kernel's verifier log or of\n"
	"llvm-objdump; without FILE, or with \"-\", standard input is read.\n";

enum { OPT_CHECK = 1000 };

static const struct option long_options[] = {
	{"output", required_argument, NULL, 'o'},
	{"hex", no_argument, NULL, OPT_HEX},
	{"check", no_argument, NULL, OPT_CHECK},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

int command_asm(int argc, char **argv)
{
	struct asm_command opts = {.file = "-"};
	struct buf text;
	int option, ret;

	while ((option = getopt_long(argc, argv, "ho:", long_options, NULL)) != -1) {
		switch (option) {
		case 'h':
			return command_help("asm", options_help);
		case 'o':
			opts.out = optarg;
			break;
		case OPT_HEX:
			opts.hex = true;
			break;
		case OPT_CHECK:
			opts.check = true;
			break;
		default: /* getopt has said what is wrong */
			fputs("Try 'anybpf asm --help'.\n", stderr);
			return EXIT_USAGE;
		}
	}
	if (optind < argc)
		opts.file = one_file("asm", argc, argv);
	if (!opts.file)
		return EXIT_USAGE;
	if (!opts.out && !opts.hex && isatty(STDOUT_FILENO))
		return usage_error("asm", "bytes are not for a terminal; use --output or --hex");
	buf_init(&text, &mem_libc);
	ret = read_file(opts.file, &text);
	if (ret) {
		complain("%s: %s", opts.file, strerror(-ret));
		ret = EXIT_FAILED;
	} else if (memchr(buf_str(&text), 0, text.len)) {
		complain("%s: this is no text", opts.file);
		ret = EXIT_FAILED;
	} else {
		ret = assemble(&opts, buf_str(&text));
	}
	buf_free(&text);
	return ret;
}
