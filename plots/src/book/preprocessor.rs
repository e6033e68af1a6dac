//! Our directives as a preprocessor of mdbook: inside our own build, and behind mdbook's protocol for other programs.

use std::io::{Read, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use mdbook_preprocessor::book::{Book, Chapter};
use mdbook_preprocessor::{Preprocessor, PreprocessorContext, parse_input};

use super::expand::Expander;
use super::includes;
use crate::Shelf;

/// The preprocessor that book.toml calls `unpickled`.
///
/// It runs before mdbook's `links`, so that line numbers are those of the chapters' files, and so that a backslash before a
/// directive is still there to be seen.
#[derive(Clone, Debug)]
pub struct Unpickled {
    shelf: Shelf,
}

impl Unpickled {
    /// A preprocessor that expands directives from `shelf`.
    pub fn new(shelf: Shelf) -> Self {
        Self { shelf }
    }
}

impl Preprocessor for Unpickled {
    fn name(&self) -> &str {
        "unpickled"
    }

    /// Expands our directives in every chapter.
    ///
    /// # Errors
    /// Everything that is wrong with any directive or include, each with its file and line.
    fn run(&self, context: &PreprocessorContext, mut book: Book) -> Result<Book> {
        let chapters = book.chapters().filter_map(|chapter| stem(chapter.path.as_deref()?)).collect();
        let expander = Expander { shelf: &self.shelf, chapters };
        let mut faults = Vec::new();
        book.for_each_chapter_mut(|chapter| faults.extend(expand(&expander, context, chapter)));
        match faults.len() {
            0 => Ok(book),
            _ => bail!("{}", faults.join("\n")),
        }
    }

    fn supports_renderer(&self, renderer: &str) -> Result<bool> {
        Ok(supports(renderer))
    }
}

/// Whether what directives expand to is fit for `renderer`: HTML, Markdown, or mdbook's test of code blocks.
///
/// ```
/// assert!(plots::supports("html") && !plots::supports("latex"));
/// ```
pub fn supports(renderer: &str) -> bool {
    matches!(renderer, "html" | "markdown" | "test")
}

/// Answers an mdbook that runs us as a program: the book comes as JSON from `input`, and goes expanded to `output`.
///
/// # Errors
/// If `input` is not what mdbook sends, if a directive is wrong, or if `output` cannot be written to.
pub fn preprocess(shelf: Shelf, input: impl Read, output: impl Write) -> Result<()> {
    let (context, book) = parse_input(input)?;
    let book = Unpickled::new(shelf).run(&context, book)?;
    serde_json::to_writer(output, &book).context("cannot hand the book back to mdbook")
}

/// Expands one chapter and returns what is wrong with it.
fn expand(expander: &Expander<'_>, context: &PreprocessorContext, chapter: &mut Chapter) -> Vec<String> {
    // A draft has neither a file nor words.
    let Some(path) = chapter.source_path.as_ref().or(chapter.path.as_ref()) else { return Vec::new() };
    let source = context.config.book.src.join(path);
    let folder = context.root.join(&source).parent().map(Path::to_path_buf).unwrap_or_default();
    let mut faults = includes::faults(&chapter.content, &folder);
    match expander.chapter(&chapter.content) {
        Ok(expanded) => chapter.content = expanded,
        Err(found) => faults.extend(found),
    }
    faults.sort();
    faults.into_iter().map(|(line, fault)| format!("{}:{line}: {fault}", source.display())).collect()
}

/// The lesson that a chapter belongs to: only those at the top have one, since links in the ledger lead there.
fn stem(path: &Path) -> Option<String> {
    let top = path.parent().is_none_or(|parent| parent.as_os_str().is_empty());
    top.then(|| path.file_stem())?.map(|stem| stem.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use mdbook_preprocessor::book::BookItem;
    use mdbook_preprocessor::config::Config;

    use super::*;
    use crate::samples;

    fn book(content: &str) -> (PreprocessorContext, Book) {
        let context = PreprocessorContext::new("/nowhere".into(), Config::default(), "html".to_owned());
        let chapter = Chapter::new("Title", content.to_owned(), "bound_method.md", Vec::new());
        (context, Book::new_with_items(vec![BookItem::Chapter(chapter)]))
    }

    #[test]
    fn a_slip_is_told_with_file_and_line() {
        let (context, book) = book("# T\n\n{{#figure no-ratio}}\n{{#include no.rs}}\n");
        let message = Unpickled::new(samples::shelf()).run(&context, book).unwrap_err().to_string();
        let lines: Vec<&str> = message.lines().collect();
        assert!(
            lines[0].starts_with("src/bound_method.md:3: {{#figure}}: unknown lesson 'no'; allowed: "),
            "{message}"
        );
        assert!(lines[1].starts_with("src/bound_method.md:4: cannot include 'no.rs'"), "{message}");
    }

    #[test]
    fn another_program_gets_the_same_book() {
        let (context, book) = book("{{#param bound_method workers}}\n");
        let input = serde_json::to_vec(&(context, book)).unwrap();
        let mut output = Vec::new();
        preprocess(samples::shelf(), input.as_slice(), &mut output).unwrap();
        let back: Book = serde_json::from_slice(&output).unwrap();
        assert_eq!(back.chapters().next().unwrap().content, "8\n");
    }
}
