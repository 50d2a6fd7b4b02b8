use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder, ImageError, ImageReader};
use lambent_sdk::Failure;
use serde::Serialize;

const JPEG_QUALITY: u8 = 82;

/// The format and sizes of a photo and its thumbnail. Sizes are of the picture the right
/// way up.
#[derive(Debug, PartialEq, Serialize)]
pub struct Facts {
    pub format: &'static str,
    pub width: u32,
    pub height: u32,
    pub bytes: usize,
    pub thumbnail: Thumbnail,
}

#[derive(Debug, PartialEq, Serialize)]
pub struct Thumbnail {
    pub width: u32,
    pub height: u32,
    pub bytes: usize,
}

/// Makes a JPEG of at most `side` × `side` pixels, the right way up and no larger than the
/// photo.
///
/// # Errors
/// Fails if the photo is damaged or not a JPEG, PNG or WebP. Trying again would not help.
pub fn shrink(photo: &[u8], side: u32) -> Result<(Vec<u8>, Facts), Failure> {
    let unfit = |error: ImageError| Failure::new("NotAPhoto", error.to_string()).retry_never();
    let reader = ImageReader::new(Cursor::new(photo)).with_guessed_format()?;
    let format = reader.format().map_or("", |format| format.extensions_str()[0]);
    let mut decoder = reader.into_decoder().map_err(unfit)?;
    let orientation = decoder.orientation().map_err(unfit)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(unfit)?;
    picture.apply_orientation(orientation);

    let (width, height) = (picture.width(), picture.height());
    if width > side || height > side {
        picture = picture.thumbnail(side, side);
    }
    let mut jpeg = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut jpeg, JPEG_QUALITY);
    picture.to_rgb8().write_with_encoder(encoder)?;
    let thumbnail =
        Thumbnail { width: picture.width(), height: picture.height(), bytes: jpeg.len() };
    Ok((jpeg, Facts { format, width, height, bytes: photo.len(), thumbnail }))
}

#[cfg(test)]
mod tests {
    use image::{ImageFormat, RgbImage};
    use lambent_sdk::Retry;

    use super::*;

    #[test]
    fn a_photo_becomes_a_jpeg_that_fits() {
        let photo = include_bytes!("../photos/rocket.jpg");
        let (jpeg, facts) = shrink(photo, 320).unwrap();
        assert_eq!((facts.format, facts.width, facts.height), ("jpg", 640, 427));
        assert_eq!((facts.thumbnail.width, facts.thumbnail.height), (320, 214));
        assert_eq!((facts.bytes, facts.thumbnail.bytes), (photo.len(), jpeg.len()));
        let seen = image::load_from_memory_with_format(&jpeg, ImageFormat::Jpeg).unwrap();
        assert_eq!((seen.width(), seen.height()), (320, 214));
    }

    #[test]
    fn what_is_small_keeps_its_size() {
        let mut png = Vec::new();
        RgbImage::new(30, 20).write_to(&mut Cursor::new(&mut png), ImageFormat::Png).unwrap();
        let (_, facts) = shrink(&png, 320).unwrap();
        assert_eq!((facts.format, facts.thumbnail.width, facts.thumbnail.height), ("png", 30, 20));
    }

    #[test]
    fn a_photo_on_its_side_is_put_up() {
        let mut photo = Vec::new();
        RgbImage::new(60, 40).write_to(&mut Cursor::new(&mut photo), ImageFormat::Jpeg).unwrap();
        let exif = b"\xff\xe1\x00\x22Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        photo.splice(2..2, exif.iter().copied());
        let (_, facts) = shrink(&photo, 30).unwrap();
        assert_eq!((facts.width, facts.height), (40, 60));
        assert_eq!((facts.thumbnail.width, facts.thumbnail.height), (20, 30));
    }

    #[test]
    fn what_is_no_photo_is_not_tried_again() {
        let damaged = &include_bytes!("../photos/rocket.jpg")[..100];
        for bytes in [b"<svg>".as_slice(), damaged] {
            let failure = shrink(bytes, 320).unwrap_err();
            assert_eq!((&*failure.kind, failure.retry), ("NotAPhoto", Retry::Never));
        }
    }
}
