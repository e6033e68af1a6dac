//! Where the directives of a chapter are: `{{#NAME ARGUMENT...}}` on one line, as mdbook writes its own.

use std::ops::Range;

/// A directive in a chapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Directive<'a> {
    /// The bytes of the chapter it takes, braces included.
    pub(super) range: Range<usize>,
    /// The line it stands on, from 1.
    pub(super) line: usize,
    /// Its first word.
    pub(super) name: &'a str,
    /// The words after it.
    pub(super) arguments: Vec<&'a str>,
    /// What is around it.
    pub(super) place: Place,
}

/// What is around a directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Nothing: it is a line, not indented.
    Alone,
    /// Other text.
    Text,
    /// Code, in a fence or between backticks: HTML would be shown as it is.
    Code,
}

/// The directives of `chapter` in order. One after a backslash is text, and mdbook takes the backslash away.
///
/// An opening that is not closed on its line is returned as a directive without a name.
pub(super) fn directives(chapter: &str) -> Vec<Directive<'_>> {
    let mut found = Vec::new();
    let mut fence = Fence::default();
    let mut start = 0;
    for (number, line) in chapter.split_inclusive('\n').enumerate() {
        let in_fence = fence.holds(line);
        scan(line, start, number + 1, in_fence, &mut found);
        start += line.len();
    }
    found
}

fn scan<'a>(line: &'a str, start: usize, number: usize, in_fence: bool, found: &mut Vec<Directive<'a>>) {
    let mut from = 0;
    while let Some(open) = line[from..].find("{{").map(|place| from + place) {
        let inside = &line[open + 2..];
        let close = inside.find("}}");
        let words = close.map_or("", |close| &inside[..close]);
        let end = close.map_or(line.trim_end().len(), |close| open + 2 + close + 2);
        from = open + 2;
        if !inside.trim_start().starts_with('#') {
            continue;
        }
        from = end;
        if line[..open].ends_with('\\') {
            continue;
        }
        let mut words = words.trim_start().trim_start_matches('#').split_whitespace();
        let place = place(line, open..end, in_fence);
        let name = words.next().unwrap_or("");
        found.push(Directive {
            range: start + open..start + end,
            line: number,
            name,
            arguments: words.collect(),
            place,
        });
    }
}

fn place(line: &str, range: Range<usize>, in_fence: bool) -> Place {
    let (before, after) = (&line[..range.start], &line[range.end..]);
    if in_fence || before.matches('`').count() % 2 == 1 {
        Place::Code
    } else if before.is_empty() && after.trim().is_empty() {
        Place::Alone
    } else {
        Place::Text
    }
}

/// Whether we are between two fences, and which one closes the first.
#[derive(Default)]
struct Fence {
    open: Option<(char, usize)>,
}

impl Fence {
    /// Takes the next line; true for a fence and for everything inside.
    fn holds(&mut self, line: &str) -> bool {
        let text = line.trim();
        let mark = text.chars().next().filter(|mark| matches!(mark, '`' | '~'));
        let length = mark.map_or(0, |mark| text.chars().take_while(|character| *character == mark).count());
        match (self.open, mark) {
            (None, Some(mark)) if length >= 3 && !text[length..].contains('`') => {
                self.open = Some((mark, length));
                true
            }
            (Some((open, least)), Some(mark)) if mark == open && length >= least && text.len() == length => {
                self.open = None;
                true
            }
            (open, _) => open.is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(chapter: &str) -> Vec<(usize, &str, Place)> {
        directives(chapter).into_iter().map(|found| (found.line, found.name, found.place)).collect()
    }

    #[test]
    fn a_directive_knows_its_line_its_words_and_its_bytes() {
        let chapter = "# T\n\nIt takes {{#value a b ratio}} as {{# param a n }}.\n\n{{#figure a-ratio}}\n";
        let found = directives(chapter);
        assert_eq!(found.iter().map(|one| one.name).collect::<Vec<_>>(), ["value", "param", "figure"]);
        assert_eq!(found[0].arguments, ["a", "b", "ratio"]);
        assert_eq!((found[0].line, found[0].place), (3, Place::Text));
        assert_eq!((found[2].line, found[2].place), (5, Place::Alone));
        assert_eq!(&chapter[found[1].range.clone()], "{{# param a n }}");
        assert_eq!(&chapter[found[2].range.clone()], "{{#figure a-ratio}}");
    }

    #[test]
    fn a_backslash_makes_it_text() {
        assert_eq!(names("\\{{#figure x}} and {{#param a b}}\n"), [(1, "param", Place::Text)]);
    }

    #[test]
    fn braces_without_a_hash_are_text() {
        assert_eq!(names("{{x}} {{ {{#value a - run}}\n"), [(1, "value", Place::Text)]);
    }

    #[test]
    fn code_is_told_from_text() {
        let chapter =
            "```text\n{{#figure x}}\n```\n{{#figure y}}\nsee `{{#param a b}}`\n~~~~\n```\n{{#ledger}}\n~~~~\n";
        assert_eq!(
            names(chapter),
            [
                (2, "figure", Place::Code),
                (4, "figure", Place::Alone),
                (5, "param", Place::Code),
                (8, "ledger", Place::Code)
            ]
        );
    }

    #[test]
    fn an_unclosed_directive_has_no_name() {
        assert_eq!(names("{{#value a\nb ratio}}\n"), [(1, "", Place::Alone)]);
    }
}
