//! Makes a thumbnail of a photo.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use crate::http::Refusal;
use crate::{jpeg, scale};

/// The most bytes that the pixels and the decoder's own memory may take. They suffice for
/// 24 megapixels of RGBA.
const DECODE_BYTES_MAX: u64 = 92 << 20;

const JPEG_QUALITY: u8 = 82;

/// Makes a picture of at most `width` × `height` pixels. Its media type is JPEG, or PNG if
/// the photo has transparent parts.
pub fn make(photo: Vec<u8>, width: u32, height: u32) -> Result<(&'static str, Vec<u8>), Refusal> {
    let (photo, orientation) = decode(photo)?;
    // A photo that lies on its side has to fit the box after it is turned.
    let (width, height) = if on_its_side(orientation) { (height, width) } else { (width, height) };
    let opaque = !photo.color().has_alpha();
    let mut picture = DynamicImage::from(scale::into_box(&photo, width, height));
    drop(photo);
    picture.apply_orientation(orientation);
    encode(picture, opaque).map_err(|error| Refusal::new(500, error.to_string()))
}

fn decode(photo: Vec<u8>) -> Result<(DynamicImage, Orientation), Refusal> {
    let format = image::guess_format(&photo)
        .ok()
        .filter(|format| format.reading_enabled())
        .ok_or_else(|| Refusal::new(415, "that is no JPEG, PNG or WebP"))?;
    let progressive_bytes = match format {
        ImageFormat::Jpeg => jpeg::coefficient_bytes(&photo),
        _ => 0,
    };

    let mut limits = Limits::default();
    limits.max_alloc = Some(DECODE_BYTES_MAX);
    let mut reader = ImageReader::with_format(Cursor::new(photo), format);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder().map_err(refusal)?;
    let scratch_bytes = match format {
        ImageFormat::WebP => pixels(&decoder) * webp_scratch(&decoder),
        _ => progressive_bytes,
    };
    limits
        .reserve(decoder.total_bytes().saturating_add(scratch_bytes))
        .map_err(|_| too_large(&decoder))?;

    let orientation = decoder.orientation().map_err(refusal)?;
    Ok((DynamicImage::from_decoder(decoder).map_err(refusal)?, orientation))
}

fn pixels(decoder: &impl ImageDecoder) -> u64 {
    let (width, height) = decoder.dimensions();
    u64::from(width) * u64::from(height)
}

/// Returns how many bytes per pixel the WebP decoder takes at worst, beside the pixels.
fn webp_scratch(decoder: &impl ImageDecoder) -> u64 {
    // These are luma and chroma of the lossy form, or RGBA before the alpha is dropped;
    // with alpha they are luma and chroma, and RGBA for the alpha alone.
    if decoder.color_type().has_alpha() { 7 } else { 4 }
}

fn too_large(decoder: &impl ImageDecoder) -> Refusal {
    let megapixels = pixels(decoder).div_ceil(1_000_000);
    Refusal::new(413, format!("{megapixels} megapixels are too many for this kind of picture"))
}

fn refusal(error: ImageError) -> Refusal {
    match error {
        ImageError::Limits(_) => Refusal::new(413, "that picture takes too much memory"),
        ImageError::Unsupported(error) => Refusal::new(415, error.to_string()),
        error => Refusal::new(422, format!("that picture is damaged: {error}")),
    }
}

fn on_its_side(orientation: Orientation) -> bool {
    matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    )
}

fn encode(picture: DynamicImage, opaque: bool) -> Result<(&'static str, Vec<u8>), ImageError> {
    let mut bytes = Vec::new();
    if opaque {
        let encoder = JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY);
        picture.into_rgb8().write_with_encoder(encoder)?;
        Ok(("image/jpeg", bytes))
    } else {
        picture.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png)?;
        Ok(("image/png", bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(picture: &[u8]) -> (u32, u32) {
        let picture = image::load_from_memory(picture).unwrap();
        (picture.width(), picture.height())
    }

    fn encoded(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Vec::new();
        picture.into().write_to(&mut Cursor::new(&mut bytes), format).unwrap();
        bytes
    }

    #[test]
    fn a_photo_becomes_a_jpeg_that_fits() {
        let photo = encoded(image::RgbImage::new(640, 427), ImageFormat::Jpeg);
        let (content_type, picture) = make(photo, 320, 320).unwrap();
        assert_eq!(content_type, "image/jpeg");
        assert_eq!(size(&picture), (320, 214));
    }

    #[test]
    fn alpha_is_kept() {
        let photo = encoded(image::RgbaImage::new(400, 100), ImageFormat::Png);
        let (content_type, picture) = make(photo, 100, 100).unwrap();
        assert_eq!((content_type, size(&picture)), ("image/png", (100, 25)));
    }

    #[test]
    fn what_is_small_stays_as_it_is() {
        let photo = encoded(image::RgbImage::new(30, 20), ImageFormat::WebP);
        let (_, picture) = make(photo, 320, 320).unwrap();
        assert_eq!(size(&picture), (30, 20));
    }

    #[test]
    fn a_photo_on_its_side_is_put_up() {
        let mut photo = encoded(image::RgbImage::new(60, 40), ImageFormat::Jpeg);
        let exif = b"\xff\xe1\x00\x22Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        photo.splice(2..2, exif.iter().copied());
        let (_, picture) = make(photo, 20, 30).unwrap();
        assert_eq!(size(&picture), (20, 30));
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        assert_eq!(make(b"<svg>".to_vec(), 9, 9).unwrap_err().status, 415);
        let photo = encoded(image::RgbImage::new(640, 427), ImageFormat::Jpeg);
        assert_eq!(make(photo[..100].to_vec(), 9, 9).unwrap_err().status, 422);
    }

    #[test]
    fn too_many_pixels_are_refused_before_they_are_decoded() {
        let mut photo = encoded(image::RgbImage::new(8, 8), ImageFormat::Jpeg);
        let frame = photo.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
        photo[frame + 5..frame + 9].copy_from_slice(&[0x20, 0x00, 0x20, 0x00]);
        let refusal = make(photo, 9, 9).unwrap_err();
        assert_eq!(refusal.status, 413, "{}", refusal.reason);
    }
}
