//! HTML that is well formed and escaped by construction, and fit to stand in a chapter.

/// A piece of HTML.
///
/// It never holds a blank line, which would end the HTML block that it stands in, so that what follows would be read as
/// Markdown. Nor does it hold an opening brace: a later preprocessor would take `{{#` from a record for a directive.
///
/// ```
/// let word = plots::Markup::element("em", "odd", plots::Markup::text("a < b"));
/// assert_eq!(word.as_str(), r#"<em class="odd">a &lt; b</em>"#);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Markup(String);

impl Markup {
    /// Plain text.
    pub fn text(text: &str) -> Self {
        Self(escape(text))
    }

    /// Text whose parts between backticks are code.
    ///
    /// ```
    /// assert_eq!(plots::Markup::prose("call `map`").as_str(), "call <code>map</code>");
    /// ```
    pub fn prose(text: &str) -> Self {
        let mut markup = Self::default();
        let parts: Vec<&str> = text.split('`').collect();
        // An even number of parts means a backtick without its partner, which then is just a character.
        if parts.len().is_multiple_of(2) {
            return Self::text(text);
        }
        for (place, part) in parts.into_iter().enumerate() {
            let part = Self::text(part);
            markup = markup.then(if place % 2 == 1 { Self::element("code", "", part) } else { part });
        }
        markup
    }

    /// Text set as code.
    pub fn code(text: &str) -> Self {
        Self::element("code", "", Self::text(text))
    }

    /// An element around `content`; an empty `class` leaves the attribute out.
    pub fn element(name: &str, class: &str, content: Self) -> Self {
        let class = if class.is_empty() { String::new() } else { format!(" class=\"{}\"", escape(class)) };
        Self(format!("<{name}{class}>{}</{name}>", content.0))
    }

    /// This, then `next`.
    #[must_use]
    pub fn then(mut self, next: Self) -> Self {
        self.0.push_str(&next.0);
        self
    }

    /// A fold with a summary line.
    pub(crate) fn fold(summary: &str, content: Self) -> Self {
        Self::element("details", "", Self::element("summary", "", Self::text(summary)).then(content))
    }

    /// HTML that was put together with [`escape`].
    pub(crate) fn trusted(html: String) -> Self {
        Self(html)
    }

    /// The HTML.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The text with everything replaced that means something in HTML, in an attribute, or to a preprocessor.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '{' => escaped.push_str("&#123;"),
            '\n' | '\r' => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_leave_its_element_nor_become_a_directive() {
        let hostile = "<b a='1' c=\"2\">&{{#include /etc/hostname}}\n\n# no";
        let html = Markup::text(hostile);
        for forbidden in ["<", "'", "\"", "{{", "\n"] {
            assert!(!html.as_str().contains(forbidden), "{forbidden:?} in {}", html.as_str());
        }
    }

    #[test]
    fn a_lone_backtick_is_a_character() {
        assert_eq!(Markup::prose("5` long").as_str(), "5` long");
        assert_eq!(Markup::prose("`a<b` or `c`").as_str(), "<code>a&lt;b</code> or <code>c</code>");
    }
}
