//! One source, three views: the solution with marked regions, the skeleton made from it, and wrong solutions put into its regions.
//!
//! ```text
//! // BEGIN SOLUTION            what is between is the reader's to write
//! //| // TODO: do this         a line of the skeleton
//! the_solution();
//! // END SOLUTION
//! ```

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::manifest::Expected;

const BEGIN: &str = "// BEGIN SOLUTION";
const END: &str = "// END SOLUTION";
const SKELETON: &str = "//|";

/// The marked source of an exercise.
#[derive(Clone, Debug)]
pub struct Source {
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    Given(String),
    Region { skeleton: String, solution: String },
}

/// A solution that must fail, and how.
#[derive(Clone, Debug)]
pub struct Wrong {
    /// Its name, that of its file.
    pub name: String,
    /// What is wrong with it, in a line.
    pub what: String,
    /// How it fails.
    pub expected: Expected,
    /// The whole file.
    pub text: String,
}

impl Source {
    /// Takes a marked source apart.
    ///
    /// # Errors
    /// If a mark has no counterpart, or nothing is marked.
    pub fn parse(text: &str) -> Result<Self> {
        let mut parts = vec![Part::Given(String::new())];
        for (number, line) in (1..).zip(text.lines()) {
            let trimmed = line.trim_start();
            let indent = &line[..line.len() - trimmed.len()];
            match (parts.last_mut().context("there is always a part")?, trimmed) {
                (Part::Given(_), BEGIN) => {
                    parts.push(Part::Region { skeleton: String::new(), solution: String::new() });
                }
                (Part::Region { .. }, END) => parts.push(Part::Given(String::new())),
                (_, BEGIN | END) => bail!("line {number}: '{trimmed}' where it makes no sense"),
                (Part::Given(given), _) => push(given, "", line),
                (Part::Region { skeleton, solution }, _) => match trimmed.strip_prefix(SKELETON) {
                    Some(rest) => push(skeleton, indent, rest.strip_prefix(' ').unwrap_or(rest)),
                    None => push(solution, "", line),
                },
            }
        }
        ensure!(parts.len() > 1, "nothing is marked with '{BEGIN}'");
        ensure!(matches!(parts.last(), Some(Part::Given(_))), "the last '{BEGIN}' has no '{END}'");
        Ok(Self { parts })
    }

    /// Reads and takes apart the `solution.rs` of an exercise.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), with the name of the file.
    pub fn read(folder: &Path) -> Result<Self> {
        let file = folder.join("solution.rs");
        let text = std::fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        Self::parse(&text).with_context(|| format!("in {}", file.display()))
    }

    /// What the reader begins with.
    pub fn skeleton(&self) -> String {
        self.parts
            .iter()
            .map(|part| match part {
                Part::Given(text) | Part::Region { skeleton: text, .. } => text.as_str(),
            })
            .collect()
    }

    /// What the reader should end with, without the marks.
    pub fn solution(&self) -> String {
        self.parts
            .iter()
            .map(|part| match part {
                Part::Given(text) | Part::Region { solution: text, .. } => text.as_str(),
            })
            .collect()
    }

    /// The file with each region replaced: by a text, or by what the solution or the skeleton has there, if the text is `// SOLUTION` or `// SKELETON`.
    ///
    /// # Errors
    /// If there are not as many replacements as regions.
    pub fn with(&self, regions: &[String]) -> Result<String> {
        let there = self.parts.iter().filter(|part| matches!(part, Part::Region { .. })).count();
        ensure!(there == regions.len(), "there are {} regions for {there}", regions.len());
        let mut regions = regions.iter();
        let texts = self.parts.iter().filter_map(|part| match part {
            Part::Given(text) => Some(text),
            Part::Region { skeleton, solution } => regions.next().map(|region| match region.trim() {
                "// SOLUTION" => solution,
                "// SKELETON" => skeleton,
                _ => region,
            }),
        });
        Ok(texts.map(String::as_str).collect())
    }

    /// The wrong solutions in `folder/wrong`, by name.
    ///
    /// # Errors
    /// If one cannot be read or has no expectation.
    pub fn wrong(&self, folder: &Path) -> Result<Vec<Wrong>> {
        let folder = folder.join("wrong");
        let entries = std::fs::read_dir(&folder).with_context(|| format!("{} cannot be read", folder.display()))?;
        let mut files: Vec<_> = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
        files.sort();
        files.iter().map(|file| self.one_wrong(file).with_context(|| format!("in {}", file.display()))).collect()
    }

    /// `//! what is wrong`, `//! expect: TEST STATUS words of the feedback`, and the regions; between two a line `// NEXT REGION`.
    fn one_wrong(&self, file: &Path) -> Result<Wrong> {
        let text = std::fs::read_to_string(file)?;
        let mut lines = text.lines();
        let what =
            lines.next().and_then(|line| line.strip_prefix("//! ")).context("line 1 is no '//! what is wrong'")?;
        let expected = lines.next().and_then(|line| line.strip_prefix("//! expect: "));
        let mut words = expected.context("line 2 is no '//! expect: TEST STATUS words'")?.splitn(3, ' ');
        let mut word = || words.next().map(str::to_owned).context("line 2 is no '//! expect: TEST STATUS words'");
        let expected = Expected { test: word()?, status: word()?.replace('_', " "), says: word()? };
        let mut regions = vec![String::new()];
        for line in lines.skip_while(|line| line.is_empty()) {
            match regions.last_mut() {
                Some(region) if line.trim() != "// NEXT REGION" => push(region, "", line),
                _ => regions.push(String::new()),
            }
        }
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Wrong { name, what: what.to_owned(), expected, text: self.with(&regions)? })
    }
}

fn push(text: &mut String, indent: &str, line: &str) {
    if !line.is_empty() {
        text.push_str(indent);
        text.push_str(line);
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARKED: &str = "fn a() {\n    // BEGIN SOLUTION\n    //| // TODO\n    //|\n    //|     deeper();\n    right();\n    // END SOLUTION\n}\n";

    #[test]
    fn each_view_has_its_lines_and_no_marks() {
        let source = Source::parse(MARKED).unwrap();
        assert_eq!(source.solution(), "fn a() {\n    right();\n}\n");
        assert_eq!(source.skeleton(), "fn a() {\n    // TODO\n\n        deeper();\n}\n");
        assert_eq!(source.with(&["    wrong();\n".to_owned()]).unwrap(), "fn a() {\n    wrong();\n}\n");
        assert_eq!(source.with(&["// SOLUTION\n".to_owned()]).unwrap(), source.solution());
        assert_eq!(source.with(&["// SKELETON\n".to_owned()]).unwrap(), source.skeleton());
    }

    #[track_caller]
    fn check_refused(text: &str, says: &str) {
        let fault = Source::parse(text).unwrap_err().to_string();
        assert!(fault.contains(says), "{fault}");
    }

    #[test]
    fn marks_that_make_no_sense_are_named_with_their_line() {
        check_refused("// END SOLUTION\n", "line 1");
        check_refused("// BEGIN SOLUTION\n// BEGIN SOLUTION\n", "line 2");
        check_refused("// BEGIN SOLUTION\n", "has no");
        check_refused("fn main() {}\n", "nothing is marked");
    }
}
