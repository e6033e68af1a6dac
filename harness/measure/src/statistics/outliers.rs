//! Values far from the others: told, with their positions, and never dropped.

use record::Outliers;

/// Interquartile ranges beyond the quartiles at which the fences stand.
const INNER_FENCE: f64 = 1.5;
const OUTER_FENCE: f64 = 3.0;
/// The fewest values whose quartiles mean anything.
const AT_LEAST: usize = 4;

/// The values beyond Tukey's fences (Tukey 1977, "Exploratory Data Analysis"), drawn on the logarithms: a value half as large as the others
/// is then as far out as one twice as large. Of fewer than four values, and of values that are not all finite and above 0, none can be told
/// apart.
///
/// The quartiles lie between two values in proportion (definition 7 of Hyndman and Fan 1996, which R and NumPy take). Of ten values from a
/// normal distribution about one in thirty lies outside the inner fences (Hoaglin, Iglewicz and Tukey 1986), so that one mild outlier is no
/// alarm. Where more than half of the values are equal, every other one is extreme.
///
/// ```
/// let found = harness::statistics::outliers(&[10.0, 11.0, 10.5, 22.0, 10.2, 10.8]);
/// assert_eq!((found.extreme, found.mild.len(), found.n), (vec![3], 0, 6));
/// ```
pub fn outliers(values: &[f64]) -> Outliers {
    let mut found = Outliers { n: values.len(), ..Outliers::default() };
    if values.len() < AT_LEAST || !values.iter().all(|value| value.is_finite() && *value > 0.0) {
        return found;
    }
    let logs: Vec<f64> = values.iter().map(|value| value.ln()).collect();
    let mut sorted = logs.clone();
    sorted.sort_by(f64::total_cmp);
    let (lower, upper) = (quantile(&sorted, 0.25), quantile(&sorted, 0.75));
    let range = upper - lower;
    for (position, log) in logs.iter().enumerate() {
        let beyond = (lower - log).max(log - upper);
        if beyond > OUTER_FENCE * range {
            found.extreme.push(position);
        } else if beyond > INNER_FENCE * range {
            found.mild.push(position);
        }
    }
    found
}

/// The value below which this part of the `sorted` values lies, between two of them in proportion.
fn quantile(sorted: &[f64], part: f64) -> f64 {
    let place = part * (sorted.len() - 1) as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    below + (above - below) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exp(logs: &[f64]) -> Vec<f64> {
        logs.iter().map(|log| log.exp()).collect()
    }

    /// Logarithms 0, 1, ..., 8, sorted: the quartiles are those of rank 2 and 6, so 2 and 6; the range is 4; the inner fences stand at -4 and
    /// 12, the outer ones at -10 and 18. Moving the largest outwards moves no quartile.
    #[test]
    fn the_fences_stand_where_they_do_by_hand() {
        let with_last = |last: f64| outliers(&exp(&[3.0, 1.0, 0.0, 2.0, last, 4.0, 5.0, 7.0, 6.0]));
        assert_eq!(with_last(8.0).count(), 0);
        assert_eq!(with_last(11.99).count(), 0);
        assert_eq!(with_last(12.01), Outliers { mild: vec![4], extreme: vec![], n: 9 });
        assert_eq!(with_last(17.99).mild, [4]);
        assert_eq!(with_last(18.01), Outliers { mild: vec![], extreme: vec![4], n: 9 });
    }

    /// Logarithms 0, 1, 2, 3: the quartile is at place 0.25 x 3 = 0.75 of the way from 0 to 1.
    #[test]
    fn a_quartile_between_two_values_is_in_proportion() {
        let sorted = [0.0, 1.0, 2.0, 3.0];
        assert!((quantile(&sorted, 0.25) - 0.75).abs() < 1e-12);
        assert!((quantile(&sorted, 0.75) - 2.25).abs() < 1e-12);
        assert!((quantile(&sorted, 0.5) - 1.5).abs() < 1e-12);
    }

    #[test]
    fn the_inverse_and_the_multiple_have_the_same_outliers() {
        let values = [1.0, 1.01, 0.99, 1.02, 3.0, 0.98, 1.0, 0.4];
        let found = outliers(&values);
        assert_eq!((found.extreme.clone(), found.count()), (vec![4, 7], 2));
        assert_eq!(outliers(&values.map(f64::recip)), found);
        assert_eq!(outliers(&values.map(|value| value * 1e9)), found);
    }

    #[test]
    fn values_move_and_their_outliers_with_them() {
        let mut values = vec![1.0, 1.01, 0.99, 1.02, 3.0, 0.98];
        values.reverse();
        assert_eq!(outliers(&values).extreme, [1]);
    }

    #[test]
    fn too_few_or_impossible_values_have_no_outliers() {
        assert_eq!(outliers(&[1.0, 1.0, 100.0]), Outliers { n: 3, ..Outliers::default() });
        assert_eq!(outliers(&[1.0, 1.0, 1.0, 1.0, f64::NAN]).count(), 0);
        assert_eq!(outliers(&[1.0, 1.0, 1.0, 1.0, 0.0]).count(), 0);
        assert_eq!(outliers(&[]).n, 0);
    }

    #[test]
    fn equal_values_have_none_and_the_one_that_differs_is_extreme() {
        assert_eq!(outliers(&[2.0; 6]).count(), 0);
        assert_eq!(outliers(&[2.0, 2.0, 2.0, 2.1, 2.0, 2.0]).extreme, [3]);
    }
}
