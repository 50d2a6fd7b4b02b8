//! Scaling down. `image` can do that too, but looks at every pixel of the photo;
//! for a thumbnail of a large one, a few for each pixel that is made will do.

use image::{DynamicImage, GenericImageView, Rgba, RgbaImage};

/// The most pixels in each direction that are averaged to make one.
const SAMPLES_MAX: u32 = 8;

/// Scales the photo to the largest size that fits into `width` × `height`, but does not
/// enlarge it.
pub fn into_box(photo: &DynamicImage, width: u32, height: u32) -> RgbaImage {
    let (width, height) = fit(photo.dimensions(), (width, height));
    RgbaImage::from_fn(width, height, |x, y| {
        let columns = || samples(x, width, photo.width());
        let rows = samples(y, height, photo.height());
        average(rows.flat_map(|y| columns().map(move |x| photo.get_pixel(x, y))))
    })
}

fn fit((width, height): (u32, u32), (width_max, height_max): (u32, u32)) -> (u32, u32) {
    if width <= width_max && height <= height_max {
        return (width, height);
    }
    let scaled = |side: u32, from: u32, to: u32| {
        let rounded = (u64::from(side) * u64::from(to) + u64::from(from) / 2) / u64::from(from);
        u32::try_from(rounded).unwrap_or(u32::MAX).max(1)
    };
    if u64::from(width) * u64::from(height_max) > u64::from(height) * u64::from(width_max) {
        (width_max, scaled(height, width, width_max))
    } else {
        (scaled(width, height, height_max), height_max)
    }
}

/// Returns which of `from` pixels along a side are averaged to make pixel `n` of `to`.
fn samples(n: u32, to: u32, from: u32) -> impl Iterator<Item = u32> {
    let edge = |n: u32| (u64::from(n) * u64::from(from) / u64::from(to)) as u32;
    let (start, end) = (edge(n), edge(n + 1));
    (start..end).step_by((end - start).div_ceil(SAMPLES_MAX) as usize)
}

/// Returns the average colour. The more transparent a pixel is, the less it counts.
fn average(pixels: impl Iterator<Item = Rgba<u8>>) -> Rgba<u8> {
    let (mut count, mut opacity, mut colours) = (0, 0, [0; 3]);
    for Rgba([red, green, blue, alpha]) in pixels {
        let alpha = u32::from(alpha);
        count += 1;
        opacity += alpha;
        for (sum, colour) in colours.iter_mut().zip([red, green, blue]) {
            *sum += u32::from(colour) * alpha;
        }
    }
    let [red, green, blue] = colours.map(|sum| (sum / opacity.max(1)) as u8);
    Rgba([red, green, blue, (opacity / count.max(1)) as u8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longer_side_touches_the_box() {
        assert_eq!(fit((6000, 4000), (320, 320)), (320, 213));
        assert_eq!(fit((4000, 6000), (320, 320)), (213, 320));
        assert_eq!(fit((9000, 1), (320, 320)), (320, 1));
        assert_eq!(fit((30, 20), (320, 320)), (30, 20));
    }

    #[test]
    fn every_part_of_a_side_is_looked_at() {
        assert_eq!(samples(0, 4, 4).collect::<Vec<_>>(), [0]);
        assert_eq!(samples(1, 2, 7).collect::<Vec<_>>(), [3, 4, 5, 6]);
        assert_eq!(samples(1, 2, 64).collect::<Vec<_>>(), [32, 36, 40, 44, 48, 52, 56, 60]);
    }

    #[test]
    fn what_is_transparent_has_no_colour() {
        let pixels = [Rgba([255, 0, 0, 0]), Rgba([0, 0, 200, 100])];
        assert_eq!(average(pixels.into_iter()), Rgba([0, 0, 200, 50]));
    }
}
