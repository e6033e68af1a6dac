//! The one pass from plotters' SVG to one that belongs to the page it stands in.

use anyhow::{Context, Result};

use super::Ink;
use crate::markup::escape;

/// Fits a drawing into a page: the page's colours and font, no fixed size, a name and a description for those who listen.
///
/// The result has no id, since a page may hold it twice, and no blank line, since that would end the block it stands in.
///
/// # Errors
/// If the text is not what plotters writes.
pub(crate) fn finish(svg: &str, title: &str, summary: &str) -> Result<String> {
    let (head, body) = svg.split_once('>').context("a drawing without its first tag")?;
    let (_, view) = head.split_once("viewBox=\"").context("a drawing without its view box")?;
    let (view, _) = view.split_once('"').context("a view box without its end")?;
    // Titles and summaries mark code by backticks; in an attribute they would be read aloud.
    let (title, summary) = (title.replace('`', ""), summary.replace('`', ""));
    let mut finished = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"{view}\" role=\"img\" aria-label=\"{}\">\n<title>{}</title>\n",
        escape(&format!("{title}. {summary}")),
        escape(&title),
    );
    finished.push_str(&page_colours(&one_line_texts(body)));
    Ok(finished)
}

/// Each text on the line of its tag, and no empty lines.
fn one_line_texts(body: &str) -> String {
    let mut lines = String::with_capacity(body.len());
    for line in body.lines().map(str::trim).filter(|line| !line.is_empty()) {
        lines.push_str(line);
        // A text's tag and its content continue on the next line.
        if line.starts_with('<') && !line.starts_with("<text") {
            lines.push('\n');
        }
    }
    lines
}

fn page_colours(body: &str) -> String {
    // plotters writes no brace of its own; one from a record must not begin a directive.
    let body = body.replace('{', "&#123;");
    let mut body = body.replace(" opacity=\"1\"", "").replace(" font-family=\"sans-serif\"", "");
    // A limit crosses what it bounds: its strokes are dashed, and its label keeps clear of what lies under it.
    let [stroke, fill] = ["stroke", "fill"].map(|role| format!("{role}=\"{}\"", Ink::Limit.stand_in_hex()));
    body = body.replace(&stroke, &format!("{stroke} stroke-dasharray=\"5 3\""));
    let clear = "paint-order=\"stroke\" stroke=\"var(--bg, #FFFFFF)\" stroke-width=\"4\" stroke-linejoin=\"round\"";
    body = body.replace(&fill, &format!("{fill} {clear}"));
    for ink in Ink::ALL {
        // The quotes keep a text that happens to hold the same characters as it is: plotters escapes quotes there.
        body = body.replace(&format!("\"{}\"", ink.stand_in_hex()), &format!("\"{}\"", ink.css()));
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::{Anchor, Face, draw};

    fn sample() -> String {
        let svg = draw(100, 50, |canvas| {
            canvas.dot((10, 10), 3, Ink::Blue, 0.5)?;
            canvas.line((0, 0), (9, 9), Ink::Text, 1)?;
            canvas.text((5, 5), Anchor::Start, "a < {b #010203", (13, Face::Code, Ink::Quiet))
        });
        finish(&svg.unwrap(), "A \"title\"", "A summary.").unwrap()
    }

    #[test]
    fn a_figure_has_a_name_and_neither_size_nor_id_nor_blank_line() {
        let svg = sample();
        assert!(svg.starts_with(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 100 50\" role=\"img\" aria-label=\""
        ));
        assert!(
            svg.contains("aria-label=\"A &quot;title&quot;. A summary.\"")
                && svg.contains("<title>A &quot;title&quot;</title>")
        );
        assert!(
            !svg.contains(" id=") && !svg.contains(" width=\"100\"") && svg.lines().all(|line| !line.trim().is_empty())
        );
    }

    #[test]
    fn every_colour_is_the_pages_own() {
        let svg = sample();
        assert!(
            svg.contains("fill=\"var(--fig-1, #0072B2)\"") && svg.contains("stroke=\"var(--fig-fg, currentColor)\"")
        );
        assert!(!svg.contains("\"#0102"), "{svg}");
    }

    #[test]
    fn a_limit_is_dashed_and_its_label_is_not() {
        let svg = draw(100, 50, |canvas| {
            canvas.line((0, 0), (9, 9), Ink::Limit, 2)?;
            canvas.text((5, 5), Anchor::Start, "pipe", (12, Face::Prose, Ink::Limit))
        });
        let svg = finish(&svg.unwrap(), "t", "s").unwrap();
        assert!(svg.contains("stroke=\"var(--fig-limit, #A3003C)\" stroke-dasharray=\"5 3\""), "{svg}");
        assert_eq!(svg.matches("stroke-dasharray").count(), 1, "{svg}");
    }

    #[test]
    fn texts_keep_their_words_on_one_line() {
        assert!(sample().contains(">a &lt; &#123;b #010203</text>\n"), "{}", sample());
    }

    #[test]
    fn what_plotters_did_not_write_is_refused() {
        assert!(finish("", "t", "s").is_err());
        assert!(finish("<svg>", "t", "s").is_err());
    }
}
