//! Least squares for a model that is not linear, because it takes the longest of several paths (Levenberg and Marquardt).
//!
//! The unknowns are logarithms, so that what they stand for is never below 0, and a step is a step of proportion.

/// Enough for what is fitted here; it ends earlier when nothing gets better.
const STEPS: usize = 120;

/// The step of the derivatives, in logarithms.
const NUDGE: f64 = 1e-4;

/// An unknown this small, in logarithms of nanoseconds, costs nothing; further down there is only noise.
const SMALLEST: f64 = -12.0;

/// The values above 0 that make the sum of squares of `residuals` least, from `start` on, with that sum.
pub(super) fn solve(start: &[f64], residuals: &dyn Fn(&[f64]) -> Vec<f64>) -> (Vec<f64>, f64) {
    let at = |logs: &[f64]| residuals(&logs.iter().map(|log| log.exp()).collect::<Vec<_>>());
    let sum = |residuals: &[f64]| residuals.iter().map(|residual| residual * residual).sum::<f64>();
    let mut logs: Vec<f64> = start.iter().map(|value| value.max(1e-5).ln()).collect();
    let mut here = at(&logs);
    let (mut best, mut damping) = (sum(&here), 1e-2);
    for _ in 0..STEPS {
        let slopes = slopes(&logs, &here, &at);
        let mut better = false;
        while damping < 1e9 {
            let Some(step) = step(&slopes, &here, damping) else {
                damping *= 10.0;
                continue;
            };
            let next: Vec<f64> =
                logs.iter().zip(&step).map(|(log, step)| (log + step.clamp(-1.5, 1.5)).max(SMALLEST)).collect();
            let there = at(&next);
            let found = sum(&there);
            if found < best {
                better = best - found > 1e-9 * best;
                (logs, here, best, damping) = (next, there, found, (damping / 4.0).max(1e-9));
                break;
            }
            damping *= 3.0;
        }
        if !better {
            break;
        }
    }
    (logs.iter().map(|log| log.exp()).collect(), best)
}

/// How each residual changes with each unknown: one row per unknown.
pub(super) fn slopes(logs: &[f64], here: &[f64], at: &dyn Fn(&[f64]) -> Vec<f64>) -> Vec<Vec<f64>> {
    let slope = |unknown: usize| {
        let mut nudged = logs.to_vec();
        nudged[unknown] += NUDGE;
        at(&nudged).iter().zip(here).map(|(there, here)| (there - here) / NUDGE).collect()
    };
    (0..logs.len()).map(slope).collect()
}

/// How much of each unknown the rows determine, from 0 to 1, and not the `inertia` that keeps it where the search began. `slopes` holds
/// how each row changes with each unknown. An unknown that no row depends on has 0; so, nearly, have two that the rows cannot tell apart.
pub(super) fn shares(slopes: &[Vec<f64>], inertia: f64) -> Vec<f64> {
    let dot = |one: &[f64], other: &[f64]| one.iter().zip(other).map(|(a, b)| a * b).sum::<f64>();
    let weight = inertia * inertia;
    let matrix: Vec<Vec<f64>> = slopes.iter().map(|row| slopes.iter().map(|other| dot(row, other)).collect()).collect();
    let with_inertia = |place: usize, mut row: Vec<f64>| {
        row[place] += weight;
        row
    };
    let whole: Vec<Vec<f64>> = matrix.into_iter().enumerate().map(|(place, row)| with_inertia(place, row)).collect();
    let share = |unknown: usize| {
        let unit = (0..slopes.len()).map(|place| f64::from(u8::from(place == unknown))).collect();
        linear(whole.clone(), unit).map_or(0.0, |found| 1.0 - weight * found[unknown])
    };
    (0..slopes.len()).map(share).collect()
}

/// The damped step of Gauss and Newton; none if the equations have no solution.
fn step(slopes: &[Vec<f64>], here: &[f64], damping: f64) -> Option<Vec<f64>> {
    let dot = |one: &[f64], other: &[f64]| one.iter().zip(other).map(|(a, b)| a * b).sum::<f64>();
    let matrix = slopes.iter().enumerate().map(|(place, row)| {
        let mut row: Vec<f64> = slopes.iter().map(|other| dot(row, other)).collect();
        // An unknown on which nothing depends stays where it is.
        row[place] = row[place] * (1.0 + damping) + 1e-9;
        row
    });
    linear(matrix.collect(), slopes.iter().map(|row| -dot(row, here)).collect())
}

/// Solves `matrix x unknowns = right` by elimination with pivots; none if it is singular.
fn linear(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Option<Vec<f64>> {
    let count = right.len();
    for column in 0..count {
        let pivot = (column..count).max_by(|a, b| matrix[*a][column].abs().total_cmp(&matrix[*b][column].abs()))?;
        matrix.swap(column, pivot);
        right.swap(column, pivot);
        if matrix[column][column].abs() < 1e-300 {
            return None;
        }
        for row in column + 1..count {
            let factor = matrix[row][column] / matrix[column][column];
            let above = matrix[column].clone();
            matrix[row].iter_mut().zip(&above).for_each(|(value, above)| *value -= factor * above);
            right[row] -= factor * right[column];
        }
    }
    let mut found = vec![0.0; count];
    for row in (0..count).rev() {
        let known: f64 = (row + 1..count).map(|column| matrix[row][column] * found[column]).sum();
        found[row] = (right[row] - known) / matrix[row][row];
    }
    found.iter().all(|value| value.is_finite()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equations_are_solved_whatever_their_order() {
        let found = linear(vec![vec![0.0, 2.0], vec![1.0, 1.0]], vec![4.0, 5.0]).unwrap();
        assert_eq!(found, [3.0, 2.0]);
        assert_eq!(linear(vec![vec![1.0, 1.0], vec![2.0, 2.0]], vec![1.0, 2.0]), None);
    }

    #[test]
    fn the_longest_of_two_paths_is_taken_apart() {
        // Either three of the first or the second, whichever is longer.
        let points: Vec<(f64, f64)> = (1..30).map(|i| (f64::from(i), f64::from(30 - i))).collect();
        let time = |a: f64, b: f64, (x, y): (f64, f64)| (a * x).max(b * y);
        let residuals = |found: &[f64]| {
            points.iter().map(|point| (time(found[0], found[1], *point) / time(5.0, 70.0, *point)).ln()).collect()
        };
        let (found, left) = solve(&[1.0, 1.0], &residuals);
        assert!((found[0] - 5.0).abs() < 1e-3 && (found[1] - 70.0).abs() < 1e-2 && left < 1e-9, "{found:?} {left}");
    }

    #[test]
    fn rows_determine_what_they_depend_on_and_can_tell_apart() {
        // The first alone, the second and the third only together, the fourth not at all.
        let slopes = [vec![1.0, 0.0, 0.0], vec![0.0, 1.0, 1.0], vec![0.0, 1.0, 1.0], vec![0.0; 3]];
        let shares = shares(&slopes, 0.01);
        assert!(shares[0] > 0.999 && shares[3].abs() < 1e-9, "{shares:?}");
        assert!(shares[1..3].iter().all(|share| (0.4..0.6).contains(share)), "{shares:?}");
    }

    #[test]
    fn what_costs_nothing_is_found_to_cost_nothing() {
        let residuals = |found: &[f64]| (1..9).map(|i| (found[0] + found[1] * f64::from(i) - 10.0) / 10.0).collect();
        let (found, _) = solve(&[3.0, 3.0], &residuals);
        assert!((found[0] - 10.0).abs() < 1e-2 && found[1] < 1e-2, "{found:?}");
    }
}
