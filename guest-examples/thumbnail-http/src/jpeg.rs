//! Computes the memory that a progressive JPEG takes. Its decoder has to keep every
//! coefficient until the last scan, and no limit of `image` counts that.

/// Returns the bytes of all coefficients, or 0 if the decoder need not keep them.
pub fn coefficient_bytes(photo: &[u8]) -> u64 {
    progressive_frame(photo)
        .and_then(coefficients)
        .map_or(0, |count| count * size_of::<i16>() as u64)
}

/// Finds the header of a progressive frame, without its length.
fn progressive_frame(photo: &[u8]) -> Option<&[u8]> {
    const START_OF_SCAN: u8 = 0xda;
    const PROGRESSIVE: u8 = 0xc2;

    let mut rest = photo.get(2..)?;
    loop {
        let [0xff, marker, length @ ..] = rest else { return None };
        let length = usize::from(u16::from_be_bytes(*length.first_chunk()?));
        match *marker {
            PROGRESSIVE => return rest.get(4..2 + length),
            START_OF_SCAN => return None,
            _ => rest = rest.get(2 + length..)?,
        }
    }
}

/// Counts the coefficients: there is one for every sample of every component.
fn coefficients(frame: &[u8]) -> Option<u64> {
    let [_precision, h1, h0, w1, w0, _count, components @ ..] = frame else { return None };
    let height = u64::from(u16::from_be_bytes([*h1, *h0]));
    let width = u64::from(u16::from_be_bytes([*w1, *w0]));
    // Each component has a density of samples; the densest has every pixel.
    let densities =
        || components.chunks_exact(3).map(|of| u64::from(of[1] >> 4) * u64::from(of[1] & 15));
    let densest = densities().max()?.max(1);
    Some(width * height * densities().sum::<u64>() / densest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 16 × 8 pixels, with half as many samples of colour each way.
    const FRAME: &[u8] = b"\x08\x00\x08\x00\x10\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01";

    fn photo(marker: u8) -> Vec<u8> {
        let comment = b"\xff\xd8\xff\xfe\x00\x04hi".as_slice();
        [comment, &[0xff, marker, 0, FRAME.len() as u8 + 2], FRAME].concat()
    }

    #[test]
    fn a_progressive_photo_takes_two_bytes_a_sample() {
        assert_eq!(coefficient_bytes(&photo(0xc2)), 2 * (128 + 32 + 32));
    }

    #[test]
    fn others_take_none() {
        assert_eq!(coefficient_bytes(&photo(0xc0)), 0);
        assert_eq!(coefficient_bytes(b""), 0);
        assert_eq!(coefficient_bytes(b"\xff\xd8\xff\xc2\xff\xff"), 0);
    }
}
