# SPDX-License-Identifier: BSD-2-Clause
"""One BTF of a kernel's and its modules', as if the modules were built in.

A module's BTF goes on where the kernel's ends: its type ids and string offsets follow the
kernel's. So the first module fits behind the kernel as it is, and the others are moved.
"""
import struct

HEADER = struct.Struct("<HBBIIIII")
KIND_INT, KIND_PTR, KIND_ARRAY, KIND_STRUCT, KIND_UNION, KIND_ENUM = 1, 2, 3, 4, 5, 6
KIND_FUNC_PROTO, KIND_VAR, KIND_DATASEC, KIND_DECL_TAG, KIND_ENUM64 = 13, 14, 15, 17, 19
# Kinds whose third word is a type: PTR, TYPEDEF, VOLATILE, CONST, RESTRICT, FUNC, FUNC_PROTO, VAR, DECL_TAG, TYPE_TAG.
REFER = {2, 8, 9, 10, 11, 12, 13, 14, 17, 18}
# What follows the three words, once or for each member: n a name, t a type, - neither.
ONCE = {KIND_INT: "-", KIND_ARRAY: "tt-", KIND_VAR: "-", KIND_DECL_TAG: "-"}
EACH = {KIND_STRUCT: "nt-", KIND_UNION: "nt-", KIND_ENUM: "n-", KIND_FUNC_PROTO: "nt", KIND_DATASEC: "t--",
        KIND_ENUM64: "n--"}


def parse(data):
    """(types, strings) of raw BTF."""
    magic, _, _, header, type_off, type_len, str_off, str_len = HEADER.unpack_from(data)
    if magic != 0xeb9f:
        raise ValueError("not little-endian BTF")
    return data[header + type_off:header + type_off + type_len], data[header + str_off:header + str_off + str_len]


def walk(types):
    """Yields (word index, what it is: n, t or -) of every word, and None after each type."""
    words = struct.unpack(f"<{len(types) // 4}I", types)
    i = 0
    while i < len(words):
        kind, members = words[i + 1] >> 24 & 0x1f, words[i + 1] & 0xffff
        layout = "n-" + ("t" if kind in REFER else "-") + ONCE.get(kind, "") + EACH.get(kind, "") * members
        for what in layout:
            yield i, what
            i += 1
        yield None, None


def count(types):
    return sum(i is None for i, _ in walk(types))


def moved(types, first_id, id_shift, first_str, str_shift):
    """The types with what they say of the module's own moved up."""
    words = list(struct.unpack(f"<{len(types) // 4}I", types))
    for i, what in walk(types):
        if what == "t" and words[i] >= first_id:
            words[i] += id_shift
        elif what == "n" and words[i] >= first_str:
            words[i] += str_shift
    return struct.pack(f"<{len(words)}I", *words)


def merge(kernel, modules):
    """Raw BTF of the kernel's and the modules', each of which was made against the kernel's."""
    types, strings = parse(kernel)
    first_id, first_str = count(types) + 1, len(strings)
    next_id, parts, texts = first_id, [types], [strings]
    for module in modules:
        more, text = parse(module)
        parts.append(moved(more, first_id, next_id - first_id, first_str, sum(map(len, texts)) - first_str))
        texts.append(text)
        next_id += count(more)
    types, strings = b"".join(parts), b"".join(texts)
    return HEADER.pack(0xeb9f, 1, 0, HEADER.size, 0, len(types), len(types), len(strings)) + types + strings
