//! SVG to PNG, with the one font that is part of the program.

use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use crate::error::{Error, ErrorKind, Result};

/// Ubuntu Light (Ubuntu Font Licence 1.0), from the crate `epaint_default_fonts`. It stands in for
/// every family, so pictures look the same on every machine and no system fonts are searched.
static FONTS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_source(fontdb::Source::Binary(Arc::new(epaint_default_fonts::UBUNTU_LIGHT)));
    fonts.set_sans_serif_family("Ubuntu");
    Arc::new(fonts)
});

/// Most points in an image.
const LIMIT: f64 = 2e8;

pub(super) fn render(svg: &str, width: f64, height: f64, scale: f64) -> Result<Vec<u8>> {
    let (w, h) = ((width * scale).round(), (height * scale).round());
    // Written so that NaN fails too.
    if !(w >= 1.0 && h >= 1.0 && w * h <= LIMIT) {
        let message = format!("an image of {w} by {h} points cannot be drawn");
        return Err(Error::new(ErrorKind::Limit, message).help("choose another size or scale"));
    }
    let failed = |what: &str| Error::new(ErrorKind::Value, format!("the picture cannot be drawn: {what}"));
    let options = Options { fontdb: Arc::clone(&FONTS), ..Options::default() };
    let tree = Tree::from_str(svg, &options).map_err(|e| failed(&e.to_string()))?;
    let mut image = Pixmap::new(w as u32, h as u32).ok_or_else(|| failed("out of memory"))?;
    let zoom = scale as f32;
    resvg::render(&tree, Transform::from_scale(zoom, zoom), &mut image.as_mut());
    encode(&image, scale).map_err(|e| failed(&e.to_string()))
}

/// PNG without an alpha channel (the ground is white everywhere) and with light compression:
/// several times faster than the defaults, and hardly larger for line drawings.
fn encode(image: &Pixmap, scale: f64) -> Result<Vec<u8>, ::png::EncodingError> {
    let mut rgb = Vec::with_capacity(image.data().len() / 4 * 3);
    for pixel in image.data().chunks_exact(4) {
        rgb.extend_from_slice(&pixel[..3]);
    }
    let mut out = Vec::with_capacity(1 << 17);
    let mut encoder = ::png::Encoder::new(&mut out, image.width(), image.height());
    encoder.set_color(::png::ColorType::Rgb);
    encoder.set_depth(::png::BitDepth::Eight);
    encoder.set_deflate_compression(::png::DeflateCompression::Level(1));
    encoder.set_filter(::png::Filter::Up);
    // 96 pixels of the picture to the inch.
    let per_metre = (96.0 / 0.0254 * scale).round() as u32;
    let unit = ::png::Unit::Meter;
    encoder.set_pixel_dims(Some(::png::PixelDimensions { xppu: per_metre, yppu: per_metre, unit }));
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&rgb)?;
    writer.finish()?;
    Ok(out)
}
