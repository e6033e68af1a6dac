//! Figures: pure functions from one measured lesson to a drawing with a finding for its title.

mod bounds;
mod curves;
mod holder;
mod idle;
mod latency;
mod rates;
mod ratio;
mod report;
mod rows;
mod scaling;
mod seam;
mod shares;
mod speedup;
mod split;
mod states;
mod sweep;
mod timeline;
mod trust;
mod u_curve;
mod where_time_goes;

use anyhow::{Result, bail};

pub use holder::holder;
pub use idle::idle;
pub use latency::latency;
pub use rates::rates;
pub use ratio::ratio;
pub use report::report;
pub use scaling::scaling;
pub use seam::seam;
pub use speedup::speedup;
pub use split::split;
pub use states::states;
pub use timeline::timeline;
pub use trust::trust;
pub use u_curve::u_curve;
pub use where_time_goes::where_time_goes;

use self::curves::spec::Curves;
use crate::shelf::unknown;
use crate::{Markup, Shelf, Shelved, Table};

/// A drawing with what it shows in words and in numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// The lesson's stem, a dash, and the kind of figure.
    pub name: String,
    /// What it found, in one sentence without a full stop.
    pub title: String,
    /// How to read it.
    pub caption: String,
    /// The drawing, ready to stand in a page.
    pub svg: String,
    /// The same data as numbers.
    pub table: Table,
}

impl Figure {
    /// The figure as an HTML element; `provenance` says where its data come from.
    pub fn html(&self, provenance: &Markup) -> Markup {
        let drawing = Markup::trusted(self.svg.clone());
        let title = Markup::element("figcaption", "figure-title", Markup::prose(&self.title));
        let below = Markup::element("p", "figure-caption", Markup::prose(&self.caption))
            .then(Markup::element("p", "figure-provenance", provenance.clone()))
            .then(Markup::fold("The same data as a table", self.table.html()));
        // A wide drawing scrolls inside its own box; the keyboard has to reach it there.
        let drawing = Markup::trusted(format!(
            "<div class=\"figure-scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Drawing\">\n{}</div>",
            drawing.as_str()
        ));
        Markup::element("figure", "figure", title.then(drawing).then(below))
    }
}

/// Draws one kind of figure of a lesson.
pub type Draw = fn(&Shelved) -> Result<Figure>;

/// Every kind of figure that any lesson can have, by the part of its name after the dash.
pub const KINDS: &[(&str, Draw)] = &[
    ("ratio", ratio),
    ("where", where_time_goes),
    ("speedup", speedup),
    ("holder", holder),
    ("rates", rates),
    ("report", report),
    ("states", states),
    ("split", split),
    ("latency", latency),
    ("seam", seam),
    ("scaling", scaling),
    ("u", u_curve),
    ("idle", idle),
    ("timeline", timeline),
];

/// How one figure is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Drawing(Source);

#[derive(Clone, Copy, Debug)]
enum Source {
    Kind(Draw),
    Curves(&'static Curves),
}

impl Drawing {
    /// Draws it from what was measured of `lesson`.
    ///
    /// # Errors
    /// If the lesson was not measured, or not what the figure shows.
    pub fn draw(self, lesson: &Shelved) -> Result<Figure> {
        match self.0 {
            Source::Kind(draw) => draw(lesson),
            Source::Curves(spec) => curves::curves(spec, lesson),
        }
    }
}

/// The lesson and the drawing of the figure called `name`, whether it was measured or not.
///
/// # Errors
/// If there is no such lesson or no such kind of figure; the message lists those there are.
pub fn find<'a>(shelf: &'a Shelf, name: &str) -> Result<(&'a Shelved, Drawing)> {
    let Some((stem, kind)) = name.split_once('-') else {
        bail!("a figure's name is LESSON-KIND, as in 'bound_method-ratio'; not '{name}'");
    };
    let lesson = shelf.lesson(stem)?;
    if let Some(spec) = kind.strip_prefix("curve-").and_then(|name| curves::find(stem, name)) {
        return Ok((lesson, Drawing(Source::Curves(spec))));
    }
    let found = KINDS.iter().find(|(known, _)| *known == kind);
    let (_, draw) = found.ok_or_else(|| {
        let of_lesson = curves::names(stem);
        unknown(
            "kind of figure",
            kind,
            KINDS.iter().map(|(known, _)| *known).chain(of_lesson.iter().map(String::as_str)),
        )
    })?;
    Ok((lesson, Drawing(Source::Kind(*draw))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn the_same_data_give_the_same_bytes() {
        for (kind, draw) in KINDS {
            let first = draw(&samples::lesson_for(kind)).unwrap();
            assert_eq!(first, draw(&samples::lesson_for(kind)).unwrap(), "{kind}");
        }
    }

    /// Set BLESS=1 to accept a drawing that changed on purpose, and look at it before committing.
    #[test]
    fn drawings_are_those_that_were_looked_at() {
        for (kind, draw) in KINDS {
            let drawn = draw(&samples::lesson_for(kind)).unwrap();
            let (path, svg) = (format!("{}/golden/{}.svg", env!("CARGO_MANIFEST_DIR"), drawn.name), drawn.svg);
            if std::env::var_os("BLESS").is_some() {
                std::fs::write(&path, &svg).unwrap();
            }
            let golden = std::fs::read_to_string(&path).unwrap();
            assert!(svg == golden, "{path} differs; look at the drawing, then accept it with BLESS=1");
        }
    }

    #[test]
    fn every_figure_can_stand_twice_in_a_page_and_be_read_aloud() {
        for (kind, draw) in KINDS {
            let figure = draw(&samples::lesson_for(kind)).unwrap();
            let html = figure.html(&Markup::text("from nowhere"));
            assert!(!html.as_str().contains(" id="), "{kind}");
            assert!(html.as_str().lines().all(|line| !line.trim().is_empty()), "{kind}");
            assert!(html.as_str().contains("role=\"img\" aria-label=\""), "{kind}");
            assert!(html.as_str().contains("<title>") && html.as_str().contains("<details>"), "{kind}");
        }
    }

    #[test]
    fn a_figure_is_found_by_its_name_or_the_names_there_are_are_listed() {
        let shelf = samples::shelf();
        assert_eq!(find(&shelf, "bound_method-where").unwrap().0.info.stem, "bound_method");
        let message = |name| find(&shelf, name).unwrap_err().to_string();
        assert!(message("bound_method-pie").starts_with("unknown kind of figure 'pie'; allowed: ratio, where"));
        assert_eq!(message("nothing-ratio"), "unknown lesson 'nothing'; allowed: bound_method, big_queue");
        assert!(message("ratio").contains("LESSON-KIND"));
    }

    #[test]
    fn an_unmeasured_lesson_has_no_figure() {
        for (_, draw) in KINDS {
            assert!(draw(&samples::big_queue()).unwrap_err().to_string().contains("not measured yet"));
        }
    }
}
