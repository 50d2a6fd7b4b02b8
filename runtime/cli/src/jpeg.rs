//! The size of a JPEG image, read from its header.

/// Width and height in pixels; `None` if `bytes` is no JPEG image.
pub(crate) fn dimensions(bytes: &[u8]) -> Option<(u16, u16)> {
    let mut rest = bytes.strip_prefix(&[0xff, 0xd8])?;
    loop {
        let [0xff, marker, ..] = rest else { return None };
        let (marker, after) = (*marker, &rest[2..]);
        match marker {
            // Any number of fill bytes may stand before a marker.
            0xff => rest = &rest[1..],
            // Markers without a segment.
            0x01 | 0xd0..=0xd7 => rest = after,
            // A frame header. 0xc4, 0xc8 and 0xcc lie between but are others.
            0xc0..=0xcf if ![0xc4, 0xc8, 0xcc].contains(&marker) => {
                let [_, _, _precision, h1, h0, w1, w0, ..] = after else { return None };
                return Some((u16::from_be_bytes([*w1, *w0]), u16::from_be_bytes([*h1, *h0])));
            }
            // The image data begins, or ends, without a frame header.
            0xd9 | 0xda => return None,
            _ => {
                let [l1, l0, ..] = after else { return None };
                let length = usize::from(u16::from_be_bytes([*l1, *l0]));
                rest = after.get(length.max(2)..)?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_header_is_found_behind_other_segments() {
        let mut image = vec![0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xff, 0xc4, 0, 3, 9];
        assert_eq!(dimensions(&image), None);
        image.extend([0xff, 0xc2, 0, 17, 8, 1, 0xab, 2, 0x80]);
        assert_eq!(dimensions(&image), Some((640, 427)));
    }

    #[test]
    fn other_bytes_are_no_image() {
        for bytes in
            [&b""[..], b"\xff\xd8", b"\xff\xd8\xff\xd9", b"GIF89a", b"\xff\xd8\xff\xe0\xff"]
        {
            assert_eq!(dimensions(bytes), None);
        }
    }
}
