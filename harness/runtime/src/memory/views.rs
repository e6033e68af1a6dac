//! A claim of a shared array seen as an array of several dimensions.

use std::ops::Range;

use ndarray::{ArrayView, ArrayViewMut, Dimension, IntoDimension};

use crate::shared_array::{ClaimError, Plain, SharedArray};

impl<T: Plain> SharedArray<T> {
    /// Calls `reader` with the numbers of `range` as an array of this shape, row by row; meanwhile nobody can write them. Nothing is copied.
    ///
    /// ```
    /// let image = multiprocess::SharedArray::of(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
    /// image.write_array(2..6, (2, 2), |mut part| part.swap_axes(0, 1)).unwrap();
    /// image.write_array(2..6, (2, 2), |mut part| part += 10.0).unwrap();
    /// assert_eq!(image.read_array(0..6, [3, 2], |all| all.row(2).sum()).unwrap(), 31.0);
    /// assert!(image.read_array(0..6, [2, 2], |_| ()).is_err());
    /// ```
    ///
    /// # Errors
    /// If the shape has more or fewer elements than the range, the range does not lie inside, or part of it is being written.
    pub fn read_array<D: Dimension, R>(
        &self,
        range: Range<usize>,
        shape: impl IntoDimension<Dim = D>,
        reader: impl FnOnce(ArrayView<'_, T, D>) -> R,
    ) -> Result<R, ClaimError> {
        let shape = fitting(&range, shape)?;
        self.read(range, |numbers| reader(ArrayView::from_shape(shape, numbers).expect(FITS)))
    }

    /// Calls `writer` with the numbers of `range` as an array of this shape, row by row; meanwhile nobody else can read or write them.
    ///
    /// # Errors
    /// If the shape has more or fewer elements than the range, the range does not lie inside, or part of it is being read or written.
    pub fn write_array<D: Dimension, R>(
        &self,
        range: Range<usize>,
        shape: impl IntoDimension<Dim = D>,
        writer: impl FnOnce(ArrayViewMut<'_, T, D>) -> R,
    ) -> Result<R, ClaimError> {
        let shape = fitting(&range, shape)?;
        self.write(range, |numbers| writer(ArrayViewMut::from_shape(shape, numbers).expect(FITS)))
    }
}

const FITS: &str = "the shape has as many elements as there are numbers, as was checked";

/// The shape, if it has as many elements as the range has numbers.
fn fitting<D: Dimension>(range: &Range<usize>, shape: impl IntoDimension<Dim = D>) -> Result<D, ClaimError> {
    let shape = shape.into_dimension();
    // ndarray refuses a shape whose extents other than 0 overflow, even if one is 0.
    let elements =
        shape.slice().iter().filter(|extent| **extent != 0).try_fold(1_usize, |all, extent| all.checked_mul(*extent));
    let elements = elements.filter(|all| isize::try_from(*all).is_ok());
    let elements = if shape.slice().contains(&0) { elements.map(|_| 0) } else { elements };
    match elements == Some(range.len()) {
        true => Ok(shape),
        false => Err(ClaimError::Shape { shape: shape.slice().to_vec(), numbers: range.len() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_has_as_many_elements_as_the_range_has_numbers() {
        let array = SharedArray::<u64>::of(&[0, 1, 2, 3, 4, 5]).unwrap();
        let seen = array.read_array(0..6, (2, 3), |view| (view[[1, 0]], view.column(2).to_vec()));
        assert_eq!(seen, Ok((3, vec![2, 5])));
        assert_eq!(array.read_array(1..2, (), |view| view[()]), Ok(1), "of no dimension is one number");
        assert_eq!(array.read_array(2..5, ndarray::IxDyn(&[3, 1]), |view| view.sum()), Ok(9));
        for shape in
            [vec![7], vec![5], vec![2, 2], vec![6, 0], vec![1 << 63, 2, 3], vec![1 << 63, 2, 0], vec![usize::MAX, 6]]
        {
            let refused = array.read_array(0..6, ndarray::IxDyn(&shape), |_| ()).unwrap_err();
            assert_eq!(refused, ClaimError::Shape { shape: shape.clone(), numbers: 6 });
            assert!(refused.to_string().contains(&format!("{shape:?}")));
        }
    }

    #[test]
    fn an_empty_shape_is_one_of_no_numbers() {
        let array = SharedArray::<f64>::zeroed(4).unwrap();
        assert_eq!(array.read_array(2..2, (0, 5), |view| view.len()), Ok(0));
        assert_eq!(array.write_array(0..0, [3, 0, 2], |view| view.shape().to_vec()), Ok(vec![3, 0, 2]));
        assert!(array.write_array(2..2, [1 << 63, 2, 0], |_| ()).is_err(), "its extents overflow");
        assert_eq!(
            array.read_array(3..5, (2, 1), |_| ()),
            Err(ClaimError::Outside { asked: 3..5, len: 4 }),
            "the shape fits, and the range does not lie inside"
        );
    }

    #[test]
    fn any_width_is_aligned() {
        fn check<T: Plain + PartialEq + std::fmt::Debug + From<u8>>() {
            let array = SharedArray::<T>::zeroed(35).unwrap();
            // Odd beginnings, odd lengths.
            array.write_array(1..16, (3, 5), |mut view| view[[2, 4]] = T::from(7)).unwrap();
            assert_eq!(array.read(15..16, |numbers| numbers[0]), Ok(T::from(7)));
            let address = array.read(1..2, |numbers| numbers.as_ptr().addr()).unwrap();
            assert!(address.is_multiple_of(align_of::<T>()));
        }
        check::<u8>();
        check::<u16>();
        check::<u32>();
        check::<u128>();
        check::<f64>();
    }
}
