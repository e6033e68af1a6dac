//! How often the harness itself is right, printed: its intervals of ratios that are known beforehand.

use std::io::{self, Write};

use harness::trust;
use record::KnownRatio;

/// Prints what the recorded runs made of the known ratios: counts of hits, and whether there are more misses than chance explains.
///
/// # Errors
/// If `out` cannot be written to.
pub(crate) fn print(out: &mut impl Write, trust: &[KnownRatio]) -> io::Result<()> {
    writeln!(out, "how often the harness is right where the truth is known:")?;
    for line in trust::in_words(trust) {
        writeln!(out, "  {line}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use record::{Interval, Tried};

    use super::*;

    fn printed(trust: &[KnownRatio]) -> String {
        let mut out = Vec::new();
        print(&mut out, trust).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn hits_and_misses_are_counted_under_one_heading() {
        let tried = |run: &str, interval: Interval| Tried {
            run: run.to_owned(),
            interval,
            hit: interval.holds(1.1),
            tens: Vec::new(),
        };
        let near = Interval { low: 1.08, mid: 1.1, high: 1.12, n: 10 };
        let off = Interval { low: 1.11, mid: 1.13, high: 1.15, n: 10 };
        let ratio = KnownRatio {
            variant: "tenth_more".to_owned(),
            truth: 1.1,
            runs: vec![tried("one", near), tried("two", off)],
        };
        // One or two of two miss in 1 - 0.95 x 0.95 of cases.
        assert_eq!(
            printed(&[ratio]),
            "how often the harness is right where the truth is known:\n  1.10: 1 of 2 intervals hold the truth\n  \
             1 of 2 miss, 0.1 expected at 95 %: no surprise (by chance as many or more in 9.8 % of cases)\n"
        );
    }

    #[test]
    fn where_nothing_was_tried_it_says_so() {
        assert!(
            printed(&[]).ends_with("  none of the runs that were read has measured a ratio that is known beforehand\n")
        );
    }

    /// A reader that went away is the caller's to judge.
    #[test]
    fn a_closed_output_is_an_error() {
        assert!(print(&mut &mut [0_u8; 8][..], &[]).is_err());
    }
}
