//! Strips of an image: how it is cut, how strips cross to a process, and what puts them together again.

use std::ops::Range;
use std::sync::Arc;

use bincode::de::Decoder;
use bincode::de::read::Reader;
use bincode::enc::Encoder;
use bincode::enc::write::Writer;
use bincode::error::{DecodeError, EncodeError};
use bincode::{Decode, Encode};
use ndarray::{Array2, ArrayView2};

use super::image::shaped;

/// The rows of each of at most `strips` strips, as even as can be, the larger ones first, as NumPy's `array_split` cuts; no strip is
/// empty, so there are no more of them than rows.
pub(crate) fn cut(rows: usize, strips: usize) -> Vec<Range<usize>> {
    let strips = strips.min(rows);
    let mut next = 0;
    let mut strip = |number| {
        let first = next;
        next += rows / strips + usize::from(number < rows % strips);
        first..next
    };
    (0..strips).map(&mut strip).collect()
}

/// A strip with the one row above and the one below that its own border needs, where the image has them.
pub(crate) fn with_halo(rows: &Range<usize>, height: usize) -> Range<usize> {
    rows.start.saturating_sub(1)..(rows.end + 1).min(height)
}

/// Rows of an image. The sender's are a view of its image; the receiver's are its own.
#[derive(Clone, Debug)]
pub(crate) struct Strip {
    image: Arc<Array2<f64>>,
    rows: Range<usize>,
}

impl Strip {
    /// These rows of `image`.
    pub(crate) fn of(image: &Arc<Array2<f64>>, rows: Range<usize>) -> Self {
        Self { image: Arc::clone(image), rows }
    }

    /// A whole image.
    pub(crate) fn whole(image: Array2<f64>) -> Self {
        Self { rows: 0..image.nrows(), image: Arc::new(image) }
    }

    fn pixels(&self) -> &[f64] {
        let all = self.image.as_slice().expect("images lie row by row");
        &all[self.rows.start * self.image.ncols()..self.rows.end * self.image.ncols()]
    }

    /// As an image of its own.
    pub(crate) fn view(&self) -> ArrayView2<'_, f64> {
        let shape = (self.rows.len(), self.image.ncols());
        ArrayView2::from_shape(shape, self.pixels()).expect("as many pixels as the shape has")
    }
}

/// Pixels are turned into bytes this many at a time, which stay in the cache on their way.
const AT_A_TIME: usize = 1_024;

// ANCHOR: encoding
/// As the pickle of a NumPy array: the shape, then all pixels as one block of bytes, not one by one.
impl Encode for Strip {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        (self.rows.len() as u64, self.image.ncols() as u64).encode(encoder)?;
        let mut bytes = [0; AT_A_TIME * 8];
        for pixels in self.pixels().chunks(AT_A_TIME) {
            for (bytes, pixel) in bytes.as_chunks_mut().0.iter_mut().zip(pixels) {
                *bytes = pixel.to_le_bytes();
            }
            encoder.writer().write(&bytes[..pixels.len() * 8])?;
        }
        Ok(())
    }
}
// ANCHOR_END: encoding

impl<C> Decode<C> for Strip {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        let (rows, cols) = <(u64, u64)>::decode(decoder)?;
        let too_large = || DecodeError::Other("a strip of more pixels than can be counted");
        let [rows, cols] = [rows, cols].map(|length| usize::try_from(length).unwrap_or(usize::MAX));
        let left = rows.checked_mul(cols).filter(|left| left.checked_mul(8).is_some()).ok_or_else(too_large)?;
        decoder.claim_bytes_read(left * 8)?;
        let mut pixels = Vec::new();
        let mut bytes = [0; AT_A_TIME * 8];
        while pixels.len() < left {
            let count = AT_A_TIME.min(left - pixels.len());
            decoder.reader().read(&mut bytes[..count * 8])?;
            // Room for the rest once the first bytes have really come.
            pixels.reserve_exact(left - pixels.len());
            pixels.extend(bytes[..count * 8].as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes)));
        }
        Ok(Self::whole(shaped(rows, cols, pixels)))
    }
}
bincode::impl_borrow_decode!(Strip);

/// One strip below the other, in new memory, as NumPy's `vstack` does.
pub(crate) fn stitched(strips: &[Strip], cols: usize) -> Array2<f64> {
    let pixels: Vec<f64> = strips.iter().map(Strip::pixels).collect::<Vec<_>>().concat();
    let rows = strips.iter().map(|strip| strip.rows.len()).sum();
    shaped(rows, cols, pixels)
}

#[cfg(test)]
mod tests {
    use super::super::image::image;
    use super::*;

    #[test]
    fn strips_are_even_and_none_is_empty() {
        assert_eq!(cut(10, 4), [0..3, 3..6, 6..8, 8..10]);
        assert_eq!(cut(2, 5), [0..1, 1..2]);
        assert!(cut(0, 3).is_empty());
        assert_eq!(cut(7, 1), std::slice::from_ref(&(0..7)));
        for (rows, strips) in [(13, 5), (300, 7), (1, 1)] {
            let cuts = cut(rows, strips);
            assert_eq!(cuts.iter().map(Range::len).sum::<usize>(), rows);
            assert!(cuts.windows(2).all(|pair| pair[0].end == pair[1].start && pair[0].len() >= pair[1].len()));
        }
    }

    #[test]
    fn a_halo_ends_where_the_image_does() {
        assert_eq!(with_halo(&(0..3), 9), 0..4);
        assert_eq!(with_halo(&(3..6), 9), 2..7);
        assert_eq!(with_halo(&(6..9), 9), 5..9);
        assert_eq!(with_halo(&(0..9), 9), 0..9);
    }

    #[test]
    fn strips_cross_and_come_together_again() {
        for (rows, cols) in [(0, 0), (0, 5), (5, 0), (1, 1), (3, 2_000), (7, 1_024), (100, 33)] {
            let image = Arc::new(image(rows, cols, 2));
            let crossed = cut(rows, 3).into_iter().map(|rows| {
                let bytes = multiprocess::codec::dumps(&Strip::of(&image, rows.clone())).unwrap();
                assert!(bytes.len() <= rows.len() * cols * 8 + 2 * 3, "the shape takes a few bytes");
                multiprocess::codec::loads::<Strip>(&bytes).unwrap()
            });
            assert_eq!(stitched(&crossed.collect::<Vec<_>>(), cols), *image);
        }
    }

    #[test]
    fn a_hostile_shape_is_refused() {
        for shape in [(u64::MAX, 2_u64), (1 << 40, 1 << 40), (1 << 20, 1)] {
            let bytes = multiprocess::codec::dumps(&shape).unwrap();
            assert!(multiprocess::codec::loads::<Strip>(&bytes).is_err());
        }
    }
}
