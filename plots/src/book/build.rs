//! Builds the book in this process; no mdbook program is needed.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use mdbook_driver::MDBook;

use super::preprocessor::Unpickled;
use super::warnings::heard;
use crate::Shelf;

/// Builds the book whose book.toml is in `root` and returns the path of its first page.
///
/// The pages that are there stay until the new ones are complete: a build that fails changes nothing.
///
/// # Errors
/// If the book cannot be read or written, if a directive or an include is wrong (the message names file and line), or if
/// mdbook so much as warns.
pub fn build_book(root: &Path, shelf: &Shelf) -> Result<PathBuf> {
    let (built, warnings) = heard(|| build(root, shelf));
    let heard = warnings.join("\n- ");
    match built {
        Ok(draft) if warnings.is_empty() => draft.publish(),
        Ok(_) => bail!("mdbook warns:\n- {heard}"),
        Err(fault) if warnings.is_empty() => Err(fault),
        Err(fault) => Err(fault.context(format!("mdbook warns:\n- {heard}"))),
    }
}

fn build(root: &Path, shelf: &Shelf) -> Result<Draft> {
    let mut book = MDBook::load(root).with_context(|| format!("cannot load the book in {}", root.display()))?;
    let draft = Draft::beside(root.join(&book.config.build.build_dir))?;
    book.config.build.build_dir = draft.path.clone();
    // It has the name of the program in book.toml, and so takes that one's place in the order.
    book.with_preprocessor(Unpickled::new(shelf.clone()));
    book.build()?;
    Ok(draft)
}

/// A folder that becomes the book's once it is complete, and is removed otherwise.
struct Draft {
    path: PathBuf,
    target: PathBuf,
}

impl Draft {
    fn beside(target: PathBuf) -> Result<Self> {
        // mdbook joins the root once more, which only an absolute path survives.
        let target = std::path::absolute(&target).with_context(|| format!("no such place: {}", target.display()))?;
        let name = target.file_name().context("the book's build-dir has no name")?.to_string_lossy().into_owned();
        Ok(Self { path: target.with_file_name(format!(".{name}-{}", std::process::id())), target })
    }

    fn publish(self) -> Result<PathBuf> {
        let former = self.path.with_extension("former");
        if self.target.exists() {
            std::fs::rename(&self.target, &former)
                .with_context(|| format!("cannot replace {}", self.target.display()))?;
        }
        let placed = std::fs::rename(&self.path, &self.target);
        if placed.is_err() && former.exists() {
            std::fs::rename(&former, &self.target)
                .with_context(|| format!("the pages are now in {}", former.display()))?;
        }
        placed.with_context(|| format!("cannot put the book to {}", self.target.display()))?;
        if former.exists() {
            std::fs::remove_dir_all(&former).with_context(|| format!("cannot remove {}", former.display()))?;
        }
        Ok(self.target.join("index.html"))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After publishing there is nothing left to remove; and there is nobody to tell if it fails.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::samples;

    /// A book with our own book.toml and theme, and one chapter besides the introduction.
    fn sample(chapter: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let (root, ours) = (folder.path(), Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../book")));
        fs::create_dir_all(root.join("src")).unwrap();
        fs::create_dir_all(root.join("theme")).unwrap();
        for file in ["book.toml", "theme/unpickled.css"] {
            fs::copy(ours.join(file), root.join(file)).unwrap();
        }
        let summary = "# Summary\n\n[Start](start.md)\n\n- [Stuck](bound_method.md)\n";
        let files = [("SUMMARY.md", summary), ("start.md", "# Start\n\n{{#ledger}}\n"), ("bound_method.md", chapter)];
        for (name, text) in files {
            fs::write(root.join("src").join(name), text).unwrap();
        }
        folder
    }

    #[track_caller]
    fn refused(chapter: &str, part: &str) {
        let folder = sample(chapter);
        let message = format!("{:#}", build_book(folder.path(), &samples::shelf()).unwrap_err());
        assert!(message.contains(part), "{message}");
        let left = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
        assert_eq!(left.len(), 3, "a failed build left something behind: {left:?}");
    }

    #[test]
    fn a_book_is_built_with_everything_in_it() {
        let chapter = "# Stuck\n\nIt takes {{#value bound_method pool_bound_method ratio}}.\n\n\
                       {{#figure bound_method-ratio}}\n\n{{#figure bound_method-where}}\n\n{{#verdicts bound_method}}\n\n\
                       {{#include code.rs:part}}\n\n```text\n\\{{#figure name}}\n```\n";
        let folder = sample(chapter);
        fs::write(folder.path().join("src/code.rs"), "// ANCHOR: part\nfn part() {}\n// ANCHOR_END: part\n").unwrap();
        let index = build_book(folder.path(), &samples::shelf()).unwrap();
        assert!(index.is_file() && index.ends_with("html/index.html"));
        let page = fs::read_to_string(folder.path().join("html/bound_method.html")).unwrap();
        for part in [
            "It takes 35x.",
            "<figure class=\"figure\">",
            "role=\"img\"",
            "fn part()",
            "{{#figure name}}",
            "badge stronger",
        ] {
            assert!(page.contains(part), "{part}");
        }
        assert!(fs::read_to_string(&index).unwrap().contains("href=\"bound_method.html\""));
        assert!(
            fs::read_to_string(folder.path().join("html/print.html")).unwrap().contains("<figure class=\"figure\">")
        );
    }

    #[test]
    fn two_builds_give_the_same_page() {
        let folder = sample("{{#figure bound_method-ratio}}\n\n{{#provenance bound_method}}\n");
        let page = || {
            build_book(folder.path(), &samples::shelf()).unwrap();
            fs::read(folder.path().join("html/bound_method.html")).unwrap()
        };
        assert!(page() == page());
    }

    #[test]
    fn a_failed_build_keeps_the_pages_there_are() {
        let folder = sample("# Stuck\n");
        let index = build_book(folder.path(), &samples::shelf()).unwrap();
        fs::write(folder.path().join("src/bound_method.md"), "{{#figure no}}\n").unwrap();
        build_book(folder.path(), &samples::shelf()).unwrap_err();
        assert!(index.is_file());
        fs::write(folder.path().join("src/bound_method.md"), "# Unstuck\n").unwrap();
        build_book(folder.path(), &samples::shelf()).unwrap();
        assert!(fs::read_to_string(folder.path().join("html/bound_method.html")).unwrap().contains("Unstuck"));
    }

    #[test]
    fn a_wrong_directive_fails_the_build() {
        refused(
            "# T\n\n{{#figure bound_method-pie}}\n",
            "src/bound_method.md:3: {{#figure}}: unknown kind of figure 'pie'",
        );
    }

    #[test]
    fn a_missing_file_or_anchor_fails_the_build() {
        refused("{{#include nowhere.rs}}\n", "src/bound_method.md:1: cannot include 'nowhere.rs'");
        refused("{{#include start.md:nowhere}}\n", "src/bound_method.md:1: unknown anchor of 'start.md' 'nowhere'");
    }

    #[test]
    fn a_warning_fails_the_build() {
        refused("# T\n\n<div>\n\nnever closed\n", "unclosed HTML tag");
    }
}
