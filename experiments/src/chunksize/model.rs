//! The model of the U: time = a x makespan + c x tasks.
//!
//! The makespan is what the slowest worker ends with, in additions, when the pool costs nothing: known exactly from the items' costs.
//! It is the right arm. The price `c` of a task is the left arm. Both prices, `a` of an addition and `c` of a task, are fitted.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// When the last task ends, in additions, if each free worker takes the next of `tasks` and the pool itself costs nothing.
///
/// The workers share the cores evenly: with more busy workers than cores each runs that much slower. So at the end, when fewer
/// tasks are left than there are workers, those that are left run faster, but never faster than a core.
pub(super) fn makespan(tasks: &[u64], workers: usize, cores: usize) -> f64 {
    let cores = cores.max(1) as f64;
    // How many additions every worker that was busy all the time has done; a task ends at the progress where it is complete.
    let (mut progress, mut time) = (0_u64, 0.0);
    let mut busy = BinaryHeap::new();
    let mut next = tasks.iter();
    loop {
        while busy.len() < workers.max(1)
            && let Some(task) = next.next()
        {
            busy.push(Reverse(progress + task));
        }
        let slowdown = (busy.len() as f64 / cores).max(1.0);
        let Some(Reverse(end)) = busy.pop() else { return time };
        time += (end - progress) as f64 * slowdown;
        progress = end;
    }
}

/// What a point of a sweep was to do, and how long it took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    /// See [`makespan`].
    pub(super) makespan: f64,
    /// The tasks.
    pub(super) tasks: f64,
    /// Nanoseconds.
    pub(super) ns: f64,
}

/// The prices of an addition and of a task, in nanoseconds, that fit `points` best: least squares of the relative errors, because
/// a sweep's times lie far apart. Neither is below 0. None if the points cannot tell them apart.
pub(super) fn fit(points: &[Point]) -> Option<(f64, f64)> {
    let (mut mm, mut mt, mut tt, mut m, mut t) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for point in points.iter().filter(|point| point.ns > 0.0) {
        let (makespan, tasks) = (point.makespan / point.ns, point.tasks / point.ns);
        mm += makespan * makespan;
        mt += makespan * tasks;
        tt += tasks * tasks;
        m += makespan;
        t += tasks;
    }
    let determinant = mm * tt - mt * mt;
    if determinant <= 1e-9 * mm * tt {
        return None;
    }
    let (addition, task) = ((m * tt - t * mt) / determinant, (t * mm - m * mt) / determinant);
    Some((addition.max(0.0), task.max(0.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_chunks_keep_all_cores_busy() {
        assert_eq!(makespan(&[10; 8], 2, 2), 40.0);
        assert_eq!(makespan(&[10; 8], 4, 2), 40.0);
        assert_eq!(makespan(&[10; 8], 1, 2), 80.0);
    }

    #[test]
    fn a_chunk_too_many_is_waited_for() {
        assert_eq!(makespan(&[10; 3], 2, 2), 20.0);
    }

    #[test]
    fn more_workers_than_cores_share_them() {
        // Four workers on two cores: the three small ones end after 20; the large one is then alone and has 90 to go.
        assert_eq!(makespan(&[10, 10, 10, 100], 4, 2), 20.0 + 90.0);
        // Four cores: nobody waits for a core.
        assert_eq!(makespan(&[10, 10, 10, 100], 4, 4), 100.0);
    }

    #[test]
    fn a_free_worker_takes_the_next_task() {
        assert_eq!(makespan(&[30, 10, 10, 10], 2, 2), 30.0);
        assert_eq!(makespan(&[10, 10, 10, 30], 2, 2), 40.0);
    }

    #[test]
    fn nothing_takes_no_time() {
        assert_eq!(makespan(&[], 4, 2), 0.0);
        assert_eq!(makespan(&[0, 0], 4, 0), 0.0);
    }

    #[test]
    fn the_prices_are_found_again() {
        let point = |makespan: f64, tasks: f64| Point { makespan, tasks, ns: 0.5 * makespan + 4_000.0 * tasks };
        let (addition, task) = fit(&[point(1e6, 1e3), point(1e6, 10.0), point(1.5e6, 4.0)]).unwrap();
        assert!((addition - 0.5).abs() < 1e-6 && (task - 4_000.0).abs() < 1e-3);
    }

    #[test]
    fn one_kind_of_point_tells_no_prices() {
        let point = Point { makespan: 100.0, tasks: 10.0, ns: 5.0 };
        assert_eq!(fit(&[point, point]), None);
        assert_eq!(fit(&[]), None);
    }
}
