# a program as hexadecimal bytes
$ printf 'r0 = 1\nexit\n' | anybpf asm --hex
b7 00 00 00 01 00 00 00
95 00 00 00 00 00 00 00

# bytes to a file, and back to text
$ printf 'r1 = *(u32 *)(r2 +4)\nif r1 s> 5 goto +1\nr0 = 0x123456789 ll\nexit\n' | anybpf asm -o prog.bin && anybpf disasm --raw prog.bin
   0: (61) r1 = *(u32 *)(r2 +4)
   1: (65) if r1 s> 0x5 goto pc+1
   2: (18) r0 = 0x123456789
   4: (95) exit

# llvm's form
$ anybpf disasm --raw --llvm prog.bin
   0: r1 = *(u32 *)(r2 + 0x4)
   1: if r1 s> 0x5 goto +0x1
   2: r0 = 0x123456789 ll
   4: exit

# the assembler's form gives the same bytes
$ anybpf disasm --raw --asm prog.bin | anybpf asm | cmp - prog.bin && echo same
same

# an error names line and column
$ printf 'r0 = 1\nr11 = 2\n' | anybpf asm --hex
anybpf: -: line 2, column 1: unknown register "r11"
[1]

# a missing file
$ anybpf asm nothing.s --hex
anybpf: nothing.s: No such file or directory
[1]

# binary input
$ head -c 64 /dev/zero | anybpf asm --hex
anybpf: -: this is no text
[1]

# raw bytes must be whole instructions
$ head -c 12 /dev/zero > odd.bin; anybpf disasm --raw odd.bin
anybpf: odd.bin: 12 bytes are no whole number of instructions of 8 bytes
[1]

# a program that nothing would run
$ printf 'goto +5\nexit\n' | anybpf asm --check --hex
anybpf: -: insn 0: jump out of range from insn 0 to 6
[1]

# the long form of -o
$ printf 'r0 = 1\nexit\n' | anybpf asm --output prog.bin && anybpf disasm --raw prog.bin
   0: (b7) r0 = 1
   1: (95) exit

# one function of several, with the lines of C and without
$ anybpf disasm --prog number $DATA/../elf/objects/long.bpf.c
number (section "xdp"):
; return 0x41424344; @ .*long.bpf.c:\d+ (re)
   0: (b4) w0 = 1094861636
   1: (95) exit

$ anybpf disasm --no-source --prog number $DATA/../elf/objects/long.bpf.c
number (section "xdp"):
   0: (b4) w0 = 1094861636
   1: (95) exit

$ anybpf disasm --prog none $DATA/../elf/objects/long.bpf.c
anybpf: .*long.bpf.c: there is no function 'none' (re)
[1]
