//! The one median that figures and prose share, and the quartiles around it.

/// The median of `values`, the mean of the two in the middle if there are two; none of nothing.
pub(crate) fn median(values: &[u64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let (low, high) = (sorted.get(sorted.len().checked_sub(1)? / 2)?, sorted.get(sorted.len() / 2)?);
    Some((*low as f64 + *high as f64) / 2.0)
}

/// The lower quartile, the median and the upper quartile, each between the two values that it lies between; none of nothing.
pub(crate) fn quartiles(values: impl Iterator<Item = f64>) -> Option<[f64; 3]> {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    let at = |share: f64| {
        let place = share * last as f64;
        let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
        below + (above - below) * place.fract()
    };
    Some([at(0.25), at(0.5), at(0.75)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_in_the_middle_it_is_the_mean() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[7]), Some(7.0));
        assert_eq!(median(&[9, 1, 4, 2]), Some(3.0));
    }

    #[test]
    fn quartiles_lie_between_values() {
        assert_eq!(quartiles([4.0, 1.0, 2.0, 3.0].into_iter()), Some([1.75, 2.5, 3.25]));
        assert_eq!(quartiles([7.0].into_iter()), Some([7.0; 3]));
        assert_eq!(quartiles(std::iter::empty()), None);
    }
}
