//! From a directive to what stands in its place.

use std::collections::BTreeSet;

use anyhow::{Result, bail, ensure};

use super::directive::{Directive, Place, directives};
use super::{claims, model, pieces, trusted, value};
use crate::markup::escape;
use crate::shelf::unknown;
use crate::{Markup, Shelf, figures, tables};

/// Our directives with their arguments, as the message about a wrong one shows them.
const OURS: [(&str, &str); 12] = [
    ("figure", "NAME"),
    ("table", "LESSON-processes VARIANT"),
    ("verdicts", "LESSON"),
    ("ledger", ""),
    ("model", ""),
    ("provenance", "LESSON"),
    ("parameters", "LESSON"),
    ("variants", "LESSON"),
    ("value", "LESSON VARIANT FIELD"),
    ("param", "LESSON NAME"),
    ("limits", ""),
    ("trust", ""),
];

/// Those that mdbook expands after us.
const OF_MDBOOK: [&str; 4] = ["include", "rustdoc_include", "playground", "title"];

/// What the directives of all chapters are expanded from.
#[derive(Debug)]
pub(super) struct Expander<'a> {
    pub(super) shelf: &'a Shelf,
    /// The lessons that have a chapter.
    pub(super) chapters: BTreeSet<String>,
}

/// What stands in place of a directive.
enum Expansion {
    /// A piece of the page.
    Block(Markup),
    /// A number in prose; none if it was not measured.
    Inline { value: Option<String>, stale: Option<String> },
}

impl Expander<'_> {
    /// The chapter with our directives expanded.
    ///
    /// # Errors
    /// Everything that is wrong with its directives, each with the number of its line.
    pub(super) fn chapter(&self, chapter: &str) -> Result<String, Vec<(usize, String)>> {
        let mut expanded = String::with_capacity(chapter.len());
        let mut faults = Vec::new();
        let mut done = 0;
        for directive in directives(chapter) {
            if OF_MDBOOK.contains(&directive.name) {
                continue;
            }
            expanded.push_str(&chapter[done..directive.range.start]);
            done = directive.range.end;
            match self.directive(&directive).and_then(|expansion| expansion.place(directive.place)) {
                Ok(text) => expanded.push_str(&text),
                Err(fault) => faults.push((directive.line, format!("{{{{#{}}}}}: {fault:#}", directive.name))),
            }
        }
        expanded.push_str(&chapter[done..]);
        if faults.is_empty() { Ok(expanded) } else { Err(faults) }
    }

    fn directive(&self, directive: &Directive<'_>) -> Result<Expansion> {
        let shelf = self.shelf;
        let block = |markup| Ok(Expansion::Block(markup));
        match (directive.name, directive.arguments.as_slice()) {
            ("figure", [name]) => block(figure(shelf, name)?),
            ("table", [name, variant]) => block(table(shelf, name, variant)?),
            ("verdicts", [lesson]) => block(claims::verdicts(shelf, shelf.lesson(lesson)?)),
            ("ledger", []) => block(claims::ledger(shelf, |lesson| self.chapters.contains(lesson))),
            ("limits", []) => block(trusted::limits(shelf)),
            ("trust", []) => block(trusted::trust(shelf)?),
            ("model", []) => block(model::model(shelf.model.as_ref())),
            ("provenance", [lesson]) => block(pieces::provenance(shelf.lesson(lesson)?)),
            ("parameters", [lesson]) => block(pieces::parameters(shelf.lesson(lesson)?)),
            ("variants", [lesson]) => block(pieces::variants(shelf.lesson(lesson)?)),
            ("value", [lesson, variant, field]) => inline(shelf, lesson, value::value(shelf, lesson, variant, field)?),
            ("param", [lesson, name]) => inline(shelf, lesson, value::param(shelf, lesson, name)?),
            ("", _) => bail!("a directive ends on the line it begins on"),
            (name, arguments) => Err(misused(name, arguments.len())),
        }
    }
}

impl Expansion {
    fn place(self, place: Place) -> Result<String> {
        match self {
            Self::Block(_) if place != Place::Alone => {
                bail!("it has to stand alone on a line that is not indented; a backslash before it makes it text")
            }
            // Blank lines before and after, so that Markdown neither joins the block to a paragraph nor reads on inside it.
            Self::Block(markup) => Ok(format!("\n{}\n", markup.as_str())),
            Self::Inline { value: Some(value), stale: Some(why) } if place != Place::Code => {
                Ok(format!("<span class=\"stale\" title=\"stale: {}\">{}</span>", escape(&why), escape(&value)))
            }
            Self::Inline { value: Some(value), .. } if place == Place::Code => Ok(value),
            Self::Inline { value: Some(value), .. } => Ok(escape(&value)),
            Self::Inline { value: None, .. } if place == Place::Code => Ok("—".to_owned()),
            Self::Inline { value: None, .. } => {
                Ok("<span class=\"unmeasured\" title=\"not measured yet\">—</span>".to_owned())
            }
        }
    }
}

fn inline(shelf: &Shelf, lesson: &str, value: Option<String>) -> Result<Expansion> {
    let stale = shelf.lesson(lesson)?.summary.as_ref().and_then(|summary| summary.stale.clone());
    Ok(Expansion::Inline { value, stale })
}

fn figure(shelf: &Shelf, name: &str) -> Result<Markup> {
    let (lesson, drawing) = figures::find(shelf, name)?;
    match &lesson.summary {
        Some(summary) => Ok(drawing.draw(lesson)?.html(&pieces::provenance_line(summary))),
        None => Ok(pieces::missing(lesson)),
    }
}

fn table(shelf: &Shelf, name: &str, variant: &str) -> Result<Markup> {
    let (stem, kind) = name.split_once('-').unwrap_or((name, ""));
    ensure!(kind == "processes", unknown("table", name, ["LESSON-processes"].into_iter()));
    let lesson = shelf.lesson(stem)?;
    lesson.check_variant(variant)?;
    match lesson.variant(variant) {
        Some(measured) if !measured.processes().is_empty() => Ok(tables::processes(lesson, variant)?.html()),
        _ => Ok(pieces::missing(lesson)),
    }
}

fn misused(name: &str, arguments: usize) -> anyhow::Error {
    match OURS.iter().find(|(known, _)| *known == name) {
        Some((_, expected)) => {
            let expected = if expected.is_empty() { "no arguments" } else { expected };
            anyhow::anyhow!("expected {expected}, got {arguments} arguments")
        }
        None => unknown("directive", name, OURS.iter().map(|(known, _)| *known).chain(OF_MDBOOK)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    fn expand_from(shelf: &Shelf, chapter: &str) -> Result<String, Vec<(usize, String)>> {
        Expander { shelf, chapters: BTreeSet::from(["bound_method".to_owned()]) }.chapter(chapter)
    }

    fn expand(chapter: &str) -> Result<String, Vec<(usize, String)>> {
        expand_from(&samples::shelf(), chapter)
    }

    #[track_caller]
    fn holds(chapter: &str, part: &str) {
        let expanded = expand(chapter).unwrap();
        assert!(expanded.contains(part) && !expanded.contains("{{#"), "{expanded}");
    }

    #[track_caller]
    fn refused(chapter: &str, line: usize, part: &str) {
        let faults = expand(chapter).unwrap_err();
        assert!(faults.len() == 1 && faults[0].0 == line && faults[0].1.contains(part), "{faults:?}");
    }

    #[test]
    fn each_directive_is_expanded() {
        holds("{{#figure bound_method-ratio}}\n", "<figure class=\"figure\">");
        holds("{{#figure bound_method-where}}\n", "process-seconds");
        holds("{{#table bound_method-processes pool_bound_method}}\n", "worker 8");
        holds("{{#verdicts bound_method}}\n", "direction only, stronger");
        holds("{{#ledger}}\n", "not built yet");
        holds("{{#provenance bound_method}}\n", "committed reference");
        holds("{{#limits}}\n", "11 GB/s");
        holds("{{#trust}}\n", "35 of 36 intervals hold the true ratio");
        holds("{{#parameters bound_method}}\n", "1,000,000");
        holds("{{#variants bound_method}}\n", "baseline and oracle");
        holds("It takes {{#value bound_method pool_bound_method ratio}} as long.\n", "It takes 35x as long.\n");
        holds("With {{#param bound_method workers}} workers.\n", "With 8 workers.\n");
    }

    #[test]
    fn what_is_not_measured_says_so() {
        holds("{{#figure big_queue-ratio}}\n", "<p class=\"unmeasured\">not measured yet");
        holds("{{#table big_queue-processes serial}}\n", "not measured yet");
        holds("{{#model}}\n", "not measured yet");
        holds("{{#value big_queue serial time}}\n", "<span class=\"unmeasured\" title=\"not measured yet\">—</span>");
        holds("`{{#value big_queue serial time}}`\n", "`—`");
    }

    #[test]
    fn a_stale_number_is_marked_except_inside_code() {
        let mut shelf = samples::shelf();
        shelf.lessons[0].summary.as_mut().unwrap().stale = Some("the \"code\" changed".to_owned());
        let expanded =
            expand_from(&shelf, "{{#param bound_method workers}} `{{#param bound_method workers}}`").unwrap();
        assert_eq!(expanded, "<span class=\"stale\" title=\"stale: the &quot;code&quot; changed\">8</span> `8`");
    }

    #[test]
    fn blocks_are_parted_from_the_text_around_them() {
        let expanded = expand("before\n{{#provenance bound_method}}\nafter\n").unwrap();
        assert!(
            expanded.starts_with("before\n\n<div class=\"provenance\">") && expanded.ends_with("</div>\n\nafter\n")
        );
    }

    #[test]
    fn what_is_not_ours_is_left_alone() {
        let chapter = "{{#include a.rs:b}}\n\\{{#figure x}}\n{{#title T}}\n```text\n\\{{#ledger}}\n```\n";
        assert_eq!(expand(chapter).unwrap(), chapter);
    }

    #[test]
    fn every_slip_is_refused_with_its_line() {
        refused("a\n\n{{#figures x}}\n", 3, "unknown directive 'figures'; allowed: figure, table, ");
        refused("{{#figure bound_method-pie}}\n", 1, "unknown kind of figure 'pie'");
        refused("{{#figure a b}}\n", 1, "expected NAME, got 2 arguments");
        refused("{{#ledger all}}\n", 1, "expected no arguments");
        refused(
            "{{#table bound_method-sizes serial}}\n",
            1,
            "unknown table 'bound_method-sizes'; allowed: LESSON-processes",
        );
        refused("{{#verdicts nothing}}\n", 1, "unknown lesson 'nothing'; allowed: bound_method, big_queue");
        refused("x\n{{#value bound_method pool ratio}}\n", 2, "unknown variant of 'bound_method' 'pool'");
        refused("x {{#value bound_method serial speed}}\n", 1, "unknown field 'speed'");
        refused("{{#param bound_method speed}}\n", 1, "unknown parameter");
        refused("see {{#ledger}}\n", 1, "stand alone");
        refused("```\n{{#ledger}}\n```\n", 2, "stand alone");
        refused("{{#value bound_method\nserial ratio}}\n", 1, "ends on the line");
    }

    #[test]
    fn all_slips_of_a_chapter_are_told_at_once() {
        let faults = expand("{{#figure a}}\n{{#verdicts b}}\n").unwrap_err();
        assert_eq!(faults.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1, 2]);
    }
}
