//! What the methodology chapter shows of the harness itself: the limits of the machine, and known ratios found again.

use record::LessonSummary;

use super::pieces::provenance_line;
use crate::{Markup, Shelf, figures, tables};

/// The limits of the newest run that measured any, with where they come from.
pub(super) fn limits(shelf: &Shelf) -> Markup {
    match newest_limits(shelf) {
        Some(limits) => {
            let from = Markup::element("p", "figure-provenance", provenance_line(limits));
            Markup::element("div", "limits", tables::limits(limits).html().then(from))
        }
        None => unmeasured(
            "the limits of this machine are not measured yet: ",
            "cargo lab bench",
            " measures them in each run",
        ),
    }
}

/// What runs made of the ratios that are known beforehand.
///
/// # Errors
/// If the figure cannot be drawn.
pub(super) fn trust(shelf: &Shelf) -> anyhow::Result<Markup> {
    let runs = shelf.trust.iter().map(|ratio| ratio.runs.len()).sum::<usize>();
    if runs == 0 {
        let because = "no run has measured a known ratio yet: ";
        return Ok(unmeasured(because, "cargo lab bench", " measures three in each run"));
    }
    let from = Markup::text("every run of this book that measured known ratios, those of other machines included");
    Ok(figures::trust(&shelf.trust)?.html(&from))
}

fn newest_limits(shelf: &Shelf) -> Option<&LessonSummary> {
    shelf.lessons.iter().filter_map(|lesson| lesson.limits.as_ref()).max_by(|a, b| a.started.cmp(&b.started))
}

fn unmeasured(before: &str, command: &str, after: &str) -> Markup {
    let text = Markup::text(before).then(Markup::code(command)).then(Markup::text(after));
    Markup::element("p", "unmeasured", text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn the_newest_limits_are_shown_with_their_run() {
        let mut shelf = samples::shelf();
        let mut newer = samples::bound_method();
        newer.limits.as_mut().unwrap().started = "2025-04-01T10:00:00Z".to_owned();
        newer.limits.as_mut().unwrap().run = "a-newer-run".to_owned();
        shelf.lessons.push(newer);
        let html = limits(&shelf);
        assert!(html.as_str().contains("a-newer-run") && html.as_str().contains("copy_one_core"), "{}", html.as_str());
    }

    #[test]
    fn what_was_never_measured_says_how_to() {
        let mut shelf = samples::shelf();
        shelf.lessons.iter_mut().for_each(|lesson| lesson.limits = None);
        shelf.trust.clear();
        assert!(limits(&shelf).as_str().contains("<code>cargo lab bench</code>"));
        assert!(trust(&shelf).unwrap().as_str().contains("no run has measured a known ratio"));
    }
}
