"""Photos as PNG, without machine code: of 8 bits, in grey or colours, with or without transparency."""

import struct
import zlib
from dataclasses import dataclass

SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Bytes of a pixel by the type of its colours.
CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}
# Most pixels that are read: what fits into the memory of the function.
PIXELS_MAX = 4_000_000


@dataclass
class PNG:
    width: int
    height: int
    colours: int
    rows: list

    @classmethod
    def read(cls, content):
        if not content.startswith(SIGNATURE):
            raise ValueError("no PNG")
        chunks, at = {}, len(SIGNATURE)
        while at + 8 <= len(content):
            size, name = struct.unpack_from(">I4s", content, at)
            chunks[name] = chunks.get(name, b"") + content[at + 8:at + 8 + size]
            at += size + 12
        width, height, depth, colours, _, _, interlaced = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
        if depth != 8 or colours not in CHANNELS or interlaced or width * height > PIXELS_MAX:
            raise ValueError("no PNG of 8 bits a colour, or a large one")
        step = CHANNELS[colours]
        data = zlib.decompressobj().decompress(chunks[b"IDAT"], height * (width * step + 1))
        return cls(width, height, colours, list(unfiltered(data, width * step, height, step)))

    def scaled(self, width):
        """At most so wide: each pixel is the mean of those that it is of."""
        if self.width <= width:
            return self
        step, height = CHANNELS[self.colours], max(1, self.height * width // self.width)
        columns = [(x * self.width // width, (x + 1) * self.width // width) for x in range(width)]
        rows = []
        for y in range(height):
            part = self.rows[y * self.height // height:max((y + 1) * self.height // height, y * self.height // height + 1)]
            row = bytearray()
            for left, right in columns:
                for channel in range(step):
                    values = [sum(line[left * step + channel:right * step:step]) for line in part]
                    row.append(sum(values) // ((right - left) * len(part)))
            rows.append(row)
        return PNG(width, height, self.colours, rows)

    def written(self):
        header = struct.pack(">IIBBBBB", self.width, self.height, 8, self.colours, 0, 0, 0)
        data = zlib.compress(b"".join(b"\0" + row for row in self.rows))
        chunks = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
        return SIGNATURE + b"".join(
            struct.pack(">I", len(chunk)) + name + chunk + struct.pack(">I", zlib.crc32(name + chunk))
            for name, chunk in chunks)


def unfiltered(data, size, height, step):
    """The rows as they were before they were filtered, which compresses better."""
    above = bytearray(size)
    for y in range(height):
        start = y * (size + 1)
        kind, row = data[start], bytearray(data[start + 1:start + 1 + size])
        if len(row) != size or kind > 4:
            raise ValueError("a PNG that is broken off")
        for x in range(size):
            left = row[x - step] if x >= step else 0
            corner = above[x - step] if x >= step else 0
            if kind == 1:
                row[x] = (row[x] + left) & 255
            elif kind == 2:
                row[x] = (row[x] + above[x]) & 255
            elif kind == 3:
                row[x] = (row[x] + (left + above[x]) // 2) & 255
            elif kind == 4:
                row[x] = (row[x] + nearest(left, above[x], corner)) & 255
        yield row
        above = row


def nearest(left, up, corner):
    """Which of the three is nearest to what they say together."""
    to_left, to_up, to_corner = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
    if to_left <= to_up and to_left <= to_corner:
        return left
    return up if to_up <= to_corner else corner
