"""SipHash-1-3 with 64 bits of output: "hash" of README.md."""

import struct

WORD = (1 << 64) - 1
START = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)


def siphash13(key, data):
    k0, k1 = struct.unpack("<QQ", key)
    state = tuple(word ^ k for word, k in zip(START, (k0, k1, k0, k1)))
    padded = data + bytes(-(len(data) + 1) % 8) + bytes([len(data) & 0xFF])
    for (word,) in struct.iter_unpack("<Q", padded):
        v0, v1, v2, v3 = state
        v0, v1, v2, v3 = _round(v0, v1, v2, v3 ^ word)
        state = (v0 ^ word, v1, v2, v3)
    v0, v1, v2, v3 = state
    state = (v0, v1, v2 ^ 0xFF, v3)
    for _ in range(3):
        state = _round(*state)
    return state[0] ^ state[1] ^ state[2] ^ state[3]


def _round(v0, v1, v2, v3):
    v0 = v0 + v1 & WORD
    v1 = _rotated(v1, 13) ^ v0
    v0 = _rotated(v0, 32)
    v2 = v2 + v3 & WORD
    v3 = _rotated(v3, 16) ^ v2
    v0 = v0 + v3 & WORD
    v3 = _rotated(v3, 21) ^ v0
    v2 = v2 + v1 & WORD
    v1 = _rotated(v1, 17) ^ v2
    v2 = _rotated(v2, 32)
    return v0, v1, v2, v3


def _rotated(word, bits):
    return (word << bits | word >> 64 - bits) & WORD
