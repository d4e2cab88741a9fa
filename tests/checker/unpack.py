"""What a Kafka batch may be packed with and Python's own library does not know: LZ4 frames and Snappy blocks,
decoded in plain Python, and Zstandard frames, by way of libzstd, which is there wherever a Kafka client is.

SPDX-License-Identifier: Apache-2.0
"""

import ctypes
import struct


def lz4_frame(data):
    """The content of one LZ4 frame. Checksums are passed over: TCP and the broker's own CRC cover them."""
    if data[:4] != b"\x04\x22\x4d\x18":
        raise ValueError("no LZ4 frame")
    flags = data[4]
    at = 6 + (8 if flags & 8 else 0) + (4 if flags & 1 else 0) + 1
    out = bytearray()
    while True:
        size, = struct.unpack_from("<I", data, at)
        at += 4
        if size == 0:
            return bytes(out)
        block = data[at:at + (size & 0x7fffffff)]
        at += len(block) + (4 if flags & 16 else 0)
        if size >> 31:
            out += block
        else:
            lz4_block(block, out)


def lz4_length(block, at, nibble):
    if nibble == 15:
        while True:
            byte = block[at]
            at += 1
            nibble += byte
            if byte != 255:
                break
    return nibble, at


def lz4_block(block, out):
    """Appends a block's content to `out`, which holds what it may refer back to."""
    at = 0
    while True:
        token = block[at]
        size, at = lz4_length(block, at + 1, token >> 4)
        out += block[at:at + size]
        at += size
        if at >= len(block):
            return
        back = block[at] | block[at + 1] << 8
        size, at = lz4_length(block, at + 2, token & 15)
        copy(out, back, size + 4)


def copy(out, back, size):
    """Repeats `size` bytes from `back` bytes ago; the two may overlap."""
    if back == 0 or back > len(out):
        raise ValueError("reference before the start")
    start = len(out) - back
    if back >= size:
        out += out[start:start + size]
        return
    piece = bytes(out[start:])
    out += (piece * (size // back + 1))[:size]


def snappy(data):
    """A Snappy block, or the framing that Java clients put around several."""
    if data[:8] != b"\x82SNAPPY\x00":
        return snappy_block(data)
    at = 16
    out = b""
    while at < len(data):
        size, = struct.unpack_from(">I", data, at)
        out += snappy_block(data[at + 4:at + 4 + size])
        at += 4 + size
    return out


def snappy_block(data):
    at = 0
    while data[at] > 127:
        at += 1
    at += 1
    out = bytearray()
    while at < len(data):
        tag = data[at]
        at += 1
        if tag & 3 == 0:
            size = tag >> 2
            if size >= 60:
                width = size - 59
                size = int.from_bytes(data[at:at + width], "little")
                at += width
            out += data[at:at + size + 1]
            at += size + 1
        elif tag & 3 == 1:
            copy(out, (tag >> 5) << 8 | data[at], (tag >> 2 & 7) + 4)
            at += 1
        else:
            width = 2 if tag & 3 == 2 else 4
            copy(out, int.from_bytes(data[at:at + width], "little"), (tag >> 2) + 1)
            at += width
    return bytes(out)


class ZstdBuffer(ctypes.Structure):
    """ZSTD_inBuffer and ZSTD_outBuffer."""
    _fields_ = [("data", ctypes.c_void_p), ("size", ctypes.c_size_t), ("at", ctypes.c_size_t)]


def libzstd():
    """The library. Raises OSError where it is missing."""
    library = ctypes.CDLL("libzstd.so.1")
    library.ZSTD_createDStream.restype = ctypes.c_void_p
    library.ZSTD_freeDStream.argtypes = [ctypes.c_void_p]
    library.ZSTD_decompressStream.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
    library.ZSTD_decompressStream.restype = ctypes.c_size_t
    library.ZSTD_isError.argtypes = [ctypes.c_size_t]
    return library


def zstd_frame(data):
    """The content of one Zstandard frame, whose size it need not tell."""
    library = libzstd()
    stream = library.ZSTD_createDStream()
    piece = ctypes.create_string_buffer(1 << 17)
    source = ZstdBuffer(ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p), len(data), 0)
    out = bytearray()
    try:
        while True:
            target = ZstdBuffer(ctypes.cast(piece, ctypes.c_void_p), len(piece), 0)
            left = library.ZSTD_decompressStream(stream, ctypes.byref(target), ctypes.byref(source))
            if library.ZSTD_isError(left):
                raise ValueError("no Zstandard frame")
            out += piece.raw[:target.at]
            if left == 0:
                return bytes(out)
            if source.at == source.size and target.at < target.size:
                raise ValueError("a Zstandard frame that is cut")
    finally:
        library.ZSTD_freeDStream(stream)
